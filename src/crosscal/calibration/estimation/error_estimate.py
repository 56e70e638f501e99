"""A measure with its interval, and the measures that are means over rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.draws import ClusterDraws
from crosscal.calibration.statistics.intervals import quantile_interval
from crosscal.calibration.statistics.resampling import cluster_sums

Floats = NDArray[np.float64]

# What measures can be; 0 to 1 for all others.
_RANGES = {"nll": (0.0, np.inf), "brier": (0.0, 2.0), "gap": (-1.0, 1.0)}


@dataclass(frozen=True, kw_only=True)
class ErrorEstimate:
    """One measure of one set of predictions.

    Attributes
    ----------
    value : float
        As the function of that name gives it.
    low, high : float
        Interval for the value at infinite data.
    noise_floor : float or None
        Mean value of perfectly calibrated samples; None for what is not a calibration error.
    p_value : float or None
        Of perfect calibration, one-sided.
    draws_low, draws_high : ndarray of shape (replicates,)
        Draws of the true value, the least and the greatest it can be; equal but where a
        calibration error may well be 0. Draw r belongs to row r of the weights, so draws of
        differences are formed pairwise: ``low - other.high`` and ``high - other.low``.
    """

    value: float
    low: float
    high: float
    noise_floor: float | None
    p_value: float | None
    draws_low: Floats
    draws_high: Floats


def estimate_means(
    rows: Mapping[str, Floats], draws: ClusterDraws, level: float
) -> dict[str, ErrorEstimate]:
    """Return means over rows with percentile intervals.

    Parameters
    ----------
    rows : mapping of name to ndarray of shape (n,)
        Infinity allowed.
    draws : ClusterDraws
    level : float
        Of the intervals.
    """
    finite = {name: np.where(np.isfinite(each), each, 0.0) for name, each in rows.items()}
    columns = [cluster_sums(each, draws.cluster, draws.clusters) for each in finite.values()]
    replicates = draws.means(np.stack(columns, axis=1)).T.copy()
    found = {}
    for (name, each), mean in zip(rows.items(), replicates, strict=True):
        infinite = np.isinf(each)
        if infinite.any():
            # A right choice of probability 0 costs infinity wherever it is drawn.
            count = cluster_sums(infinite, draws.cluster, draws.clusters)
            mean[draws.weights @ count > 0] = np.inf
        found[name] = _mean(float(each.mean()), mean, draws, level, _RANGES.get(name, (0.0, 1.0)))
    return found


def _mean(
    value: float, mean: Floats, draws: ClusterDraws, level: float, span: tuple[float, float]
) -> ErrorEstimate:
    low_draws, high_draws = (mean, mean)
    if draws.clusters < 2:
        low_draws, high_draws = (np.full_like(mean, end) for end in span)
    if np.isfinite(high_draws).all():
        low, high = quantile_interval(low_draws, high_draws, level)
    else:
        # Between a number and infinity there is nothing to interpolate.
        low = float(np.quantile(low_draws, (1 - level) / 2, method="lower"))
        high = float(np.quantile(high_draws, (1 + level) / 2, method="higher"))
    return ErrorEstimate(
        value=value,
        low=low,
        high=high,
        noise_floor=None,
        p_value=None,
        draws_low=low_draws,
        draws_high=high_draws,
    )
