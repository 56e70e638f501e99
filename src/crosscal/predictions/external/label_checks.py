"""What speaks against the one reading that fits a file's names: other columns that tell otherwise.

A column of outcomes that contradicts the labels, and labels that are what the model chose.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import (
    CLUSTERS,
    GROUPS,
    IDS,
    OUTCOMES,
    PREDICTED,
    WEIGHTS,
    ColumnOptions,
    is_named,
)
from crosscal.predictions.external.first_rows import Candidate, Head
from crosscal.predictions.external.fitting import (
    above_chance,
    first_gold,
    first_probabilities,
    width,
)
from crosscal.predictions.external.layouts import TRUE_OR_FALSE, confidence_candidate
from crosscal.predictions.external.plain_text import plain_text, unnumbered

# From here on words that repeat are names, not texts; and that labels equal all choices is no luck.
_MANY_ROWS, _ROWS = 20, 10
_CONTRADICTING = 0.02
# Correlation of a column with right and wrong that hardly anything but a choice has.
_STRONG = 0.4
_OTHER_ROLES = (*PREDICTED, *IDS, *GROUPS, *CLUSTERS, *WEIGHTS)


def demand_no_rivals(
    head: Head, candidate: Candidate, label: str, options: ColumnOptions, where: str
) -> None:
    """Refuse labels where columns of other names could be better ones, or tell otherwise."""
    words = _vocabulary(head, candidate, label)
    choices = None if options.labels else _choices(head, candidate, words)
    gold = None if choices is None else _as_labels(head, candidate, label, options, words)
    if choices is None or gold is None or len(gold) != len(choices):
        return
    right, size = choices == gold, len(set(choices.tolist()) | set(gold.tolist()))
    many, blind = len(gold) >= _MANY_ROWS, not above_chance(choices, gold)
    too_good = bool(right.all()) and len(right) >= _ROWS
    why = "no better than chance" if blind else "in every row, as what the model chose would"
    used = {*candidate.values, candidate.predicted, label, options.group, options.cluster}
    used |= {options.weights}
    for name in head.columns:
        if name in used or head.columns[name] not in ("text", "number"):
            continue
        if is_named(name, OUTCOMES) and _tells_otherwise(head, name, right):
            raise DataError(
                f"by the labels '{label}' other rows are right than by '{name}'",
                where=where,
                remedy=f"Name the labels, as --labels '{label}'; look at the order of the classes",
            )
        if is_named(name, PREDICTED) and candidate.predicted is None:
            chosen = _as_labels(head, candidate, name, options, words)
            if chosen is not None and float((chosen != choices).mean()) > _CONTRADICTING:
                raise DataError(
                    f"the scores choose other classes than '{name}' says",
                    where=where,
                    remedy=f"Name the labels, as --labels '{label}', if the classes are in order",
                )
        outcome = is_named(name, OUTCOMES) and head.words(name) <= TRUE_OR_FALSE
        if outcome or is_named(name, _OTHER_ROLES):
            continue
        different = head.words(name)
        # One word throughout says something only if it is a class, and the labels are too good.
        if len(different) < 2 and not (too_good and head.columns[name] == "text"):
            continue
        other = _as_labels(head, candidate, name, options, words)
        if other is None or len(other) != len(choices):
            # Names of classes that the scores do not have: labels, if the others say nothing.
            if blind and many and 1 < len(different) <= max(size, width(head, candidate)):
                raise _rival(label, name, why, where)
            continue
        agreeing = choices == other
        parted = int((agreeing != right).sum())
        better = int(agreeing.sum()) - int(right.sum()) > 2 * np.sqrt(max(parted, 1))
        # What always agrees is what was chosen, once more.
        if (blind and many) if agreeing.all() else (better or blind or too_good):
            raise _rival(label, name, why if blind or too_good else f"less than '{name}'", where)


def _rival(label: str, name: str, how: str, where: str) -> DataError:
    return DataError(
        f"'{label}' is named like labels, but agrees with the scores {how}; '{name}' could be "
        "labels, too",
        where=where,
        remedy=f"Name the right one, as --labels '{label}'",
    )


def _vocabulary(head: Head, candidate: Candidate, label: str) -> list[str]:
    """Return the words of chosen and right labels, where the scores have no classes."""
    names = [label, candidate.predicted] if candidate.predicted else []
    return sorted(
        {unnumbered(word).casefold() for name in names if name for word in head.words(name)}
    )


def _choices(head: Head, candidate: Candidate, words: Sequence[str]) -> NDArray[np.intp] | None:
    """Return what was chosen in the first rows, as numbers of classes, or of words."""
    if candidate.layout in ("confidence", "highest"):
        return _numbered(head, candidate.predicted, words) if candidate.predicted else None
    probabilities = first_probabilities(head, candidate)
    return None if probabilities is None else probabilities.argmax(axis=1)


def _as_labels(
    head: Head, candidate: Candidate, name: str, options: ColumnOptions, words: Sequence[str]
) -> NDArray[np.intp] | None:
    """Return a column's words as numbers; None where one of them is no class."""
    if candidate.predicted:
        return _numbered(head, name, words)
    gold = first_gold(head, candidate, name, options)
    return None if gold is None else np.array(gold, dtype=np.intp)


def _numbered(head: Head, name: str, words: Sequence[str]) -> NDArray[np.intp] | None:
    number = {word: i for i, word in enumerate(words)}
    found = [number.get(unnumbered(plain_text(x)).casefold(), -1) for x in head.cells[name]]
    return None if -1 in found else np.array(found, dtype=np.intp)


def _tells_otherwise(head: Head, name: str, right: NDArray[np.bool_]) -> bool:
    """Whether a column of outcomes finds other rows right."""
    told = _told([plain_text(x).casefold() for x in head.cells[name]])
    # Of evaluation harnesses `acc` may be that of choices divided by their length.
    if is_named(name, ("acc",)) or told is None or len(told) != len(right):
        return False
    return float((told != right).mean()) > _CONTRADICTING


def _told(words: Sequence[str]) -> NDArray[np.bool_] | None:
    if not set(words) <= TRUE_OR_FALSE:
        return None
    return np.array([word in ("1", "true") for word in words])


def contradict(
    head: Head, one: tuple[Candidate, str], other: tuple[Candidate, str], options: ColumnOptions
) -> bool:
    """Whether two readings do not find the same rows right."""
    first, second = (_outcomes(head, *pair, options) for pair in (one, other))
    if first is None or second is None or len(first) != len(second):
        return False
    return float((first != second).mean()) > _CONTRADICTING


def _outcomes(
    head: Head, candidate: Candidate, label: str, options: ColumnOptions
) -> NDArray[np.bool_] | None:
    """Return which of the first rows are right; None where that cannot be told."""
    words = [plain_text(x).casefold() for x in head.cells.get(label, ())]
    if candidate.outcome:
        return _told(words)
    if candidate.predicted:
        chosen = [plain_text(x).casefold() for x in head.cells[candidate.predicted]]
        if not set(chosen) & set(words):
            return None
        return np.array([one == other for one, other in zip(chosen, words, strict=True)])
    probabilities = first_probabilities(head, candidate)
    gold = first_gold(head, candidate, label, options)
    if probabilities is None or gold is None or len(gold) != len(probabilities):
        return None
    return np.asarray(probabilities.argmax(axis=1) == np.array(gold))


def right_class_instead(
    head: Head, candidate: Candidate, labels: Collection[str]
) -> Candidate | None:
    """Return the reading in which ``correct`` is the right class, if its numbers can be classes."""
    if candidate.outcome is None:
        return None
    labelled = any(name in head.cells for name in labels)
    for name in head.columns:
        if name in (*candidate.values, candidate.outcome):
            continue
        of_chosen = is_named(name, PREDICTED) and not labelled
        if (
            head.words(candidate.outcome) <= head.words(name)
            if of_chosen
            else (_seems_chosen(head, candidate, name, labels))
        ):
            return confidence_candidate(
                candidate.values[0], predicted=name, labels=candidate.outcome
            )
    return None


def _seems_chosen(head: Head, candidate: Candidate, name: str, labels: Collection[str]) -> bool:
    """Whether a column of any name agrees with ``correct`` as what was chosen would."""
    outcome = str(candidate.outcome)
    told = _two_values(head, outcome)
    chosen = _two_values(head, name)
    if is_named(name, OUTCOMES) or told is None or chosen is None or len(told) != len(chosen):
        return False
    if head.words(name) != head.words(outcome) or len(told) < _MANY_ROWS:
        return False
    # Labels and choices of which `correct` says whether they are equal.
    others = {n: each for n in head.columns if (each := _two_values(head, n)) is not None}
    for one in [others[n] for n in labels if n in others]:
        for other, values in others.items():
            if other in (outcome, *labels) or not len(one) == len(values) == len(told):
                continue
            if float(((one == values) != told).mean()) <= _CONTRADICTING:
                return False
    agreeing = chosen == told
    confidence = head.numbers(candidate.values[0])
    if agreeing.all() or len(confidence) != len(told):
        return False
    by_outcome, by_choice = (((confidence - each) ** 2).mean() for each in (told, agreeing))
    strong = float(np.corrcoef(chosen, told)[0, 1]) > _STRONG
    beyond = above_chance(chosen.astype(np.intp), told.astype(np.int64))
    return bool(beyond and (strong or by_choice < by_outcome))


def _two_values(head: Head, name: str) -> NDArray[np.bool_] | None:
    """Return a column of true and false; None of another, and where values are missing."""
    if head.columns[name] not in ("text", "number") or len(head.words(name)) != 2:
        return None
    return _told([plain_text(x).casefold() for x in head.cells[name]])
