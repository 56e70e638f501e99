"""Intervals and p-values from draws of a true value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]


def quantile_interval(low: Floats, high: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the interval between outer quantiles of draws.

    Parameters
    ----------
    low, high : ndarray of shape (replicates,)
        Draws of the true value, the least and the greatest it can be; mostly the same.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
        The ``(1 - level) / 2`` quantile of `low`, the ``(1 + level) / 2`` quantile of `high`.

    Raises
    ------
    SettingsError
        Level not between 0 and 1.
    DataError
        No draws, or a NaN among them.
    """
    check_level(level)
    _demand_numbers(low, high)
    bottom = float(np.quantile(low, (1 - level) / 2))
    return bottom, float(np.quantile(high, (1 + level) / 2))


def percentile_interval(draws: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval between the outer quantiles of bootstrap replicates.

    Parameters
    ----------
    draws : ndarray of shape (replicates,)
    level : float
        Between 0 and 1.

    Raises
    ------
    SettingsError
        Level not between 0 and 1.
    DataError
        No replicate, or one that is not finite.

    Notes
    -----
    Efron and Tibshirani (1993), equation 13.5. Not for binned calibration errors: their
    replicates count the noise twice (see `crosscal.calibration.estimation.inversion`).
    """
    values = check_draws(draws, "draws")
    return quantile_interval(values, values, level)


def basic_interval(value: float, draws: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval mirrored in the estimate.

    ``(2 value - upper quantile, 2 value - lower quantile)``: right where replicates scatter
    around the estimate as the estimate does around the truth.

    Parameters
    ----------
    value : float
        The estimate itself.
    draws, level
        As in `percentile_interval`.

    Notes
    -----
    Davison and Hinkley (1997), equation 5.6.
    """
    low, high = percentile_interval(draws, level=level)
    return 2 * value - high, 2 * value - low


def bca_interval(
    value: float, draws: Floats, without: Floats, *, level: float = 0.95
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval.

    Parameters
    ----------
    value : float
        The estimate itself.
    draws : ndarray of shape (replicates,)
    without : ndarray of shape (clusters,)
        The estimate without each cluster in turn (see `crosscal.calibration.statistics.bootstrap`);
        its skewness is the acceleration.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float

    Raises
    ------
    SettingsError
        Level not between 0 and 1.
    DataError
        No draw or fewer than two clusters, or a number that is not finite.

    Notes
    -----
    Efron (1987); equations 14.9 to 14.15 of Efron and Tibshirani (1993). Replicates equal to
    the estimate count half on either side, as in scipy. Where all lie on one side the bias
    correction is that of half a replicate on the other. Where all jackknife values agree the
    acceleration is 0.
    """
    check_level(level)
    values, jackknife = check_draws(draws, "draws"), check_draws(without, "without")
    if len(jackknife) < 2:
        raise DataError(
            "one cluster has no jackknife", where="without", remedy="give two or more clusters"
        )
    below = ((values < value).mean() + (values <= value).mean()) / 2
    half = 0.5 / len(values)
    bias = float(ndtri(np.clip(below, half, 1 - half)))
    lever = jackknife.mean() - jackknife
    square = float((lever**2).sum())
    acceleration = float((lever**3).sum()) / (6 * square**1.5) if square > 0 else 0.0
    ends = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    stretch = 1 - acceleration * ends
    # Past the pole of the transformation no quantile is far enough: take the outermost.
    moved = np.where(stretch > 0, bias + ends / np.where(stretch > 0, stretch, 1), np.inf * ends)
    low, high = np.quantile(values, ndtr(moved))
    return float(low), float(high)


def check_level(level: float) -> None:
    """Raise SettingsError unless 0 < level < 1."""
    if not 0 < level < 1:
        raise SettingsError(
            f"level is {level}", where="level", remedy="give a share between 0 and 1, as 0.95"
        )


def two_sided_p(low: Floats, high: Floats) -> float:
    """Return the two-sided p-value of "the true value is 0" that fits `quantile_interval`.

    Twice the smaller share of draws on the other side of 0, counting one replicate more, at
    most 1.

    Raises
    ------
    DataError
        No draws, or a NaN among them: it lies on neither side and would pass for evidence.
    """
    low, high = np.asarray(low), np.asarray(high)
    _demand_numbers(low, high)
    below = 1 + int((low <= 0).sum())
    above = 1 + int((high >= 0).sum())
    return min(1.0, 2.0 * min(above, below) / (1 + len(low)))


def _demand_numbers(low: Floats, high: Floats) -> None:
    for where, draws in (("low", low), ("high", high)):
        if not np.size(draws) or np.isnan(draws).any():
            raise DataError("no draws, or NaN", where=where, remedy="give one number a replicate")


def check_draws(draws: Floats, where: str) -> Floats:
    """Return draws as float64 of shape (replicates,); raise DataError if none or not finite."""
    values = np.asarray(draws, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise DataError(
            f"{where} has shape {values.shape}", where=where, remedy="give one number a replicate"
        )
    if not np.isfinite(values).all():
        number = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            "NaN or infinite value", where=f"{where}, {number}", remedy="give finite numbers"
        )
    return values
