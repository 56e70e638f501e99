"""Intervals from draws of a true value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]


def quantile_interval(low: Floats, high: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the interval between outer quantiles of draws: of `low` below, of `high` above.

    Both of shape (replicates,): draws of the true value, the least and the greatest it can be;
    mostly the same.

    Raises
    ------
    SettingsError, DataError
        Level not between 0 and 1; no draws, or a NaN among them.
    """
    check_level(level)
    _demand_numbers(low, high)
    low, high = np.asarray(low), np.asarray(high)
    if np.isfinite(low).all() and (high is low or np.isfinite(high).all()):
        shares = (1 - level) / 2, (1 + level) / 2
        if high is low:
            bottom, top = _quantiles(low, *shares)
            return bottom, top
        return _quantiles(low, shares[0])[0], _quantiles(high, shares[1])[0]
    # Between a number and infinity there is nothing to interpolate.
    bottom = float(np.quantile(low, (1 - level) / 2, method="lower"))
    return bottom, float(np.quantile(high, (1 + level) / 2, method="higher"))


def percentile_interval(draws: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval between the outer quantiles of bootstrap replicates, shape (replicates,).

    Efron and Tibshirani (1993), equation 13.5. Not for binned calibration errors: their
    replicates count the noise twice (see `crosscal.calibration.estimation.inversion`).

    Raises
    ------
    SettingsError, DataError
        Level not between 0 and 1; no replicate, or one that is not finite.
    """
    values = check_draws(draws, "draws")
    return quantile_interval(values, values, level)


def _quantiles(values: Floats, *shares: float) -> list[float]:
    """Return numpy's linear quantiles of numbers, several times as fast."""
    last = len(values) - 1
    at = [share * last for share in shares]
    left = [min(int(each), max(0, last - 1)) for each in at]
    right = [min(each + 1, last) for each in left]
    ordered = np.partition(values, (*left, *right))
    ends = zip(at, left, ordered[left].tolist(), ordered[right].tolist(), strict=True)
    return [below + (above - below) * (each - place) for each, place, below, above in ends]


def check_level(level: float) -> None:
    """Raise SettingsError unless 0 < level < 1."""
    if not 0 < level < 1:
        raise SettingsError(
            f"level is {level}", where="level", remedy="give a share between 0 and 1, as 0.95"
        )


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
