"""Whether a reading of a file fits its first rows: labels, scores, other readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.first_rows import Candidate, Head, are_probabilities
from crosscal.predictions.external.plain_text import IGNORED, index_of, plain_text

Floats = NDArray[np.float64]


def differ(golds: Sequence[list[str | int] | None]) -> bool:
    """Whether columns of labels are not all the same."""
    return len(golds) > 1 and any(gold is None or gold != golds[0] for gold in golds)


def is_free_text(head: Head, name: str) -> bool:
    """Whether a column named like labels is none: lists, records, or nearly all different."""
    if head.columns[name] not in ("text", "number"):
        return True
    return 2 * len(head.words(name)) > len(head.cells[name])


def counts_from_one(head: Head, candidate: Candidate, label: str, options: ColumnOptions) -> bool:
    """Whether labels are numbers that would fit if they counted from one."""
    if candidate.outcome or candidate.predicted or options.classes:
        return False
    indices = [index_of(word) for word in head.words(label) - {IGNORED}]
    size = width(head, candidate)
    return bool(indices) and all(i is not None and 1 <= i <= size for i in indices)


def above_chance(best: NDArray[np.intp], gold: NDArray[np.int64]) -> bool:
    """Whether choices and labels agree more often than if they were independent."""
    size = int(max(best.max(), gold.max())) + 1
    shares = np.bincount(best, minlength=size) * np.bincount(gold, minlength=size)
    chance = float(shares.sum()) / len(gold) ** 2
    error = np.sqrt(max(chance * (1 - chance), 1e-4) / len(gold))
    return bool((best == gold).mean() > chance + 3 * error)


def labels_fit(head: Head, candidate: Candidate, label: str, options: ColumnOptions) -> bool:
    """Whether all labels among the first rows can be read with these scores."""
    if candidate.outcome:
        return True
    if candidate.predicted:
        return bool(head.words(label))
    return first_gold(head, candidate, label, options) is not None


def first_gold(
    head: Head, candidate: Candidate, label: str, options: ColumnOptions
) -> list[str | int] | None:
    """Return the first labels as numbers of classes; None where one of them is no class."""
    if head.columns[label] not in ("text", "number"):
        return None
    words = [plain_text(x) for x in head.cells[label] if x is not None]
    words = [word for word in words if word and word != IGNORED]
    classes = options.classes or candidate.classes
    if candidate.predicted or candidate.outcome:
        return list(words)
    number = {plain_text(name): i for i, name in enumerate(classes or ())}
    folded = {name.casefold(): i for name, i in number.items()}
    named = [number.get(word, folded.get(word.casefold())) for word in words]
    if number and None not in named:
        return list(named)  # type: ignore[arg-type]
    size = len(classes) if classes else width(head, candidate)
    indices = [index_of(word) for word in words]
    known = [i for i in indices if i is not None and 0 <= i < size]
    return list(known) if len(known) == len(words) else None


def width(head: Head, candidate: Candidate) -> int:
    """Return the number of classes of a reading."""
    if candidate.layout in ("positive", "logit"):
        return 2
    if head.columns[candidate.values[0]] != "list":
        return len(candidate.values)
    return max((len(row) for row in head.cells[candidate.values[0]] if row is not None), default=0)


def agree(head: Head, first: Candidate, other: Candidate) -> bool:
    """Whether a second reading says the same as the first, or a part of it."""
    one, two = first_probabilities(head, first), first_probabilities(head, other)
    if one is None or two is None or len(one) != len(two):
        return False
    if other.rank == 2 and one.shape[1] > 1:
        if other.predicted and not _chooses(head, first, one, other.predicted):
            return False
        one = one.max(axis=1, keepdims=True)
    if one.shape != two.shape or (
        first.classes and other.classes and len(first.classes) != len(other.classes)
    ):
        return False
    return bool(np.allclose(one, two, atol=2e-3))


def _chooses(head: Head, first: Candidate, probabilities: Floats, predicted: str) -> bool:
    """Whether a column of chosen labels names the likeliest class, as far as it can be read."""
    chosen = first_gold(head, first, predicted, ColumnOptions())
    if chosen is None or len(chosen) != len(probabilities):
        return True
    of_chosen = probabilities[np.arange(len(chosen)), np.array(chosen)]
    return bool((of_chosen >= probabilities.max(axis=1) - 2e-3).all())


def first_probabilities(head: Head, candidate: Candidate) -> Floats | None:
    """Return the probabilities of the first rows; None where they are no numbers."""
    is_list = head.columns[candidate.values[0]] == "list"
    matrix = head.lists(candidate.values[0]) if is_list else head.matrix(candidate.values)
    if matrix is None or not np.isfinite(matrix).all():
        return None
    if candidate.layout == "confidence":
        return matrix
    if candidate.layout == "positive":
        return np.hstack([1 - matrix, matrix])
    if candidate.layout == "logit":
        matrix = np.hstack([np.zeros_like(matrix), matrix])
    elif are_probabilities(matrix):
        return matrix
    powers = np.exp(matrix - matrix.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
