"""The classification family: a text or a pair of texts in, one score per label out."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean
from crosscal.tasks.families.family import Family, Floats, InputLimits, Scored, unit_table
from crosscal.tasks.families.pair_tokens import pair_tokens
from crosscal.tasks.families.tokens import EncodedDataset, concat_ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from crosscal.data.examples import PairExample


# All orders of more labels are too many to try.
MOST_ORDERED = 6


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


def permuted_labels(
    scores: NDArray[np.floating],
    gold: NDArray[np.integer],
    labels: Sequence[str],
    *,
    z: float = 4.0,
) -> tuple[str, ...] | None:
    """Say in which order a model seems to have learned the labels, if not in this one.

    Published checkpoints and data sets disagree about the order of NLI labels, and the wrong
    one looks like a bad model. On development data in the training language the accuracy under
    every order is computed; another order wins if it is right more often by `z` standard errors
    of the difference, over the units on which the two disagree (McNemar), and better than
    always answering the commonest label.

    Parameters
    ----------
    scores : array of shape (n, k)
        Model scores in the order of `labels`.
    gold : array of shape (n,)
        Gold labels, from 0 to k - 1.
    labels : sequence of str
        The k labels, at most 6.
    z : float, default 4.0
        How many standard errors are convincing; there are many orders to be wrong about.

    Returns
    -------
    tuple of str or None
        The labels in the order of the model's scores, or None if there is no reason to doubt
        the order.

    Raises
    ------
    ValueError
        If shapes do not agree or there are more than 6 labels (720 orders).

    Examples
    --------
    >>> truth = np.array([0, 1, 2] * 20)
    >>> permuted_labels(np.eye(3)[(truth + 1) % 3], truth, ["a", "b", "c"])
    ('c', 'a', 'b')
    """
    count, choices = scores.shape
    if gold.shape != (count,) or len(labels) != choices or not 2 <= choices <= MOST_ORDERED:
        raise ValueError("scores need shape (n, k), gold (n,), and 2 to 6 labels")
    confusion = np.zeros((choices, choices))  # predicted, gold
    np.add.at(confusion, (scores.argmax(axis=1), gold), 1)
    columns = np.arange(choices)
    best = max(
        permutations(range(choices)), key=lambda order: confusion[columns, list(order)].sum()
    )
    moved = columns != np.array(best)
    won = confusion[columns, list(best)][moved].sum()
    lost = confusion[columns, columns][moved].sum()
    convincing = won - lost > z * np.sqrt(won + lost)
    constant = np.bincount(gold, minlength=choices).max()
    if not convincing or confusion[columns, list(best)].sum() <= constant:
        return None
    return tuple(labels[index] for index in best)
