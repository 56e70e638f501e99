"""Intervals and p-values from draws of a true value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.errors import SettingsError

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
    """
    if not 0 < level < 1:
        raise SettingsError(
            f"level is {level}", where="level", remedy="give a share between 0 and 1, as 0.95"
        )
    bottom = float(np.quantile(low, (1 - level) / 2))
    return bottom, float(np.quantile(high, (1 + level) / 2))


def two_sided_p(low: Floats, high: Floats) -> float:
    """Return the two-sided p-value of "the true value is 0" that fits `quantile_interval`.

    Twice the smaller share of draws on the other side of 0, counting one replicate more, at
    most 1.
    """
    below = 1 + int((low <= 0).sum())
    above = 1 + int((high >= 0).sum())
    return min(1.0, 2.0 * min(above, below) / (1 + len(low)))
