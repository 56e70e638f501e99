"""A trained model in a class of transformers: the architecture's own where that can hold it.

crosscal's head is one linear layer. The classes of transformers often have another layer before
theirs, with an activation. It can be made to pass vectors on: by a linear activation where the
configuration offers one, by scaling into the range in which tanh is straight (2^-13, exact to
float32 for vectors of layer norms), or by shifting to where ReLU and GELU are. Which of these a
class needs is not looked up but tried: each is compared with the trained model on a padded batch,
and an architecture whose class fits under none is exported as `pooled_encoder` says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from crosscal.encoders.packing import Pooling
from crosscal.exceptions import StageFailed
from crosscal.export import pooled_encoder
from crosscal.export.probe import Probe
from crosscal.pretrained import load_weights_of

CLASSES = {
    "classification": "SequenceClassification",
    "multiple choice": "MultipleChoice",
    "span": "QuestionAnswering",
    "tagging": "TokenClassification",
}
"""Families that can be exported, and how transformers names their classes."""

TOLERANCE = 1e-5
"""Largest difference of a score from the trained model's, relative to the largest score."""

# Scale and shift of the layer before the head, most exact first.
_WAYS = ((1.0, 0.0), (2.0**-13, 0.0), (1.0, 32.0))
# What configurations may say of the layer before the head, and the values under which it is none.
_LINEAR = {
    "pooler_hidden_act": "linear",
    "classifier_activation": "linear",
    "summary_use_proj": False,
    "summary_activation": "",
}
_POOLING = {"mean": ("mean",), "first": ("cls", "bos")}


@dataclass(frozen=True)
class ExportedModel:
    """A model of transformers, and how far its scores are from the trained model's."""

    model: PreTrainedModel
    own_class: bool  # whether transformers knows the class, or the folder brings it
    difference: float
    probe: Probe  # what was compared


def in_own_class(
    encoder: PreTrainedModel,
    weight: Tensor,
    bias: Tensor,
    *,
    family: str,
    pooling: Pooling,
    labels: dict[int, str],
    probe: Probe,
) -> ExportedModel:
    """Put encoder and head (weight of shape (outputs, width), bias) into a class of transformers.

    Raises
    ------
    StageFailed
        If no class gives the probe the expected scores.
    """
    for config in _configs(encoder.config, pooling, labels):
        model = _assembled(config, encoder, family)
        for way in _WAYS if model is not None else ():
            if _put_head(model, encoder, weight, bias, way):
                found = _checked(model, True, family, probe)
                if found.difference <= TOLERANCE:
                    return found
    model = _pooled(encoder, pooling, labels, family)
    model.classifier.weight.data.copy_(weight)
    model.classifier.bias.data.copy_(bias)
    found = _checked(model, False, family, probe)
    return _demand_equal(found)


def read_again(exported: ExportedModel, family: str, folder: Path) -> ExportedModel:
    """Load what was saved into a folder, and compare its scores; StageFailed if they differ."""
    model = load_weights_of(type(exported.model), folder, what="exported model")
    return _demand_equal(_checked(model, exported.own_class, family, exported.probe))


def _demand_equal(found: ExportedModel) -> ExportedModel:
    if found.difference > TOLERANCE:
        raise StageFailed(
            f"the exported model's scores differ by {found.difference:.1e} of the largest",
            where="export",
            remedy="Report it, with the encoder's config.json: nothing was written",
        )
    return found


def _checked(model: Any, own: bool, family: str, probe: Probe) -> ExportedModel:
    try:
        scores = probe.scores(model.eval(), family)
    except Exception:  # a class under settings that are not its own fails in its own way
        return ExportedModel(model, own, math.inf, probe)
    scale = max(1.0, float(probe.expected.abs().max()))
    difference = float((scores - probe.expected).abs().max()) / scale
    return ExportedModel(model, own, difference, probe)


def _configs(
    config: PretrainedConfig, pooling: Pooling, labels: dict[int, str]
) -> Iterator[PretrainedConfig]:
    """Yield the configurations under which a class may score as the trained model does."""
    choices: dict[str, tuple[Any, ...]] = {
        name: (value,) for name, value in _LINEAR.items() if hasattr(config, name)
    }
    if hasattr(config, "classifier_pooling"):
        choices["classifier_pooling"] = _POOLING.get(pooling, ())
    for values in product(*choices.values()):
        changed = deepcopy(config)
        try:
            for name, value in zip(choices, values, strict=True):
                setattr(changed, name, value)
        except StrictDataclassError:  # a value that another class has
            continue
        _set_labels(changed, labels)
        yield changed


def _set_labels(config: PretrainedConfig, labels: dict[int, str]) -> None:
    config.id2label = labels
    config.label2id = {label: index for index, label in labels.items()}


def _assembled(
    config: PretrainedConfig, encoder: PreTrainedModel, family: str
) -> PreTrainedModel | None:
    """Build the architecture's own class around a copy of the encoder; None if it has none."""
    config._attn_implementation = None  # the library's default, not that of packed batches
    try:
        model = getattr(transformers, f"AutoModelFor{CLASSES[family]}").from_config(config)
        base = getattr(model, model.base_model_prefix)
        unknown = base.load_state_dict(encoder.state_dict(), strict=False).unexpected_keys
    except (ValueError, AttributeError, RuntimeError):
        return None
    return None if unknown else model


def _put_head(
    model: Any, encoder: PreTrainedModel, weight: Tensor, bias: Tensor, way: tuple[float, float]
) -> bool:
    """Put the head into a class, so that vectors may reach it in this way; False if they cannot."""
    base = getattr(model, model.base_model_prefix)
    known = {id(base.get_parameter(name)) for name, _ in encoder.named_parameters()}
    new = [m for m in model.modules() if isinstance(m, nn.Linear) and id(m.weight) not in known]
    heads = [m for m in new if m.weight.shape == weight.shape and m.bias is not None]
    width = weight.shape[1]
    inner = [m for m in new if m.weight.shape == (width, width) and m not in heads[-1:]]
    scale, shift = way
    if not heads or (not inner and way != _WAYS[0]):
        return False
    with torch.no_grad():
        for layer in inner:
            layer.weight.copy_(torch.eye(width) * scale)
            if layer.bias is not None:
                layer.bias.fill_(shift)
        heads[-1].weight.copy_(weight / scale)
        # In float64: the sum would lose what the shift is large against.
        heads[-1].bias.copy_(bias - shift * weight.double().sum(1))
    return True


def _pooled(encoder: PreTrainedModel, pooling: Pooling, labels: dict[int, str], family: str) -> Any:
    """Build the class of `pooled_encoder` around a copy of the encoder, its head still random."""
    config = pooled_encoder.PooledEncoderConfig(
        pretrained=encoder.config.to_dict(),
        pretrained_class=f"{type(encoder).__module__}.{type(encoder).__name__}",
        pooling=pooling,
        pad_token_id=encoder.config.pad_token_id,
    )
    _set_labels(config, labels)
    name = f"PooledEncoderFor{CLASSES[family]}"
    config.auto_map = {
        "AutoConfig": "pooled_encoder.PooledEncoderConfig",
        f"AutoModelFor{CLASSES[family]}": f"pooled_encoder.{name}",
    }
    model = getattr(pooled_encoder, name)(config)
    model.pretrained.load_state_dict(encoder.state_dict())
    return model
