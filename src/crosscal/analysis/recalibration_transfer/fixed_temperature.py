"""Temperatures that are not simply fitted: given, drawn towards another, or matched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar

from crosscal.calibration import softmax

Floats = NDArray[np.float64]

PRIOR_SPREAD = 0.3
"""Standard deviation of log T around that of English: two languages in three within a factor of
1.35. Set by judgement before any result was seen."""

# How far a search goes, in prior standard deviations, and in how many steps.
_REACH, _STEPS = 6.0, 37

# Log T beyond which confidence no longer changes for scores of any usual size.
_FARTHEST = 6.0


class GivenTemperature:
    """Divide scores by a temperature that is known."""

    converged_ = True

    def __init__(self, temperature: float) -> None:
        self.temperature_ = float(temperature)

    def fit(self, values: ArrayLike, y: ArrayLike) -> GivenTemperature:
        """Return self: there is nothing to learn."""
        return self

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return the softmax of the divided scores."""
        return softmax(np.asarray(values, dtype=np.float64) / self.temperature_)


def temperature_with_prior(
    scores: Floats, gold: NDArray[np.int64], centre: float, spread: float = PRIOR_SPREAD
) -> float:
    """Return the most probable temperature, given examples (or none) and a prior of log T."""
    # Minimises sum of NLL + (log T - log centre)^2 / (2 spread^2): finite even where the examples
    # alone have no best temperature.
    if not len(gold):
        return centre
    below = scores - scores.max(axis=1, keepdims=True)
    gold_score = below[np.arange(len(gold)), gold]

    def cost(shifts: Floats) -> Floats:
        beta = np.exp(-np.log(centre) - shifts)[:, None]
        normaliser = np.log(np.exp(beta[:, :, None] * below).sum(axis=2))
        nll = (normaliser - beta * gold_score).sum(axis=1)
        return np.asarray(nll + shifts**2 / (2 * spread**2))

    # Not convex in log T, so a grid comes first.
    grid = np.linspace(-_REACH * spread, _REACH * spread, _STEPS)
    near, step = float(grid[np.argmin(cost(grid))]), float(grid[1] - grid[0])
    optimum = minimize_scalar(
        lambda shift: float(cost(np.array([shift]))[0]),
        bounds=(near - step, near + step),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return float(centre * np.exp(optimum.x))


def matching_temperature(scores: Floats, accuracy: float) -> float:
    """Return the temperature at which mean confidence is an accuracy, or an end of its range."""

    def excess(log_t: float) -> float:
        return float(softmax(scores / np.exp(log_t)).max(axis=1).mean()) - accuracy

    return float(np.exp(_root(excess)))


def _root(falling: Callable[[float], float]) -> float:
    if falling(-_FARTHEST) <= 0:
        return -_FARTHEST
    if falling(_FARTHEST) >= 0:
        return _FARTHEST
    return float(brentq(falling, -_FARTHEST, _FARTHEST, xtol=1e-10))


def threshold_accuracy(english: Floats, correct: NDArray[np.bool_], target: Floats) -> float:
    """Predict accuracy on unlabelled rows from how many are surer than a threshold."""
    # Above the threshold lies the English accuracy's share of English rows (average thresholded
    # confidence, Garg et al. 2022, equations 1 and 2, with maximum confidence).
    threshold = np.quantile(english, 1.0 - correct.mean())
    return float((target >= threshold).mean())
