"""Two languages to be compared, and the difference with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers of one model in one language."""

    confidence: ArrayLike  # (n,): in [0, 1]
    correct: ArrayLike  # (n,): 0 or 1
    cluster: NDArray[np.intp]  # (n,): column of the resampling's weights that each row belongs to
    # (n,): further measures that are means over rows (`nll_rows`, `brier_rows`)
    costs: Mapping[str, ArrayLike] = field(default_factory=dict)
    # name, number: tell sets on the same items apart, as those of a `SampleSet`
    name: str = ""
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A difference with its interval and the two-sided p-value of "it is 0"."""

    value: float
    low: float
    high: float
    p_value: float


def contrast(difference: Measurement, level: float) -> Contrast:
    """Return value, interval and p-value of a difference."""
    low, high = difference.interval(level)
    return Contrast(value=difference.value, low=low, high=high, p_value=difference.p_value())


def mean_draws(value: float, draws: Floats, span: tuple[float, float]) -> Measurement:
    """Return a mean as a measurement, with draws of its truth."""
    inside = np.clip(draws, *span)
    return Measurement(value=value, draws_low=inside, draws_high=inside, span=span)


def checked_answers(answers: Answers, resampling: ClusterResampling) -> tuple[Floats, Floats]:
    """Return confidence and correct; raise DataError for bad arrays."""
    confidence = check_confidence(answers.confidence)
    correct = check_correct(answers.correct, len(confidence))
    cluster, units = np.asarray(answers.cluster), resampling.weights.shape[1]
    inside = cluster.shape == confidence.shape and np.issubdtype(cluster.dtype, np.integer)
    if not inside or cluster.min() < 0 or cluster.max() >= units:
        raise DataError(
            f"clusters of shape {cluster.shape}, or outside the {units} that were drawn",
            where="cluster",
            remedy=f"give each of {len(confidence)} rows the number of its cluster",
        )
    return confidence, correct
