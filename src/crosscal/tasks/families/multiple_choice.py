"""The multiple-choice family: a context, a question and options in, one score an option out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crosscal.tasks.families.family import Family, Floats, InputLimits, Scored, unit_table
from crosscal.tasks.families.pair_tokens import pair_tokens
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from crosscal.data.examples import ChoiceExample


def option_pair(example: ChoiceExample, option: str) -> tuple[str, str]:
    """Return the two texts by which an option is scored, as in Phang et al. (2020), section 2."""
    # CommonsenseQA has no context, HellaSwag no question; Cosmos QA and COPA have both.
    if not example.context.strip():
        return example.question, option
    if not example.question.strip():
        return example.context, option
    return example.context, f"{example.question} {option}"


def _tokenise(
    tokenizer: Tokenizer,
    examples: Sequence[ChoiceExample],
    labels: Sequence[str],
    limits: InputLimits,
) -> EncodedDataset:
    pairs = [option_pair(example, option) for example in examples for option in example.options]
    ids, token_types, truncated = pair_tokens(tokenizer, pairs, limits)
    flat, offsets = concat_ragged(ids)
    counts = [len(example.options) for example in examples]
    gold = [-1 if example.answer is None else example.answer for example in examples]
    return EncodedDataset(
        ids=flat.astype(np.int32),
        token_type_ids=concat_ragged(token_types)[0].astype(np.uint8),
        offsets=offsets,
        softmax_over="group",
        groups=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        gold=np.array(gold, dtype=np.int32)[:, None],
        units=unit_table(
            examples,
            choices=pa.array([example.options for example in examples], pa.list_(pa.string())),
        ),
        truncated=truncated,
    )


def _predictions(dataset: EncodedDataset, scores: Floats, labels: Sequence[str]) -> Scored:
    return Scored(
        units=dataset.units.select(["unit_id", "cluster_id", "language"]),
        scores=np.split(scores[:, 0], dataset.groups[1:-1]),
        gold=np.asarray(dataset.gold[:, 0], dtype=np.int64),
        extra={"choices": dataset.units["choices"].to_pylist()},
    )


MULTIPLE_CHOICE = Family(
    name="multiple choice",
    outputs=lambda labels: 1,
    tokenise=_tokenise,
    predictions=_predictions,
    shared_labels=False,
)
