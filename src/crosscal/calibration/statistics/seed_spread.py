"""What the choice of the training seed adds to the uncertainty, learnt from few seeds.

The numbers of S seeds vary with variance ``tau^2 + w``: training, and the items each run happens
to err on. The second part, w, is known well from the bootstrap; the variance as a whole is known
from S numbers only, and putting the estimate in the place of the truth makes intervals too
short. Here its uncertainty is drawn too, as a generalised pivotal quantity (Weerahandi 1993):
if ``(S - 1) s^2 / (tau^2 + w)`` is chi-square distributed with S - 1 degrees of freedom, then

    tau^2 = max(0, (S - 1) s^2 / chi^2 - w)

are draws of the true variance between trainings, and ``sqrt(tau^2 / S) z``, z standard normal,
draws of what the mean over S seeds is off by. With w = 0 that is Student's t exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtri
from scipy.stats import qmc

from crosscal.calibration.statistics.intervals import check_draws
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]


def seed_pivots(seeds: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Draw what `seed_shifts` needs, once for all measures of a recipe.

    Parameters
    ----------
    seeds, replicates : int
        At least 1.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (2, replicates)
        Standard normal numbers, and chi-square numbers over their degrees of freedom,
        ``seeds - 1`` (infinite with one seed, whose variance is unknown).

    Raises
    ------
    SettingsError
        Fewer than one seed or replicate.
    """
    if seeds < 1 or replicates < 1:
        raise SettingsError(
            f"{seeds} seeds, {replicates} replicates", where="seeds", remedy="give 1 or more"
        )
    # Evenly spread points: with two seeds the ends of an interval hang on the rarest draws. In
    # random order, because those of another recipe are spread in the same pattern.
    points = rng.permutation(qmc.Halton(2, rng=rng).random(replicates))
    normal = ndtri(points[:, 0])
    if seeds == 1:
        return np.stack([normal, np.full(replicates, np.inf)])
    return np.stack([normal, chdtri(seeds - 1, 1.0 - points[:, 1]) / (seeds - 1)])


def seed_shifts(values: ArrayLike, within: float, pivots: Floats) -> Floats:
    """Draw how far the mean over seeds is from the mean over all trainings.

    Parameters
    ----------
    values : array of shape (seeds,)
        The measure of each seed's run.
    within : float
        Variance between seeds that comes from their erring on other items: of the bootstrap
        replicates, the variance over seeds, averaged over replicates.
    pivots : ndarray of shape (2, replicates)
        From `seed_pivots`.

    Returns
    -------
    ndarray of shape (replicates,)
        To be added to the draws of the mean; 0 throughout with one seed.

    Raises
    ------
    DataError
        No values, or some that are not finite.
    """
    numbers = check_draws(np.asarray(values, dtype=np.float64), "values")
    if len(numbers) < 2:
        return np.zeros(pivots.shape[1])
    normal, scale = pivots
    between = np.maximum(0.0, numbers.var(ddof=1) / scale - within)
    return np.asarray(np.sqrt(between / len(numbers)) * normal)
