"""The classification family: a text or a pair of texts in, one score per label out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean
from crosscal.tasks.families.family import Family, Floats, InputLimits, Scored, unit_table
from crosscal.tasks.families.pair_tokens import pair_tokens
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from crosscal.data.examples import PairExample


def gold(example: PairExample, labels: Sequence[str]) -> int:
    """Return the index of an example's label among the task's; DataError if it is none of them."""
    if example.label in labels:
        return labels.index(example.label)
    where = f"{example.language} {example.unit_id}"
    if example.label is None:
        raise DataError(
            "the example has no label, but its task needs one",
            where=where,
            remedy="Choose a split that has labels",
        )
    raise DataError(
        f"the task has no label '{example.label}'",
        where=where,
        remedy=did_you_mean(example.label, labels),
    )


def _tokenise(
    tokenizer: Tokenizer,
    examples: Sequence[PairExample],
    labels: Sequence[str],
    limits: InputLimits,
) -> EncodedDataset:
    texts = [
        example.text_a if example.text_b is None else (example.text_a, example.text_b)
        for example in examples
    ]
    ids, token_types, truncated = pair_tokens(tokenizer, texts, limits)
    flat, offsets = concat_ragged(ids)
    return EncodedDataset(
        ids=flat.astype(np.int32),
        token_type_ids=concat_ragged(token_types)[0].astype(np.uint8),
        offsets=offsets,
        gold=np.array([gold(example, labels) for example in examples], dtype=np.int32),
        units=unit_table(examples),
        truncated=truncated,
    )


def _predictions(dataset: EncodedDataset, scores: Floats, labels: Sequence[str]) -> Scored:
    return Scored(units=dataset.units, scores=scores, gold=np.asarray(dataset.gold, dtype=np.int64))


CLASSIFICATION = Family(
    name="classification",
    outputs=len,
    tokenise=_tokenise,
    predictions=_predictions,
    shared_labels=True,
)
