"""Temperature scaling averaged over what the data leave open about the temperature."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from crosscal.calibration.proper import Given, log_softmax, softmax
from crosscal.calibration.recalibration.base import ConvergenceWarning, Estimator
from crosscal.calibration.recalibration.temperature import TemperatureScaling
from crosscal.calibration.sample_weights import effective_size
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

_NODES = 129
# The posterior is cut where its density has fallen by this power of e.
_FALLEN = 34.0
_REACH = 60.0


class BayesianTemperature(Estimator):
    """Average the probabilities over the posterior of the temperature.

    The prior of log T is normal. With few rows the temperature stays near the prior's, with many it
    is that of `TemperatureScaling`, and where no finite temperature is best the average still
    exists. The trapezoidal rule over log T, between the points where the posterior has fallen by
    e^-34 from its mode; for a smooth integrand that vanishes at both ends its error is far below
    float64's.

    Parameters
    ----------
    centre : float
        Mean of log T before any data: 0 for temperature 1; the logarithm of another language's
        temperature makes that the start.
    spread : float
        Standard deviation of log T before any data, above 0.

    Attributes
    ----------
    nodes_ : ndarray of shape (129,)
        Temperatures.
    weights_ : ndarray of shape (129,)
        Posterior weights; sum 1.
    temperature_ : float
        exp of the posterior mean of log T.
    converged_ : bool
        Always True: the posterior exists whatever the data.
    """

    needs_common_choices: ClassVar[bool] = False
    keeps_accuracy: ClassVar[bool] = True

    nodes_: Floats
    weights_: Floats
    temperature_: float

    def __init__(
        self, *, centre: float = 0.0, spread: float = 1.0, given: Given = "scores"
    ) -> None:
        self.centre = centre
        self.spread = spread
        self.given = given

    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the posterior of the temperature from values (n, k)."""
        if not 0 < self.spread < np.inf:
            raise SettingsError(
                f"spread is {self.spread}", where="spread", remedy="give a finite number above 0"
            )
        if not np.isfinite(self.centre):
            raise SettingsError(
                f"centre is {self.centre}", where="centre", remedy="give a finite number"
            )
        scores, right, own = self._to_fit(values, y, sample_weight)
        # Unequal weights say as much as fewer rows of equal weight.
        weights = 1.0 if own is None else own * (effective_size(own) / len(own))

        def cost(u: float) -> float:
            """Return minus the log of the posterior of log T, but for a constant."""
            logs = log_softmax(scores * np.exp(-u))
            fit = -(weights * logs[np.arange(len(right)), right]).sum()
            return float(fit + 0.5 * ((u - self.centre) / self.spread) ** 2)

        # The likelihood's peak may lie far from the prior, or be too narrow for a grid.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            peak = float(np.log(TemperatureScaling().fit(scores, right, own).temperature_))
        grid = _places(self.centre, self.spread, peak)
        at = int(np.argmin([cost(u) for u in grid]))
        around = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
        width = {"xatol": 1e-6 * (around[1] - around[0])}
        optimum = minimize_scalar(cost, bounds=around, method="bounded", options=width).x
        mode = min(float(optimum), float(grid[at]), key=cost)
        low, high = (_fallen(cost, mode, side * self.spread) for side in (-1.0, 1.0))
        nodes = np.linspace(low, high, _NODES)
        costs = np.array([cost(u) for u in nodes])
        weights = np.exp(costs.min() - costs)
        self.weights_ = weights / weights.sum()
        self.nodes_ = np.exp(nodes)
        self.temperature_ = float(np.exp(self.weights_ @ nodes))
        self._conclude("")
        return self

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""
        scores = self._to_predict(values)
        mean = np.zeros(scores.shape)
        for weight, temperature in zip(self.weights_, self.nodes_, strict=True):
            mean += weight * softmax(scores / temperature)
        return np.asarray(mean / mean.sum(axis=1, keepdims=True))


def _places(centre: float, spread: float, peak: float) -> Floats:
    """Return where to look for the mode: around the prior, and from it to the likelihood's peak."""
    close = np.logspace(-9, -1, 33)  # of either end, which may be far apart and narrow
    between = np.concatenate([close, np.linspace(0, 1, 41), 1 - close])
    around = spread * np.linspace(-12, 12, 49)
    return np.unique(np.concatenate([centre + around, centre + (peak - centre) * between]))


def _fallen(cost: Callable[[float], float], mode: float, scale: float) -> float:
    """Return where, from the mode in the direction of the scale, the cost has risen enough."""
    bottom, near, far = cost(mode), 0.0, abs(scale) * 1e-6
    side = np.sign(scale)
    while cost(mode + side * far) - bottom < _FALLEN and far < _REACH * abs(scale):
        near, far = far, far * 2
    for _ in range(20):
        middle = (near + far) / 2
        if cost(mode + side * middle) - bottom < _FALLEN:
            near = middle
        else:
            far = middle
    return float(mode + side * far)
