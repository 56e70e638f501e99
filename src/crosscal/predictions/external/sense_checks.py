"""What all rows say against chosen classes: confidences too low for them, labels of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import Tables, coded
from crosscal.predictions.external.columns import ColumnMapping
from crosscal.predictions.external.plain_text import unnumbered
from crosscal.predictions.external.sources.table_source import TableSource

_ROWS, _CHOSEN = 50, 4
# Of the rows of a class, from which on its confidences are another class's.
_MANY = 0.5
# Standard errors of an accuracy that is no better than chance, and how far above confidence is.
_ERRORS, _FAR_ABOVE = 1.96, 0.1
_SLACK = 1e-3
_LOOKED_AT = 10_000


def check_chosen(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    values: NDArray[Any],
    gold: NDArray[np.int32],
    *,
    named: bool,
) -> tuple[str, ...]:
    """Ask, or note, where confidences are not of the chosen classes, or labels of other rows."""
    if columns.layout != "confidence":
        known = np.flatnonzero(gold >= 0)
        if values.ndim < 2 or not len(known):
            return ()
        some = known[:: max(1, len(known) // _LOOKED_AT)]
        return _unrelated(values.argmax(axis=1)[known], gold[known], _highest(values[some]))
    chosen, labels = (coded(source, name, tables) for name in (columns.predicted, columns.labels))
    if chosen is None or labels is None or columns.predicted is None:
        return ()
    spelled = [[unnumbered(word).casefold() for word in names] for _, names in (chosen, labels)]
    words = sorted({*spelled[0], *spelled[1]})
    number = {word: i for i, word in enumerate(words)}
    one, other = (
        np.array([number[word] for word in names])[numbers]
        for names, (numbers, _) in zip(spelled, (chosen, labels), strict=True)
    )
    if ((one == other) != gold).any():
        return ()  # names and numbers of classes, which --classes puts together
    low = _too_low(source, columns, one, words, values, named=named)
    return low or _unrelated(one, other, values)


def _highest(values: NDArray[Any]) -> NDArray[Any]:
    """Return the confidences of probabilities, or of scores."""
    top = values.max(axis=1)
    if values.min() >= 0 and top.max() <= 1 + _SLACK:
        return np.asarray(top)
    return np.asarray(1 / np.exp(values.astype(np.float64) - top[:, None]).sum(axis=1))


def _too_low(
    source: TableSource,
    columns: ColumnMapping,
    chosen: NDArray[np.int64],
    words: list[str],
    confidence: NDArray[Any],
    *,
    named: bool,
) -> tuple[str, ...]:
    """Say where confidences are below 1/k, which none of the likeliest of k classes is."""
    k = len(words)
    low = confidence < 1 / k - _SLACK
    if k < 3 or not low.any():
        return ()
    name = columns.values[0]
    what = (
        f"in {int(low.sum()):,} of {len(low):,} rows '{name}' is below 1/{k}, though the chosen "
        f"one of {k} classes has at least that where all sum to one"
    )
    counts = np.bincount(chosen, minlength=k)
    shares = np.bincount(chosen, low, k) / np.maximum(counts, 1)
    several = counts >= _CHOSEN
    own = np.flatnonzero(several & (shares == 0))
    others = chosen != own[0] if len(own) == 1 else np.zeros(len(low), dtype=bool)
    if not others.any() or float(low[others].mean()) < _MANY:
        return (f"{what}: look whether it is the confidence of what was chosen",)
    what += f"; only of '{words[own[0]]}' it never is, as if it were the probability of that class"
    if named:
        return (what,)
    raise DataError(
        what,
        where=source.name,
        remedy="Give the probability of each row's chosen class, or a column for each class; or "
        f"--confidence '{name}' --predicted '{columns.predicted}', if it is that of what was "
        "chosen",
    )


def _unrelated(
    chosen: NDArray[Any], gold: NDArray[Any], confidence: NDArray[Any]
) -> tuple[str, ...]:
    """Note labels that choices hit no more often than by chance, at confidences far above it."""
    n, size = len(gold), int(max(chosen.max(), gold.max())) + 1
    shares = np.bincount(gold, minlength=size) / n
    if n < _ROWS or shares.max() == 1:
        return ()
    chance = float(shares @ np.bincount(chosen, minlength=size)) / n
    accuracy, mean = float((chosen == gold).mean()), float(confidence.mean())
    error = np.sqrt(max(accuracy * (1 - accuracy), 1 / n) / n)
    if len(np.unique(chosen)) < 2 or abs(accuracy - chance) > _ERRORS * error:
        return ()
    if mean - max(accuracy, chance) < max(_FAR_ABOVE, 2 * _ERRORS * error):
        return ()
    return (
        f"accuracy {100 * accuracy:.1f} % is no better than chance ({100 * chance:.1f} %), with a "
        f"mean confidence of {100 * mean:.1f} %: do the labels belong to these rows?",
    )
