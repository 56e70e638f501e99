"""What an evaluation is given: values, gold, names of groups and settings, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import (
    as_array,
    check_confidence,
    check_gold,
    check_probabilities,
    check_scores,
)
from crosscal.calibration.estimation.resampling import MOST_REPLICATES
from crosscal.calibration.estimation.samples import EvaluationSettings
from crosscal.calibration.recalibration.crossfit import recalibrator
from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.plain_text import plain_text
from crosscal.spelling import did_you_mean

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]

ALL = "all"
"""Name of the group where no groups are given."""

# A matrix of bins by bins is made.
_MOST_BINS = 1000


def check_values(
    scores: ArrayLike, gold: ArrayLike, given: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return scores and gold that can be measured."""
    values = as_array(scores, "scores")
    if given not in ("scores", "probabilities", "confidence"):
        raise SettingsError(
            f"values given as {given!r}",
            where="given",
            remedy="say scores, probabilities or confidence",
        )
    dimensions = 1 if given == "confidence" else 2
    if values.ndim != dimensions or values.size == 0:
        raise DataError(
            f"{given} have shape {values.shape}",
            where="scores",
            remedy="give one confidence a row"
            if dimensions == 1
            else "give a row for each unit and a column for each class",
        )
    # All rows at once, so that an error names the row that was given.
    if given == "confidence":
        check_confidence(values)
    elif given == "scores":
        check_scores(values)
    else:
        check_probabilities(values)
    right = as_array(gold, "gold")
    if right.dtype == np.bool_:
        right = right.astype(np.int64)
    classes = 2 if dimensions == 1 else values.shape[1]
    return values, check_gold(right, (len(values), classes), absent=dimensions == 2)


def class_numbers(gold: ArrayLike, classes: Sequence[str] | None) -> ArrayLike:
    """Return names of classes as their numbers, and numbers as they are."""
    labels = as_array(gold, "gold")
    if labels.dtype.kind not in "UO":
        return gold
    number = {plain_text(name): i for i, name in enumerate(classes or ())}
    names = [plain_text(label) for label in labels.tolist()]
    unknown = next((i for i, name in enumerate(names) if name not in number), None)
    if unknown is not None:
        known = f"the classes are {', '.join(number)}" if number else "no classes are named"
        raise DataError(
            f"gold is {names[unknown]!r}, but {known}",
            where=f"gold, row {unknown}",
            remedy="give the names of the columns as classes, as ['no', 'yes']",
        )
    return np.array([number[name] for name in names], dtype=np.int64)


def confidence_pairs(values: NDArray[Any]) -> NDArray[Any]:
    """Return values by class; a confidence becomes the probabilities of wrong and right."""
    if values.ndim == 2:
        return values
    wide = np.asarray(values, dtype=np.float64)
    return np.stack([1 - wide, wide], axis=1)


def label_codes(labels: ArrayLike | None, n: int, what: str) -> tuple[NDArray[Any], Ints]:
    """Return the names of groups or clusters, and the number of each row's."""
    if labels is None:
        return np.array([ALL]), np.zeros(n, dtype=np.intp)
    array = as_array(labels, what)
    if array.shape != (n,):
        raise DataError(
            f"{what} have shape {array.shape} for {n} rows",
            where=what,
            remedy="give one label for each row",
        )
    # numpy writes the NaN of a list of names as the name "nan".
    raw_labels = array if isinstance(labels, np.ndarray) else np.asarray(labels, dtype=object)
    if raw_labels.dtype.kind in "Of":
        absent = np.array([_missing(label) for label in raw_labels.tolist()])
        if absent.any():
            raise DataError(
                f"{what} are missing in {int(absent.sum())} rows",
                where=f"{what}, row {int(absent.argmax())}",
                remedy="give each row a label, or leave these rows out",
            )
    if array.dtype.kind == "O":
        array = array.astype(np.str_)
    names, index = np.unique(array, return_inverse=True)
    return names, index.astype(np.intp)


def _missing(label: object) -> bool:
    """Whether a label is None, NaN, or one of the missing values of pandas."""
    if isinstance(label, float):
        return math.isnan(label)
    return label is None or type(label).__name__ in ("NAType", "NaTType")


def check_settings(
    names: Sequence[str],
    baseline: str | None,
    recalibrate: Sequence[str],
    replicates: int,
    seed: int,
    settings: EvaluationSettings,
    thresholds: Sequence[float] = (),
    wanted: Sequence[float] = (),
) -> None:
    """Refuse settings that cannot be followed."""
    if baseline is not None and baseline not in names:
        raise SettingsError(
            f"there is no group {baseline!r}",
            where="baseline",
            remedy=did_you_mean(str(baseline), names),
        )
    check_options(
        recalibrate=recalibrate,
        replicates=replicates,
        seed=seed,
        bins=settings.bins,
        level=settings.level,
        thresholds=thresholds,
        wanted=wanted,
    )


def check_options(
    *,
    recalibrate: Sequence[str],
    replicates: int,
    seed: int,
    bins: int,
    level: float,
    thresholds: Sequence[float] = (),
    wanted: Sequence[float] = (),
) -> None:
    """Refuse what no predictions could make sense of, so that it can be said before any is read."""
    if not isinstance(replicates, int | np.integer) or not 100 <= replicates <= MOST_REPLICATES:
        raise SettingsError(
            f"{replicates} replicates",
            where="replicates",
            remedy=f"give 100 to {MOST_REPLICATES:,}",
        )
    if not 1 <= bins <= _MOST_BINS:
        raise SettingsError(f"{bins} bins", where="bins", remedy=f"give 1 to {_MOST_BINS:,}")
    if seed < 0:
        raise SettingsError(f"seed is {seed}", where="seed", remedy="give 0 or more")
    if not 0 < level < 1:
        raise SettingsError(f"level is {level}", where="level", remedy="give a share such as 0.95")
    if replicates * (1 - level) < 2:
        raise SettingsError(
            f"{replicates} replicates do not reach the ends of level {level}",
            where="replicates",
            remedy=f"give {math.ceil(2 / (1 - level)):,} or more, or a lower level",
        )
    for name in recalibrate:
        recalibrator(name, "scores")
    for where, shares in (("thresholds", thresholds), ("wanted", wanted)):
        for share in shares:
            if not 0 <= share <= 1:
                raise SettingsError(
                    f"{share}", where=where, remedy="give shares from 0 to 1, as 0.9"
                )


def drop_weightless(
    weights: Floats, group: Ints, names: Sequence[str]
) -> tuple[Ints, tuple[str, ...]]:
    """Return the rows of some weight, and what is said of the others; each group must have some."""
    kept = np.flatnonzero(weights)
    empty = np.flatnonzero(np.bincount(group[kept], minlength=len(names)) == 0)
    if len(empty):
        raise DataError(
            f"all weights of group {names[empty[0]]} are zero",
            where="weights",
            remedy="leave out the group, or give its rows weights above 0",
        )
    count = len(weights) - len(kept)
    rows = "1 row of weight 0 is" if count == 1 else f"{count:,} rows of weight 0 are"
    return kept, (f"{rows} left out",) if count else ()
