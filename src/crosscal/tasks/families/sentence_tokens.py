"""Sentences that stand alone, as the encoder was pretrained to see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from crosscal.data.examples import SentenceExample
from crosscal.exceptions import DataError
from crosscal.tasks.families.family import InputLimits, unit_table
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

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
    """Tokenise sentences, each after the prefix and alone between the special tokens."""
    if not examples:
        raise DataError("there are no sentences", where="retrieval", remedy="Give at least one")
    sequences: list[list[int]] = []
    truncated = 0
    tokenizer.enable_truncation(limits.max_length)
    for start in range(0, len(examples), _CHUNK):
        chunk = [prefix + example.text for example in examples[start : start + _CHUNK]]
        for encoding in tokenizer.encode_batch(chunk):
            sequences.append(encoding.ids)
            truncated += bool(encoding.overflowing)
    tokenizer.no_truncation()
    ids, offsets = concat_ragged(sequences)
    return EncodedDataset(
        ids=ids.astype(np.int32),
        token_type_ids=np.zeros(len(ids), dtype=np.uint8),
        offsets=offsets,
        gold=np.full(len(sequences), -1, dtype=np.int32),
        units=unit_table(examples),
        truncated=truncated,
    )
