"""Rows that stand for different numbers of cases: their means, and how many rows they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import as_array
from crosscal.exceptions import ArrayError

Floats = NDArray[np.float64]

# Weights that differ by less are equal, as 1 / 0.3 and 1 / (0.1 + 0.2) are.
_EQUAL = 1e-12
# Beside the greatest, a weight of a smaller share is lost in sums.
_LEAST_SHARE = 1e-15


def check_weights(weights: ArrayLike, n: int, *, zero: bool = True) -> Floats:
    """Return weights as float64 of shape (n,), none below 0 and some above; else ArrayError.

    Without `zero` all must be above 0.
    """
    if as_array(weights, "weights").dtype.kind not in "biuf":
        raise ArrayError(
            "weights are no numbers", where="weights", remedy="give one number for each row"
        )
    values = as_array(weights, "weights", np.float64)
    if values.shape != (n,):
        raise ArrayError(
            f"weights have shape {values.shape} for {n} rows: sample_weight must be 1D",
            where="weights",
            remedy="give one weight for each row",
        )
    wrong = ~np.isfinite(values) | (values < 0) | ((values == 0) & (not zero))
    if wrong.any():
        row = int(wrong.argmax())
        raise ArrayError(
            f"the weight is {values[row]}",
            where=f"weights, row {row}",
            remedy="give how many cases each row stands for, a number from 0 up"
            if zero
            else "give numbers above 0, and leave out rows that stand for no case",
        )
    if not values.any():
        raise ArrayError(
            "all weights are zero", where="weights", remedy="give rows that stand for some cases"
        )
    least = values[values > 0].min()
    if least < _LEAST_SHARE * values.max():
        raise ArrayError(
            f"weights from {least:g} to {values.max():g} are too far apart to be added up",
            where="weights",
            remedy="give those that count for nothing beside the others the weight 0",
        )
    return values


def mean_one(weights: ArrayLike | None, n: int) -> Floats | None:
    """Return checked weights divided by their mean; None if all are equal."""
    values = None if weights is None else at_most_one(check_weights(weights, n))
    return None if values is None else np.asarray(values / values.mean())


def at_most_one(weights: Floats) -> Floats | None:
    """Return weights divided by the greatest, so that no sum overflows; None if all are equal."""
    values = weights / weights.max()
    return None if np.ptp(values) <= _EQUAL else values


def of_some_weight(
    weights: ArrayLike | None, *rows: NDArray[Any]
) -> tuple[Floats | None, Sequence[NDArray[Any]]]:
    """Return weights as `mean_one` does, and rows, without those of weight 0."""
    if weights is None:
        return None, rows
    values = check_weights(weights, len(rows[0]))
    kept = values > 0
    return mean_one(values[kept], int(kept.sum())), [each[kept] for each in rows]


def weighted_mean(rows: Floats, weights: Floats | None) -> float:
    """Return the mean of rows, each with its weight; None: all with the same."""
    if weights is None:
        return float(rows.mean())
    # Exact where all rows are equal: of all right the mean is 1, and not nearly so.
    start = float(rows[0]) if np.isfinite(rows[0]) else 0.0
    return start + float(weights @ (rows - start) / weights.sum())


def effective_size(weights: Floats) -> float:
    """Return how many rows of equal weight have a mean as certain (Kish, 1965, section 11.7)."""
    scaled = weights / weights.max()
    return float(scaled.sum() ** 2 / (scaled @ scaled))


def inequality(sizes: Floats, counts: Floats) -> float:
    """Return how many times as many clusters are needed for unequal weights, 1 or more.

    `sizes` are sums of weights of clusters, `counts` their rows.
    """
    some = counts > 0
    return max(1.0, effective_size(counts[some]) / effective_size(sizes[some]))
