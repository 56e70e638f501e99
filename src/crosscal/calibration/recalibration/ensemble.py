"""Ensemble temperature scaling: a mixture of scaled, plain and uniform probabilities."""

from __future__ import annotations

import warnings
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from crosscal.calibration.proper import Given, softmax
from crosscal.calibration.recalibration.contract import ConvergenceWarning, Estimator
from crosscal.calibration.recalibration.temperature import TemperatureScaling

Floats = NDArray[np.float64]

# The mean NLL is then at most so far above its minimum (see `mixture_weights`).
_CLOSE = 1e-10
_MOST_STEPS = 20_000
# At the minimum a part in use pulls by 1; steps only near a weight of 0.
_IDLE = 1e-7


class EnsembleTemperature(Estimator):
    """Mix the probabilities at the best temperature, those at temperature 1 and the uniform.

    Parameters
    ----------
    given : {"scores", "probabilities"}

    Attributes
    ----------
    temperature_ : float
        Of `TemperatureScaling` on the same rows.
    weights_ : ndarray of shape (3,)
        Of the three, in the order above; they sum to 1.
    converged_ : bool
        False, with a `ConvergenceWarning`, where the temperature has no finite optimum, or the
        weights were not found.

    Notes
    -----
    Zhang, Kailkhura and Han (2020), section 3.2, with weights that minimise the NLL (their code
    takes the squared error by default). A row's uniform part counts only the choices it has.
    """

    needs_common_choices: ClassVar[bool] = False
    keeps_accuracy: ClassVar[bool] = True

    temperature_: float
    weights_: Floats

    def __init__(self, *, given: Given = "scores") -> None:
        self.given = given

    def fit(self, values: ArrayLike, gold: ArrayLike) -> Self:
        """Find the temperature, then the weights, on values (n, k)."""
        scores, right = self._to_fit(values, gold)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            scaling = TemperatureScaling().fit(scores, right)
        self.temperature_ = scaling.temperature_
        chosen = self._parts(scores)[:, np.arange(len(right)), right].T
        self.weights_, reached = mixture_weights(chosen)
        trouble = "" if scaling.converged_ else "no finite temperature is best"
        self._conclude(trouble or ("" if reached else "the weights were not found"))
        return self

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""
        scores = self._to_predict(values)
        return np.asarray(np.tensordot(self.weights_, self._parts(scores), 1))

    def _parts(self, scores: Floats) -> Floats:
        there = np.isfinite(scores)
        uniform = there / there.sum(axis=1, keepdims=True)
        return np.stack([softmax(scores / self.temperature_), softmax(scores), uniform])


def mixture_weights(density: Floats) -> tuple[Floats, bool]:
    """Return the weights of a mixture that minimise ``-mean log(density @ weights)``.

    Parameters
    ----------
    density : ndarray of shape (n, m)
        At least one of each row positive.

    Returns
    -------
    weights : ndarray of shape (m,)
        At least 0, sum 1.
    reached : bool
        Whether the value is within 1e-10 of the minimum. The loss is convex, and by how much it
        can still fall is at most ``max_j mean(density_j / mixture) - 1``.
    """
    m = density.shape[1]
    start = minimize(
        lambda w: -np.log(np.maximum(density @ w, 1e-300)).mean(),
        np.full(m, 1.0 / m),
        jac=lambda w: -(density / np.maximum(density @ w, 1e-300)[:, None]).mean(axis=0),
        method="SLSQP",
        bounds=[(0.0, 1.0)] * m,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like},
        options={"ftol": 1e-15, "maxiter": 200},
    ).x
    # A part whose weight is exactly 0 could not come back.
    weights = np.maximum(start, 1e-9)
    weights /= weights.sum()
    for _ in range(_MOST_STEPS):
        pull = (density / (density @ weights)[:, None]).mean(axis=0)
        if pull.max() - 1.0 <= _CLOSE:
            return _without_idle(density, weights, pull), True
        weights = weights * pull  # a step of EM; the sum stays 1
    return weights / weights.sum(), False


def _without_idle(density: Floats, weights: Floats, pull: Floats) -> Floats:
    """Return weights of 0 for the parts that lose weight in every step, if that is no worse."""
    kept = np.where(pull > 1.0 - _IDLE, weights, 0.0)
    kept /= kept.sum()
    mixtures = density @ np.column_stack([weights, kept])
    if (mixtures[:, 1] <= 0).any():
        return weights
    plain, without = -np.log(mixtures).mean(axis=0)
    return kept if without <= plain else weights
