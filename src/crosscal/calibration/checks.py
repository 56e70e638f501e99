"""What the functions of this room demand of their arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from crosscal.calibration.rows import row_sum
from crosscal.exceptions import ArrayError

Floats = NDArray[np.float64]

# Float32 softmax rows of a few dozen classes sum to one within this, and no value is further out.
_SUM_TOLERANCE = 1e-5


def as_array(values: ArrayLike, where: str, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return an array, of this type if one is given; ArrayError for ragged rows or words."""
    try:
        return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ArrayError(
            "not an array of numbers", where=where, remedy="give numbers, in rows of one length"
        ) from error


def check_scores(scores: ArrayLike) -> Floats:
    """Return scores as float64 of shape (n, k), n >= 1, k >= 2; else raise ArrayError.

    Minus infinity says that a row does not have that choice; at least two others must be finite.
    """
    values = as_array(scores, "scores", np.float64)
    if values.ndim != 2 or values.shape[0] < 1 or values.shape[1] < 2:
        raise ArrayError(
            f"scores have shape {values.shape}",
            where="scores",
            remedy="give a row for each unit and a column for each of two or more choices",
        )
    there = np.isfinite(values)
    if there.all():
        return values
    bad = (~there & ~np.isneginf(values)).any(axis=1) | (there.sum(axis=1) < 2)
    if bad.any():
        raise ArrayError(
            "NaN or infinite value, or fewer than two choices",
            where=f"scores, row {int(bad.argmax())}",
            remedy="give finite numbers (minus infinity only where a choice does not exist)",
        )
    return values


def check_probabilities(probabilities: ArrayLike) -> Floats:
    """Return probabilities as float64 (n, k), in [0, 1], rows summing to 1; else ArrayError."""
    values = check_scores(probabilities)
    if values.min() < -_SUM_TOLERANCE or values.max() > 1 + _SUM_TOLERANCE:
        beyond = (values < -_SUM_TOLERANCE) | (values > 1 + _SUM_TOLERANCE)
        row = int(beyond.any(axis=1).argmax())
        raise ArrayError(
            f"probability outside 0 to 1, {values[row][beyond[row]][0]}",
            where=f"probabilities, row {row}",
            remedy="give probabilities, or say given='scores'",
        )
    off = np.abs(row_sum(values) - 1.0)
    if off.max() > _SUM_TOLERANCE:
        row = int(off.argmax())
        raise ArrayError(
            f"probabilities sum to {float(values[row].sum())}, not 1",
            where=f"probabilities, row {row}",
            remedy="normalise them, or say given='scores'",
        )
    return _within_one(values)


def check_gold(
    gold: ArrayLike, shape: tuple[int, ...], *, absent: bool = False
) -> NDArray[np.int64]:
    """Return gold indices as int64 of shape (n,); raise ArrayError if outside 0 .. k-1.

    With `absent`, -1 (the right choice is not among them) is allowed too.
    """
    values = as_array(gold, "gold")
    if values.shape != shape[:1] or not np.issubdtype(values.dtype, np.integer):
        raise ArrayError(
            f"gold has shape {values.shape} and type {values.dtype}",
            where="gold",
            remedy=f"give {shape[0]} integers",
        )
    wrong = (values < (-1 if absent else 0)) | (values >= shape[1])
    if wrong.any():
        row = int(wrong.argmax())
        raise ArrayError(
            f"gold is {values[row]} with {shape[1]} choices",
            where=f"gold, row {row}",
            remedy="leave out units whose right choice is not among the choices"
            if values[row] == -1
            else f"give the index of the right choice, 0 to {shape[1] - 1}",
        )
    return values.astype(np.int64)


def check_confidence(confidence: ArrayLike) -> Floats:
    """Return confidences as float64 of shape (n,), n >= 1, in [0, 1]; else raise ArrayError."""
    values = as_array(confidence, "confidence", np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ArrayError(
            f"confidence has shape {values.shape}",
            where="confidence",
            remedy="give one confidence for each of one or more units",
        )
    _demand_finite(values, "confidence")
    outside = (values < -_SUM_TOLERANCE) | (values > 1 + _SUM_TOLERANCE)
    if outside.any():
        row = int(outside.argmax())
        raise ArrayError(
            f"confidence is {values[row]}",
            where=f"confidence, row {row}",
            remedy="give probabilities from 0 to 1",
        )
    return _within_one(values)


def check_correct(correct: ArrayLike, n: int) -> Floats:
    """Return 0/1 outcomes as float64 of shape (n,); else raise ArrayError."""
    values = as_array(correct, "correct", np.float64)
    if values.shape != (n,):
        raise ArrayError(
            f"correct has shape {values.shape} for {n} confidences",
            where="correct",
            remedy="give one outcome for each confidence",
        )
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row = int(wrong.argmax())
        raise ArrayError(
            f"correct is {values[row]}",
            where=f"correct, row {row}",
            remedy="give 0 or 1, False or True",
        )
    return values


def _within_one(values: Floats) -> Floats:
    """Return values with what is beyond 0 or 1 by rounding put there."""
    inside = values.min() >= 0 and values.max() <= 1
    return values if inside else np.clip(values, 0, 1)


def _demand_finite(values: Floats, where: str) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise ArrayError(
            "NaN or infinite value", where=f"{where}, row {row}", remedy="give finite numbers"
        )
