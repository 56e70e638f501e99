"""Kinds of encoders: what an encoder's configuration says of sizes, positions and types."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

# Kinds that run on packed batches: their attention goes through transformers' registry, and they
# take positions from outside. All others are given padded batches.
PACKABLE = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
# What configurations call the inner width of a layer that do not call it intermediate_size.
_INNER = ("intermediate_size", "hidden_dim", "d_ff", "encoder_ffn_dim", "ffn_dim", "n_inner")
# Exported models whose class lies beside them: an encoder within, and a head.
POOLED = "pooled-encoder"


def encoder_config(folder: Path) -> PreTrainedConfig:
    """Read an encoder's configuration by the class of its kind, which knows what is left unsaid.

    Of an exported model it is that of the encoder within.

    Raises
    ------
    ArtifactError
        If ``config.json`` is missing or damaged.
    SettingsError
        If transformers has no code for the kind, or would have to run code that came with it.
    MissingExtra
        If transformers is not installed.
    """
    path = folder / "config.json"
    try:
        content = path.read_text()
        settings = dict(json.loads(content))
        if settings.get("model_type") == POOLED:
            settings = dict(settings["pretrained"])
            content = json.dumps(settings)
        kind = settings.get("model_type")
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArtifactError(
            "the encoder's configuration cannot be read",
            where=str(path),
            remedy="Give a folder as written by save_pretrained()",
        ) from error
    try:
        return _config(content)
    except ImportError:
        raise MissingExtra(
            "reading an encoder's configuration needs the package 'transformers'",
            where="encoder.name",
            remedy="Run: pip install 'crosscal[train]'",
        ) from None
    except Exception as error:  # configuration classes raise many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SettingsError(
            f"the encoder is of kind {kind!r}, which crosscal cannot train: {reason}",
            where=str(path),
            remedy="Use an encoder that transformers' AutoModel loads without code of its own, or "
            "a newer transformers",
        ) from error


@lru_cache(maxsize=64)
def _config(content: str) -> PreTrainedConfig:
    from transformers import CONFIG_MAPPING, __version__

    settings = json.loads(content)
    kind = settings.get("model_type")
    if kind not in CONFIG_MAPPING:
        raise ValueError(f"transformers {__version__} has no code for it")
    config: PreTrainedConfig = CONFIG_MAPPING[kind].from_dict(settings)
    return config


def text_config(config: PreTrainedConfig) -> Any:
    """Return the part of a configuration that is about the encoder of text."""
    return config.get_text_config(encoder=True if config.is_encoder_decoder else None)


def size(folder: Path, name: str) -> int:
    """Look up a size of an encoder by the name that BERT's configuration has for it."""
    config = text_config(encoder_config(folder))
    names = _INNER if name == "intermediate_size" else (name,)
    values = [getattr(config, each, None) for each in names]
    fallback = 4 * getattr(config, "hidden_size", 0) if names == _INNER else 0
    return int(next(filter(None, values), fallback))


def first_position(kind: str, pad: int | None) -> int:
    """Return the number of a packable encoder's first position, by its kind and padding id."""
    # RoBERTa and its kin count positions from behind the padding id, others from 0.
    return int(pad or 0) + 1 if "roberta" in kind or kind == "camembert" else 0


def longest_input(folder: Path) -> int | None:
    """Tokens that an encoder has positions for; None where positions are only relative."""
    config: Any = encoder_config(folder)
    if config.model_type in PACKABLE:
        first = first_position(config.model_type, config.pad_token_id)
        return int(config.max_position_embeddings) - first
    from crosscal.encoders.structure import inspect_encoder

    return inspect_encoder(folder).positions


def token_types(folder: Path) -> int:
    """Token types that an encoder tells apart; 1 where it knows of none."""
    return int(getattr(encoder_config(folder), "type_vocab_size", None) or 1)


def pooled_class(folder: Path) -> str | None:
    """Return where transformers has the class of the encoder within an exported model.

    None if the folder is that of an encoder alone.
    """
    config = json.loads((folder / "config.json").read_text())
    return str(config.get("pretrained_class")) if config.get("model_type") == POOLED else None
