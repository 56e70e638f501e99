"""Two languages to be compared, and the difference with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.estimation.draws import ClusterDraws, cluster_draws
from crosscal.calibration.statistics.intervals import quantile_interval, two_sided_p

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers of one model in one language.

    Attributes
    ----------
    confidence : array of shape (n,)
        In [0, 1].
    correct : array of 0/1, shape (n,)
    cluster : array of int, shape (n,)
        Column of the weights that each row belongs to.
    costs : mapping of name to array of shape (n,)
        Further measures that are means over rows (`nll_rows`, `brier_rows`).
    """

    confidence: ArrayLike
    correct: ArrayLike
    cluster: NDArray[np.intp]
    costs: Mapping[str, ArrayLike] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A difference with its interval and the two-sided p-value of "it is 0"."""

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Drawn:
    """A value and draws of its truth, the least and the greatest it can be."""

    value: float
    low: Floats
    high: Floats

    def __sub__(self, other: Drawn) -> Drawn:
        return Drawn(self.value - other.value, self.low - other.high, self.high - other.low)

    def contrast(self, level: float) -> Contrast:
        """Return value, interval and p-value."""
        low, high = quantile_interval(self.low, self.high, level)
        p_value = two_sided_p(self.low, self.high)
        return Contrast(value=float(self.value), low=low, high=high, p_value=p_value)


def resampled_totals(sums: Floats, weights: Floats) -> Floats:
    """Return totals of the sample (first) and of its replicates."""
    return np.vstack([sums.sum(axis=0), weights @ sums])


def checked_answers(answers: Answers, weights: ArrayLike) -> tuple[Floats, Floats, ClusterDraws]:
    """Return confidence, correct and the draws of clusters; raise DataError for bad arrays."""
    confidence = check_confidence(answers.confidence)
    correct = check_correct(answers.correct, len(confidence))
    return confidence, correct, cluster_draws(weights, answers.cluster, len(confidence))
