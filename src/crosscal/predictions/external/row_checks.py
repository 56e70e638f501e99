"""What all rows say against scores that are one a row: a row a choice, the confidence of one class.

The first rows cannot tell: a table may be sorted by choice, or by score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import Coded, Tables, coded
from crosscal.predictions.external.columns import (
    CLUSTERS,
    GROUPS,
    LABELS,
    PREDICTED,
    ColumnMapping,
    is_named,
)
from crosscal.predictions.external.first_rows import MOSTLY, tolerance
from crosscal.predictions.external.layouts import TRUE_OR_FALSE
from crosscal.predictions.external.sources.table_source import TableSource

Floats = NDArray[np.floating]

# Units of several rows each that show what a row is: by sums of one, and by other signs.
_FEWEST_UNITS, _UNITS = 4, 10
# Rows of each chosen class that show of which class a column is; rows that show both halves.
_CHOSEN, _ROWS = 4, 20
_NEARLY = 0.95
# Share of different values from which on a column hardly repeats.
_REPEATING = 0.6
# Share of rows of each class where the model must sometimes choose the other.
_MANY = 0.1
# What labels may differ in: of -1 and 1 the sign is no such thing.
_LETTERS = re.compile(r"(?<=[^\W\d_])[\W_]+|[\W_]+(?=[^\W\d_])")


def check_single_scores(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    values: NDArray[Any],
    *,
    named: bool,
    labelled: bool,
) -> tuple[str, ...]:
    """Ask where one score a row is not what its name says; of what is `named` return a note."""
    if columns.layout not in ("confidence", "positive", "logit"):
        return ()
    scores = values if values.ndim == 1 else values[:, 1]
    labels = coded(source, columns.labels, tables)
    # What hardly repeats is neither a unit of several rows nor a choice, and slow to tell apart.
    most = _REPEATING * len(scores)
    repeating = [n for n in columns.beside if pc.count_distinct(tables[n]).as_py() <= most]
    beside = {name: each for name in repeating if (each := coded(source, name, tables))}
    if not named:
        _demand_a_row_each(source, columns, tables, scores, beside)
    if columns.layout == "positive" and labelled and not named:
        _demand_both_halves(source, columns, labels, scores)
    if columns.layout != "confidence":
        return ()
    by_name = [name for name in beside if is_named(name, PREDICTED)]
    notes: tuple[str, ...] = ()
    for name in [columns.predicted] if columns.predicted else by_name:
        chosen = beside.get(name) or coded(source, name, tables)
        order = None if chosen is None else _by_score(*chosen, scores)
        if order is not None:
            notes += _one_class(source, columns, name, order, named=named)
        if columns.predicted and chosen and labels:
            notes += _nearly_equal(chosen, labels)
    return notes


def _demand_a_row_each(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    scores: Floats,
    beside: Mapping[str, Coded],
) -> None:
    """Refuse tables with a row for each choice: a unit's values sum to one, or one is right."""
    fixed = (*GROUPS, *CLUSTERS)
    choices = [each for name, each in beside.items() if not is_named(name, fixed)]
    if chosen := coded(source, columns.predicted, tables):
        choices.append(chosen)
    labels = coded(source, columns.labels, tables)
    why = _in_turn(scores) if columns.layout != "logit" else None
    for name, (units, words) in beside.items():
        counts = np.bincount(units)
        if len(counts) < _FEWEST_UNITS or float((counts > 1).mean()) < MOSTLY:
            continue
        if columns.layout != "logit" and _sum_to_one(scores, units, counts):
            why = f"several rows for each '{name}', whose values sum to 1, as for {words[0]}"
        few = columns.layout != "logit" and len(counts) < _UNITS
        if labels is not None and columns.layout != "positive" and not few and why is None:
            shared = _of_choices(labels, choices, units, counts)
            if float(shared[counts > 1].mean()) >= MOSTLY:
                why = f"several rows for each '{name}', one for each choice, as for {words[0]}"
    if why is not None:
        raise DataError(
            f"there seem to be {why}",
            where=source.name,
            remedy="Write a row for each unit, with a column for each class or a list of "
            f"scores (in pandas, pivot); or name '{columns.values[0]}' with its option if "
            "each row is a prediction by itself",
        )


def _of_choices(
    labels: Coded, choices: Sequence[Coded], units: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which units have each choice once, and one right row or the same right class."""
    numbers, words = labels
    found = np.zeros(len(counts), dtype=bool)
    truth = np.array([word in ("1", "true") for word in words])[numbers]
    outcomes = set(words) <= TRUE_OR_FALSE
    one_right = (np.bincount(units, truth, len(counts)) == 1) & outcomes
    pairs = np.unique(units * len(words) + numbers) // len(words)
    one_label = np.bincount(pairs, minlength=len(counts)) == 1
    for chosen, names in choices:
        pairs = np.unique(units * len(names) + chosen) // len(names)
        once = np.bincount(pairs, minlength=len(counts)) == counts
        # A model that always says the same is right about one value: no choice among them.
        varied = (np.bincount(chosen, truth) / np.bincount(chosen)).max() < MOSTLY
        if varied and len(names) <= counts.max():
            found |= once & one_right
        # Positions from 0 on hold the numbers of outcomes, too.
        if set(words) == set(names) or (set(words) < set(names) and not outcomes):
            found |= once & one_label & (counts == len(names))
    return found


def _sum_to_one(scores: Floats, units: NDArray[np.int64], counts: NDArray[np.int64]) -> bool:
    """Whether units of several rows sum to one, other than by values that are all equal."""
    slack = tolerance(int(counts.max()))
    telling = np.bincount(units, np.abs(scores - 1 / counts[units]) > slack, len(counts)) > 0
    telling &= counts > 1
    if telling.sum() < _UNITS:
        return False
    sums = np.bincount(units, scores, len(counts))
    return float((np.abs(sums - 1) <= slack)[telling].mean()) >= MOSTLY


def _in_turn(scores: Floats) -> str | None:
    """Say that so many rows after each other, or as far apart as there are units, sum to one."""
    n, total = len(scores), float(scores.sum())
    size = round(n / total) if total > 0 else 0
    if size < 2 or n % size:
        return None
    row, counts = np.arange(n), np.full(n // size, size)
    if any(_sum_to_one(scores, units, counts) for units in (row // size, row % (n // size))):
        return f"{size} rows for each unit, whose values sum to 1"
    return None


def _demand_both_halves(
    source: TableSource, columns: ColumnMapping, labels: Coded | None, scores: Floats
) -> None:
    """Refuse probabilities of class 1 of which none is low, though many rows are of class 0."""
    if labels is None or len(labels[1]) < 2 or len(scores) < _ROWS or scores.min() < 0.5:
        return
    if np.bincount(labels[0]).min() < _MANY * len(scores):
        return
    name = columns.values[0]
    raise DataError(
        f"no value of '{name}' is below one half, as if it were the confidence of what was chosen",
        where=source.name,
        remedy=f"Give --confidence '{name}' with --predicted and the column of what was chosen; or "
        f"--probabilities '{name}', if it is the probability of one class",
    )


def _nearly_equal(chosen: Coded, labels: Coded) -> tuple[str, ...]:
    """Warn of rows that are wrong only because of a sign or a space."""
    one, other = ([word.casefold() for word in words] for _, words in (chosen, labels))
    bare = [np.array([_LETTERS.sub("", w) or w for w in words], object) for words in (one, other)]
    near = bare[0][chosen[0]] == bare[1][labels[0]]
    near &= np.array(one, object)[chosen[0]] != np.array(other, object)[labels[0]]
    # Of C and C++ both are classes.
    near &= ~np.isin(np.array(one, object), other)[chosen[0]]
    if not near.any():
        return ()
    at = int(near.argmax())
    example = f"'{chosen[1][chosen[0][at]]}' and '{labels[1][labels[0][at]]}'"
    return (
        f"{int(near.sum()):,} rows count as wrong though chosen and right label differ in signs "
        f"or spaces alone, as {example}",
    )


def _by_score(
    chosen: NDArray[np.int64], words: Sequence[str], scores: Floats
) -> tuple[str, str] | None:
    """Return two chosen classes if the score alone decides between them, from below one half on."""
    if len(words) != 2 or scores.min() >= 0.5:
        return None
    above = int(scores[chosen == 1].mean() >= scores[chosen == 0].mean())
    high = chosen == above
    least = min(int(high.sum()), int((~high).sum()))
    if least < _CHOSEN:
        return None
    half = scores >= 0.5
    apart = scores[~high].max() < scores[high].min()
    if not apart and (
        min(int(half.sum()), int((~half).sum())) < _CHOSEN
        or min(float(high[half].mean()), float((~high)[~half].mean())) < _NEARLY
    ):
        return None
    return words[1 - above], words[above]


def _one_class(
    source: TableSource, columns: ColumnMapping, name: str, order: tuple[str, str], *, named: bool
) -> tuple[str, ...]:
    """Ask, or note, that a confidence seems to be the probability of one class."""
    low, high = order
    column = columns.values[0]
    what = (
        f"'{column}' seems to be the probability of '{high}', whatever was chosen: '{name}' is "
        f"'{low}' where it is low"
    )
    # Without labels of the classes nothing but the confidences can be put right.
    labels = columns.labels if columns.predicted else None
    labels = labels or next((n for n in columns.beside if is_named(n, LABELS)), None)
    option = f"--probabilities '{column}' --labels '{labels}' --classes '{low},{high}'"
    if labels is None:
        option = f"1 - {column} where '{name}' is '{low}'"
    if named:
        return (f"{what}; if so, {'give ' if labels else 'write '}{option}",)
    keep = f"--confidence '{column}' " + (
        f"--predicted '{name}'" if columns.predicted else f"--labels '{columns.labels}'"
    )
    raise DataError(
        what,
        where=source.name,
        remedy=f"{'Give' if labels else 'Write'} {option}; or {'' if labels else 'give '}{keep}, "
        "if it is that of what was chosen",
    )
