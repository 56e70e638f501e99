"""Pairs of texts as the encoder was pretrained to see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crosscal.tasks.families.family import InputLimits

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHUNK = 1000


def pair_tokens(
    tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], limits: InputLimits
) -> tuple[list[list[int]], list[list[int]], int]:
    """Tokenise pairs of texts.

    Parameters
    ----------
    tokenizer : Tokenizer
        The encoder's fast tokenizer.
    pairs : sequence of (str, str)
        First and second text of each sequence.
    limits : InputLimits
        Of longer inputs the longer text is cut first.

    Returns
    -------
    tuple
        Token ids and token types of each sequence, and the number of sequences that were cut.
    """
    ids: list[list[int]] = []
    types: list[list[int]] = []
    truncated = 0
    for start in range(0, len(pairs), _CHUNK):
        chunk = list(pairs[start : start + _CHUNK])
        tokenizer.no_truncation()
        whole = tokenizer.encode_batch(chunk)
        long = [place for place, found in enumerate(whole) if len(found.ids) > limits.max_length]
        if long:
            truncated += len(long)
            tokenizer.enable_truncation(limits.max_length, strategy="longest_first")
            for place in long:
                whole[place] = tokenizer.encode(*chunk[place])
        ids.extend(found.ids for found in whole)
        types.extend(
            found.type_ids if limits.types > 1 else [0] * len(found.ids) for found in whole
        )
    tokenizer.no_truncation()
    return ids, types, truncated
