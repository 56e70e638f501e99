"""In which direction confidence is off, and how often a sure answer is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import Edges, Scheme, bin_table, make_bins
from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]


def overconfidence(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
) -> float:
    """Return the part of `ece` from bins more confident than accurate.

    ``sum_b (n_b / n) max(0, mean confidence_b - accuracy_b)``. With `underconfidence` it adds up to
    the `ece` of the same bins; less `underconfidence` it is the signed gap. In [0, 1].
    """
    table = bin_table(
        confidence, correct, make_bins(confidence, bins=bins, edges=edges, scheme=scheme)
    )
    return float(np.maximum(table.excess, 0.0).sum())


def underconfidence(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
) -> float:
    """Return the part of `ece` from bins less confident than accurate (see `overconfidence`)."""
    table = bin_table(
        confidence, correct, make_bins(confidence, bins=bins, edges=edges, scheme=scheme)
    )
    return float(np.maximum(-table.excess, 0.0).sum())


def overconfident_errors(
    confidence: ArrayLike, correct: ArrayLike, *, threshold: float = 0.9
) -> float:
    """Return the share of all rows that are wrong with confidence at or above the threshold.

    In [0, 1]. A calibrated model shows at most ``1 - threshold`` of them in expectation.
    """
    high_confidence, wrong = _confident_and_wrong(confidence, correct, threshold)
    return float((wrong * high_confidence).mean())


def confident_error_rate(
    confidence: ArrayLike, correct: ArrayLike, *, threshold: float = 0.9
) -> float:
    """Return the share of wrong rows among those with confidence at or above the threshold.

    In [0, 1]; NaN where no row is so confident.
    """
    high_confidence, wrong = _confident_and_wrong(confidence, correct, threshold)
    return float(wrong[high_confidence].mean()) if high_confidence.any() else float("nan")


def _confident_and_wrong(
    confidence: ArrayLike, correct: ArrayLike, threshold: float
) -> tuple[NDArray[np.bool_], Floats]:
    if not 0 <= threshold <= 1:
        raise SettingsError(
            f"threshold is {threshold}", where="threshold", remedy="give a number from 0 to 1"
        )
    values = check_confidence(confidence)
    return values >= threshold, 1.0 - check_correct(correct, len(values))
