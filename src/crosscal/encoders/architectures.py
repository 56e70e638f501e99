"""Kinds of encoders: what an encoder's configuration says of positions, types and attention."""

from __future__ import annotations

import json
from pathlib import Path

from crosscal.exceptions import ArtifactError

KINDS = ("bert", "roberta", "xlm-roberta", "camembert", "deberta", "deberta-v2", "electra")
# Those whose attention goes through transformers' attention registry.
PACKABLE = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
# Exported models whose class lies beside them: an encoder within, and a head.
POOLED = "pooled-encoder"


def encoder_config(folder: Path) -> dict[str, object]:
    """Contents of the encoder's ``config.json``, of an exported model those of its encoder."""
    path = folder / "config.json"
    try:
        config = dict(json.loads(path.read_text()))
        return dict(config["pretrained"]) if config.get("model_type") == POOLED else config
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtifactError(
            "the encoder's configuration cannot be read",
            where=str(path),
            remedy="Give a folder as written by save_pretrained()",
        ) from error


def first_position(kind: str, pad: int | None) -> int:
    """Return the number of an encoder's first position, by its kind and padding id."""
    # RoBERTa and its kin count positions from behind the padding id, others from 0.
    return int(pad or 0) + 1 if "roberta" in kind or kind == "camembert" else 0


def longest_input(folder: Path) -> int | None:
    """Tokens that an encoder has positions for; None where positions are only relative."""
    config = encoder_config(folder)
    kind = str(config.get("model_type"))
    if kind not in PACKABLE or "max_position_embeddings" not in config:
        return None
    pad = config.get("pad_token_id")
    positions = int(str(config["max_position_embeddings"]))
    return positions - first_position(kind, None if pad is None else int(str(pad)))


def token_types(folder: Path) -> int:
    """Token types that an encoder tells apart, where unsaid as transformers assumes."""
    config = encoder_config(folder)
    usual = 2 if config.get("model_type") in ("bert", "electra") else 1
    return int(str(config.get("type_vocab_size", usual)))


def pooled_class(folder: Path) -> str | None:
    """Return where transformers has the class of the encoder within an exported model.

    None if the folder is that of an encoder alone.
    """
    config = json.loads((folder / "config.json").read_text())
    return str(config.get("pretrained_class")) if config.get("model_type") == POOLED else None
