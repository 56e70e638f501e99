"""Tail probabilities from few draws: counted where draws reach, extrapolated where they do not.

A p-value that is counted among R draws is never below 1 / (1 + R), so that with many comparisons
the number of draws decides the verdict. Beyond the draws the tail is continued by an exponential
one, of a rate that the highest draws tell of but do not fix: averaged over what they leave open
(for each rate r a weight of 1 / r; Geisser, 1993, section 3.1), it is a power, and values beyond a
level come up as often as the level says. With the rate taken as fitted, levels of 1e-5 were passed
four times as often. Sums and lengths of nearly normal vectors have tails that fall faster than an
exponential (their hazard rate increases), so the continued tail rather misses something than claims
what is not there. Draws of few different values have no such tail, and are counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

# Draws beyond a value from which on their share is taken as it is.
_ENOUGH = 10
# The tail is fitted to this share of the draws, and to no fewer than so many.
_TAIL, _LEAST = 0.025, 20
# It is only continued if so many of these differ, by more than this part of the largest.
_SMOOTH, _STEP = 0.75, 1e-9


def upper_tail(draws: Floats, at: float) -> float:
    """Return the probability of a draw of at least `at`, in (0, 1]."""
    n = len(draws)
    beyond = int((draws >= at).sum())
    counted = (1 + beyond) / (1 + n)
    k = max(_LEAST, round(_TAIL * n))
    if beyond >= _ENOUGH or k >= n / 2:
        return counted
    highest = np.sort(np.partition(draws, n - k)[n - k :])
    threshold = float(highest[0])
    total = float((highest - threshold).sum())  # of k - 1 exceedances
    # Few rows, or nearly certain ones, show few different errors: their tail is no smooth one.
    steps = np.count_nonzero(np.diff(highest) > _STEP * max(abs(highest[-1]), abs(threshold)))
    if total <= 0 or at <= threshold or steps < _SMOOTH * k:
        return counted
    continued = k / n * (1 + (at - threshold) / total) ** (1 - k)
    return float(max(min(counted, continued), np.finfo(np.float64).tiny))


def two_sided_tail(low: Floats, high: Floats, scale: Floats | None = None) -> float:
    """Return the two-sided p-value of "the true value is 0" from draws of it, shape (replicates,).

    Twice the smaller of the probabilities that it lies on either side of 0, at most 1. `low` and
    `high` are the least and the greatest it can be; `scale` is the standard deviation of a normal
    term that each draw lacks, for example what trainings differ by: its tail is exact, not counted.
    """
    below, above = _tail(-low, scale), _tail(high, scale)
    return min(1.0, 2.0 * min(below, above))


def _tail(draws: Floats, scale: Floats | None) -> float:
    """Return the probability that draw plus normal term is at least 0."""
    if scale is None or not scale.any():
        return upper_tail(draws, 0.0)
    wide = scale > 0
    spread = float(ndtr(draws[wide] / scale[wide]).sum())
    narrow = draws[~wide]
    rest = upper_tail(narrow, 0.0) * len(narrow) if len(narrow) else 0.0
    smoothed = (spread + rest) / len(draws)
    # The draws alone are only counted in there: where the normal term is small, their tail decides.
    return max(smoothed, upper_tail(draws, 0.0)) if draws.std() > 0 else smoothed
