"""Sentences that stand alone, as the encoder was pretrained to see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from crosscal.data.examples import SentenceExample
from crosscal.exceptions import DataError
from crosscal.tasks.families.family import InputLimits, unit_table
from crosscal.tasks.families.tokens import EncodedDataset, end_to_end

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHUNK = 1000


def sentence_tokens(
    tokenizer: Tokenizer,
    examples: Sequence[SentenceExample],
    limits: InputLimits,
    *,
    prefix: str = "",
) -> EncodedDataset:
    """Tokenise sentences, each alone between the encoder's special tokens.

    Parameters
    ----------
    tokenizer : Tokenizer
        The encoder's fast tokenizer.
    examples : sequence of SentenceExample
        N sentences.
    limits : InputLimits
        Longer sentences are cut at their end, and counted.
    prefix : str
        Put before every sentence as it stands, the blank at its end included; multilingual-e5
        was trained with ``"query: "``.

    Returns
    -------
    EncodedDataset
        One sequence a sentence, scored as a whole, without gold.

    Raises
    ------
    DataError
        If there are no sentences.
    """
    if not examples:
        raise DataError("there are no sentences", where="retrieval", remedy="Give at least one")
    parts: list[list[int]] = []
    truncated = 0
    tokenizer.enable_truncation(limits.max_length)
    for start in range(0, len(examples), _CHUNK):
        chunk = [prefix + example.text for example in examples[start : start + _CHUNK]]
        for encoding in tokenizer.encode_batch(chunk):
            parts.append(encoding.ids)
            truncated += bool(encoding.overflowing)
    tokenizer.no_truncation()
    ids, offsets = end_to_end(parts)
    return EncodedDataset(
        ids=ids.astype(np.int32),
        types=np.zeros(len(ids), dtype=np.uint8),
        offsets=offsets,
        gold=np.full(len(parts), -1, dtype=np.int32),
        units=unit_table(examples),
        truncated=truncated,
    )
