"""What an encoder is made of: its class, layers, positions, known before its weights are loaded."""

from __future__ import annotations

import inspect
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_TEXT_ENCODING_MAPPING,
    MODEL_MAPPING,
    PreTrainedConfig,
    PreTrainedModel,
)

from crosscal.encoders.architectures import encoder_config, text_config
from crosscal.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What a study must know of an encoder."""

    kind: str
    positions: int | None  # tokens that it has a table of positions for; None: as many as wanted
    causal: bool  # whether a token sees only those before it
    layers: int
    can_cut_layers: bool
    can_checkpoint: bool  # whether layers can be computed again on the way back
    can_trim: bool  # whether nothing but the embedding table is indexed by token ids
    vocabulary: int  # rows of that table


def encoder_class(config: PreTrainedConfig) -> type[PreTrainedModel]:
    """Return the class of a kind's encoder; of encoder-decoders that of the encoder, if it has one.

    Raises
    ------
    SettingsError
        If the kind cannot be used: it reads no text, has no mask of attention, or needs to be
        told more than the text.
    """
    found = MODEL_MAPPING.get(type(config), None)
    model_class: Any = found[0] if isinstance(found, tuple) else found
    if model_class is None:
        raise _unusable(config, "transformers has no model for it that stands alone")
    takes = parameters_of(model_class.forward)
    if "decoder_input_ids" in takes:  # an encoder saved by itself says that it is of no decoder
        model_class = MODEL_FOR_TEXT_ENCODING_MAPPING.get(type(config), model_class)
        takes = parameters_of(model_class.forward)
    if "input_ids" not in takes:
        raise _unusable(config, "it does not read text")
    if "attention_mask" not in takes:
        raise _unusable(config, "it has no mask of attention: what pads a text would change it")
    if "lang_ids" in takes:
        raise _unusable(config, "it must be told the language of every text")
    return model_class  # type: ignore[no-any-return]


def _unusable(config: PreTrainedConfig, reason: str) -> SettingsError:
    return SettingsError(
        f"the encoder is of kind {config.model_type!r}, which crosscal cannot train: {reason}",
        where="encoder.name",
        remedy="Choose another encoder",
    )


def parameters_of(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names that a function of transformers takes."""
    return frozenset(inspect.signature(function).parameters)


def text_model(model: PreTrainedModel) -> PreTrainedModel:
    """Return the part of a loaded model that encodes text: all of it, as a rule."""
    part: Any = model  # transformers' own methods have no types
    if "decoder_input_ids" in parameters_of(model.forward):
        part = part.get_encoder()
    elif model.config.get_text_config() is not model.config:
        part = part.get_decoder()  # of one that reads pictures too, what reads text
    return part  # type: ignore[no-any-return]


def inspect_encoder(folder: Path) -> Structure:
    """Build an encoder without weights, and look at it."""
    return _inspect(folder, (folder / "config.json").stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _inspect(folder: Path, written: int) -> Structure:
    config = deepcopy(encoder_config(folder))
    model_class: Any = encoder_class(config)
    try:
        with torch.device("meta"):
            model = text_model(model_class._from_config(config, attn_implementation="eager"))
            table: Any = model.get_input_embeddings()
    except NotImplementedError:
        table = None
    except Exception as error:  # what a constructor raises at sizes that do not agree
        raise _unusable(
            config, (str(error).strip() or type(error).__name__).splitlines()[0]
        ) from error
    if not isinstance(table, nn.Embedding):
        raise _unusable(config, "it has no table of token embeddings")
    others = [each for each in _tables(model) if each.weight is not table.weight]
    return Structure(
        kind=config.model_type,
        positions=min(_positions(model), default=None),
        causal=is_causal(model),
        layers=int(text_config(config).num_hidden_layers),
        can_cut_layers=layer_list(model) is not None,
        can_checkpoint=bool(model.supports_gradient_checkpointing),
        can_trim=all(2 * each.num_embeddings < table.num_embeddings for each in others),
        vocabulary=table.num_embeddings,
    )


def _tables(model: nn.Module) -> Iterator[nn.Embedding]:
    return (each for each in model.modules() if isinstance(each, nn.Embedding))


def _positions(model: nn.Module) -> Iterator[int]:
    """Sizes of the tables of absolute positions, less what is before the first position."""
    for name, module in model.named_modules():
        own = name.rsplit(".", 1)[-1]
        if isinstance(module, nn.Embedding) and ("position" in own or own == "wpe"):
            first = getattr(module, "offset", 0)
            if module.padding_idx is not None:
                first = module.padding_idx + 1
            yield module.num_embeddings - first


def is_causal(model: PreTrainedModel) -> bool:
    """Whether tokens see only those before them."""
    said = {getattr(module, "is_causal", None) for module in model.modules()} - {None}
    if not said:  # no attention that says so: what writes text and fills no masks goes forward
        config = type(model.config)
        return config in MODEL_FOR_CAUSAL_LM_MAPPING and config not in MODEL_FOR_MASKED_LM_MAPPING
    return True in said and bool(getattr(model.config, "is_causal", True))


def layer_list(model: PreTrainedModel) -> tuple[nn.Module, str] | None:
    """Find the list of layers: the module that holds it, and under which name."""
    total = model.config.num_hidden_layers
    found = [
        (module, name)
        for module in model.modules()
        for name, child in module.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == total
    ]
    return found[0] if found else None
