"""Pairs of texts, or texts alone, as the encoder was pretrained to see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosscal.tasks.families.family import InputLimits

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHUNK = 1000


def pair_tokens(
    tokenizer: Tokenizer, pairs: Sequence[str | tuple[str, str]], limits: InputLimits
) -> tuple[list[list[int]], list[list[int]], int]:
    """Return token ids and token types of each pair or text, and how many were cut to the limit."""
    ids: list[list[int]] = []
    token_types: list[list[int]] = []
    truncated = 0
    for start in range(0, len(pairs), _CHUNK):
        chunk = list(pairs[start : start + _CHUNK])
        tokenizer.no_truncation()
        encodings = tokenizer.encode_batch(chunk)
        long = [i for i, pair in enumerate(encodings) if len(pair.ids) > limits.max_length]
        if long:
            # Only these again: truncation would not say what it cut.
            truncated += len(long)
            tokenizer.enable_truncation(limits.max_length, strategy="longest_first")
            for index in long:
                texts = chunk[index]
                encodings[index] = tokenizer.encode(*([texts] if isinstance(texts, str) else texts))
        ids.extend(pair.ids for pair in encodings)
        token_types.extend(
            pair.type_ids if limits.token_types > 1 else [0] * len(pair.ids) for pair in encodings
        )
    tokenizer.no_truncation()
    return ids, token_types, truncated
