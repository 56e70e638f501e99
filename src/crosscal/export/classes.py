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
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from crosscal.encoders.packing import Pooling
from crosscal.exceptions import StageFailed
from crosscal.export import pooled_encoder
from crosscal.export.probe import Probe

CLASSES = {
    "classification": "SequenceClassification",
    "multiple choice": "MultipleChoice",
    "span": "QuestionAnswering",
    "tagging": "TokenClassification",
}
"""Families that can be exported, and how transformers names their classes."""

TOLERANCE = 1e-5
"""Largest difference of a score from the trained model's, relative to the largest score."""

_SCALE = 2.0**-13
_SHIFT = 32.0
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
    best: ExportedModel | None = None
    for config in _configs(encoder.config, pooling, labels):
        model = _assembled(config, encoder, family)
        for outer in _with_head(model, encoder, weight, bias):
            best = _better(best, _checked(outer, True, family, probe))
    if best is None or best.difference > TOLERANCE:
        model = _pooled(encoder, pooling, labels, family)
        model.classifier.weight.data.copy_(weight)
        model.classifier.bias.data.copy_(bias)
        best = _checked(model, False, family, probe)
    if best.difference > TOLERANCE:
        raise StageFailed(
            f"the exported model's scores differ by {best.difference:.1e} of the largest",
            where="export",
            remedy="Report it, with the encoder's config.json: nothing was written",
        )
    return best


def _checked(model: Any, own: bool, family: str, probe: Probe) -> ExportedModel:
    try:
        scores = probe.scores(model.eval(), family)
    except Exception:  # a class under settings that are not its own fails in its own way
        return ExportedModel(model, own, math.inf, probe)
    scale = max(1.0, float(probe.expected.abs().max()))
    difference = float((scores - probe.expected).abs().max()) / scale
    return ExportedModel(model, own, difference, probe)


def _better(best: ExportedModel | None, new: ExportedModel) -> ExportedModel:
    if best is not None and not new.difference < best.difference:
        return best
    # The next way is tried on the same module.
    return replace(new, model=deepcopy(new.model))


def _configs(
    config: PretrainedConfig, pooling: Pooling, labels: dict[int, str]
) -> Iterator[PretrainedConfig]:
    """Yield the configurations under which a class may score as the trained model does."""
    choices: dict[str, tuple[Any, ...]] = {
        name: (value,) for name, value in _LINEAR.items() if hasattr(config, name)
    }
    if hasattr(config, "classifier_pooling"):
        choices["classifier_pooling"] = _POOLING[pooling]
    for values in product(*choices.values()):
        changed = deepcopy(config)
        for name, value in zip(choices, values, strict=True):
            setattr(changed, name, value)
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


def _with_head(
    model: PreTrainedModel | None, encoder: PreTrainedModel, weight: Tensor, bias: Tensor
) -> Iterator[PreTrainedModel]:
    """Yield the model with the head in it, in every way that may let vectors through."""
    if model is None:
        return
    base = getattr(model, model.base_model_prefix)
    known = {id(base.get_parameter(name)) for name, _ in encoder.named_parameters()}
    new = [m for m in model.modules() if isinstance(m, nn.Linear) and id(m.weight) not in known]
    square = weight.shape[1:] * 2
    last = [m for m in new if m.weight.shape == weight.shape]
    inner = [m for m in new if m.weight.shape == square and m not in last[-1:]]
    if not last or last[-1].bias is None:
        return
    head = last[-1]
    ways = [(1.0, 0.0)] if not inner else [(1.0, 0.0), (_SCALE, 0.0), (1.0, _SHIFT)]
    for scale, shift in ways:
        with torch.no_grad():
            for layer in inner:
                layer.weight.copy_(torch.eye(*square) * scale)
                if layer.bias is not None:
                    layer.bias.fill_(shift)
            head.weight.copy_(weight / scale)
            # In float64: the sum would lose what the shift is large against.
            head.bias.copy_(bias - shift * weight.double().sum(1))
        yield model


def _pooled(encoder: PreTrainedModel, pooling: Pooling, labels: dict[int, str], family: str) -> Any:
    """Build the class of `pooled_encoder` around a copy of the encoder, its head still random."""
    config = pooled_encoder.PooledEncoderConfig(
        pretrained=encoder.config.to_dict(),
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
