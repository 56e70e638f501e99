"""How a tokenizer puts special tokens around texts: two stay apart, none loses a character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# What stands between two texts where a tokenizer puts nothing, as those of decoders.
_SEPARATORS = ("sep_token", "eos_token")


def keep_offsets(tokenizer: Tokenizer) -> None:
    """Let tokens cover the space before them, as their texts do.

    The post-processors of byte-level tokenizers take it off, and take off a letter where they
    meet a text that was tokenised before.
    """
    from tokenizers import processors

    before = tokenizer.post_processor
    if before is None or b'"trim_offsets":true' not in before.__getstate__():
        return
    state = json.loads(before.__getstate__(), object_hook=_untrimmed)
    after = processors.Sequence([])
    after.__setstate__(json.dumps(state).encode())
    tokenizer.post_processor = after


def _untrimmed(state: dict[str, Any]) -> dict[str, Any]:
    return {**state, "trim_offsets": False} if "trim_offsets" in state else state


def separate_pairs(tokenizer: Tokenizer, folder: Path) -> None:
    """Put a special token between two texts where the tokenizer would run them together."""
    from tokenizers import processors

    pair = tokenizer.encode("a", "a").sequence_ids
    separator = _separator(tokenizer, folder)
    if 1 not in pair or pair[pair.index(1) - 1] is None or separator is None:
        return
    text = tokenizer.encode("a")
    inner = [place for place, special in enumerate(text.special_tokens_mask) if not special]
    first, last = text.tokens[: inner[0]], text.tokens[inner[-1] + 1 :]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[*first, "$A", *last],
        pair=[*first, "$A", separator, "$B", *last],
        special_tokens=[
            (token, tokenizer.token_to_id(token)) for token in {*first, separator, *last}
        ],
    )


def _separator(tokenizer: Tokenizer, folder: Path) -> str | None:
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    for role in _SEPARATORS:
        token = settings.get(role)
        token = token.get("content") if isinstance(token, dict) else token
        if token and tokenizer.token_to_id(token) is not None:
            return str(token)
    return None
