"""Intervals and p-values from the errors of a bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.errors import SettingsError

Floats = NDArray[np.float64]


def basic_interval(value: float, errors: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the interval that the errors of a bootstrap imply for the true value.

    ``value - quantile((1 + level) / 2)`` to ``value - quantile((1 - level) / 2)`` of the
    errors (replicate minus the truth of the world it was drawn from). The bias of the
    statistic, being part of the errors, is taken out; the percentile interval would put it
    in a second time.

    Parameters
    ----------
    value : float
        The statistic on the data.
    errors : ndarray of shape (replicates,)
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float
    """
    if not 0 < level < 1:
        raise SettingsError(
            f"level is {level}", where="level", remedy="give a share between 0 and 1, as 0.95"
        )
    upper, lower = np.quantile(errors, [(1 + level) / 2, (1 - level) / 2])
    return float(value - upper), float(value - lower)


def two_sided_p(value: float, errors: Floats) -> float:
    """Return the two-sided p-value of "the true value is 0" that fits `basic_interval`.

    Twice the smaller share of errors on either side of the value, counting one replicate more,
    at most 1.
    """
    above = 1 + int((errors >= value).sum())
    below = 1 + int((errors <= value).sum())
    return min(1.0, 2.0 * min(above, below) / (1 + len(errors)))
