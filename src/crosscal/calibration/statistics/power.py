"""How small an effect could the data have shown, and how much data would a smaller one need."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, ndtri

from crosscal.calibration.statistics.crossed_seeds import SeedPivots, SeedSpread
from crosscal.calibration.statistics.intervals import check_draws, check_level
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Larger numbers of clusters are no longer whole in float64.
_MOST_CLUSTERS = 1e15
# What a new study may learn of the variance between trainings: so many equally likely numbers.
_STUDIES = 9
# Draws of the interval of each.
_REPLICATES = 400
_HALVINGS = 24


def detectable_effect(standard_error: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """Return the smallest true effect that would be seen with a given probability.

    ``(z[(1 + level) / 2] + z[power]) * standard_error``; seen means that the interval leaves
    out 0. Bloom (1995). The chance of an interval beyond 0 on the wrong side is left out; at level
    0.95 and these powers it is below 1e-4 (at 0.9 below 6e-4). It is a statement about the
    design (rows, clusters, pairing), not about the effect that was observed: power "at the
    observed effect" says no more than the p-value does.

    Parameters
    ----------
    standard_error : float
        Of the estimated effect, at least 0: the standard deviation of the draws of a difference.
    level : float
        Of the two-sided interval, between 0 and 1.
    power : float
        Between 0.5 and 1.

    Raises
    ------
    SettingsError
        A number outside its range.
    """
    _check(standard_error, level, power)
    return float(ndtri((1 + level) / 2) + ndtri(power)) * standard_error


def detectable_in_new_study(
    items: float, spread: SeedSpread, pivots: SeedPivots, *, level: float = 0.95, power: float = 0.8
) -> float:
    """Return the smallest true effect that a study like this one would see so often."""
    # A new study has other items and other trainings, and learns anew how much trainings differ:
    # the chance that its interval leaves out 0 is averaged over what it may learn. With one seed:
    # for other items, of the same models.
    if spread.raw <= 0:
        return detectable_effect(math.sqrt(items), level=level, power=power)
    error = math.sqrt(items + spread.variance)
    shares = (np.arange(_STUDIES) + 0.5) / _STUDIES
    learnt = spread.raw * chdtri(spread.freedom, 1.0 - shares) / spread.freedom
    normal = pivots.normal[:_REPLICATES]
    chi_square = pivots.chi_square(spread.freedom)[:_REPLICATES]
    between = np.maximum(0.0, learnt[:, None] / chi_square - spread.items)
    drawn = math.sqrt(items) * np.roll(normal, len(normal) // 2) + np.sqrt(between) * normal
    halves = np.quantile(np.abs(drawn), level, axis=1)
    low, high = 0.0, float(halves.max()) + 5.0 * error
    for _ in range(_HALVINGS):
        effect = (low + high) / 2
        seen = float((ndtr((effect - halves) / error) + ndtr((-effect - halves) / error)).mean())
        low, high = (effect, high) if seen < power else (low, effect)
    return (low + high) / 2


def power_of(effect: float, standard_error: float, *, level: float = 0.95) -> float:
    """Return the probability that the interval leaves out 0 if the effect is this large.

    ``Phi(|d| - z) + Phi(-|d| - z)`` with ``d = effect / standard_error``. At effect 0 it is
    ``1 - level``; with standard error 0 it is 1 for any effect but 0. Errors are those of
    `detectable_effect`.
    """
    _check(standard_error, level)
    _check_effect(effect)
    if standard_error == 0:
        return 1.0 if effect else 1 - level
    distance, reach = abs(effect) / standard_error, ndtri((1 + level) / 2)
    return float(ndtr(distance - reach) + ndtr(-distance - reach))


def clusters_needed(
    effect: float,
    standard_error: float,
    clusters: int,
    *,
    level: float = 0.95,
    power: float = 0.8,
) -> int:
    """Return how many clusters would show an effect with a given probability.

    The standard error, given for the clusters at hand, falls with the root of their number, so
    ``clusters * (detectable effect now / effect)^2``, rounded up, at least 2. More clusters do not
    help against variance between seeds: with few seeds that part stays.

    Raises
    ------
    SettingsError
        A number outside its range, or an effect that is 0 or that 1e15 clusters would not show.
    """
    if effect == 0 or not math.isfinite(effect):
        raise SettingsError(
            f"effect is {effect}", where="effect", remedy="give a size that would matter"
        )
    if clusters < 2:
        raise SettingsError(
            f"{clusters} clusters", where="clusters", remedy="give the number at hand, 2 or more"
        )
    now = detectable_effect(standard_error, level=level, power=power)
    # Rounding must not add a cluster where the answer is a whole number.
    with np.errstate(over="ignore"):
        needed = clusters * np.square(now / np.float64(abs(effect)))
    if not needed < _MOST_CLUSTERS:
        raise SettingsError(
            f"effect is {effect}",
            where="effect",
            remedy="no number of clusters would show so small an effect; give a larger one",
        )
    return max(2, math.ceil(float(needed) - 1e-9))


def detectable_shift(
    draws: Floats, *, level: float = 0.95, power: float = 0.8
) -> tuple[float, float]:
    """Return the smallest effects below and above 0 that would be seen, by shift of the draws.

    If the true effect were ``d``, the estimate would be ``d + e`` and its interval
    ``d + e`` plus the quantiles of the draws around their median, with ``e`` distributed as
    the draws, shape (replicates,), are around their median. Solved for the ``d`` whose interval
    leaves out 0 with probability `power`. Equal to `detectable_effect` for normal draws, but keeps
    skewness.

    Raises
    ------
    SettingsError, DataError
        A number outside its range; no draws, or some that are not finite.
    """
    _check(0.0, level, power)
    around = check_draws(draws, "draws")
    around = around - np.median(around)
    low, high = np.quantile(around, [(1 - level) / 2, (1 + level) / 2])
    short, far = np.quantile(around, [1 - power, power])
    return float(min(0.0, -(high + far))), float(max(0.0, -(low + short)))


def power_of_shift(draws: Floats, effect: float, *, level: float = 0.95) -> float:
    """Return the share of estimates shifted by `detectable_shift` whose interval leaves out 0."""
    _check(0.0, level)
    _check_effect(effect)
    around = check_draws(draws, "draws")
    around = around - np.median(around)
    low, high = np.quantile(around, [(1 - level) / 2, (1 + level) / 2])
    estimates = effect + around
    return float(((estimates + low > 0) | (estimates + high < 0)).mean())


def _check_effect(effect: float) -> None:
    if math.isnan(effect):
        raise SettingsError("effect is NaN", where="effect", remedy="give a number")


def _check(standard_error: float, level: float, power: float = 0.8) -> None:
    if not 0 <= standard_error < math.inf:
        raise SettingsError(
            f"standard error is {standard_error}",
            where="standard_error",
            remedy="give a finite number, 0 or more",
        )
    check_level(level)
    if not 0.5 <= power < 1:
        raise SettingsError(
            f"power is {power}", where="power", remedy="give a share from 0.5 to below 1, as 0.8"
        )
