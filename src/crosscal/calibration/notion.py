"""What a calibration error is about: the chosen label, or one class."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_gold, check_probabilities
from crosscal.calibration.proper import Given, softmax, top_label
from crosscal.calibration.rows import row_argmax, row_max
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Notion = Literal["top-label", "class-wise"] | int

ROWS_AT_ONCE = 1_000_000
"""Rows whose probabilities are in memory together, where something is only read off them."""


def outcomes(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    notion: Notion = "top-label",
    given: Given = "scores",
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a confidence for each row, and whether what it is the confidence in is true."""
    count = len(values) if isinstance(values, np.ndarray) else 0
    if count > ROWS_AT_ONCE and np.shape(gold) == (count,):
        confidence, right = np.empty(count), np.empty(count, dtype=np.bool_)
        for start in range(0, count, ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            some = np.asarray(values)[part], np.asarray(gold)[part]
            confidence[part], right[part] = outcomes(*some, notion=notion, given=given)
        return confidence, right
    if notion == "top-label" and given == "scores":
        return top_label(values, gold)
    probabilities = to_probabilities(values, given=given)
    known = check_gold(gold, probabilities.shape, absent=True)
    if notion == "top-label":
        return row_max(probabilities), row_argmax(probabilities) == known
    number = _class_number(notion, probabilities.shape[1])
    return probabilities[:, number].copy(), known == number


def to_probabilities(values: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return checked probabilities, shape (n, k), of scores or probabilities."""
    if given == "scores":
        return softmax(values)
    if given == "probabilities":
        return check_probabilities(values)
    raise SettingsError(
        f"values given as {given!r}", where="given", remedy="say scores or probabilities"
    )


def _class_number(notion: object, classes: int) -> int:
    """Return the class that a notion names."""
    if notion == "class-wise":
        raise SettingsError(
            "class-wise calibration has no one confidence for a row",
            where="notion",
            remedy="use classwise_ece, ace or tace, or name one class by its number",
        )
    if isinstance(notion, bool) or not isinstance(notion, int | np.integer):
        raise SettingsError(
            f"unknown notion {notion!r}",
            where="notion",
            remedy="say top-label, class-wise or the number of a class",
        )
    if not 0 <= notion < classes:
        raise SettingsError(
            f"class {notion} with {classes} classes",
            where="notion",
            remedy=f"give a number from 0 to {classes - 1}",
        )
    return int(notion)
