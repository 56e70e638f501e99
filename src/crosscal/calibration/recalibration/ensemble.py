"""Ensemble temperature scaling: a mixture of scaled, plain and uniform probabilities."""

from __future__ import annotations

import warnings
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls

from crosscal.calibration.proper import Given, softmax
from crosscal.calibration.recalibration.base import ConvergenceWarning, Estimator
from crosscal.calibration.recalibration.temperature import TemperatureScaling
from crosscal.calibration.sample_weights import weighted_mean

Floats = NDArray[np.float64]

# The mean NLL is then at most so far above its minimum (see `mixture_weights`).
_CLOSE = 1e-10
_MOST_STEPS = 100
_RIDGE = 1e-9


class EnsembleTemperature(Estimator):
    """Mix the probabilities at the best temperature, those at temperature 1 and the uniform.

    Zhang, Kailkhura and Han (2020), section 3.2, with weights that minimise the NLL (their code
    takes the squared error by default). A row's uniform part counts only the choices it has.

    Attributes
    ----------
    temperature_ : float
        Of `TemperatureScaling` on the same rows.
    weights_ : ndarray of shape (3,)
        Of the three, in the order above; they sum to 1.
    converged_ : bool
        False, with a `ConvergenceWarning`, where the temperature has no finite optimum, or the
        weights were not found.
    """

    needs_common_choices: ClassVar[bool] = False
    keeps_accuracy: ClassVar[bool] = True

    temperature_: float
    weights_: Floats

    def __init__(self, *, given: Given = "scores") -> None:
        self.given = given

    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the temperature, then the weights, on values (n, k)."""
        scores, right, own = self._to_fit(values, y, sample_weight)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            scaling = TemperatureScaling().fit(scores, right, own)
        self.temperature_ = scaling.temperature_
        gold_density = self._parts(scores)[:, np.arange(len(right)), right].T
        self.weights_, reached = mixture_weights(gold_density, own)
        failure = "" if scaling.converged_ else "no finite temperature is best"
        self._conclude(failure or ("" if reached else "the weights were not found"))
        return self

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""
        scores = self._to_predict(values)
        return np.asarray(np.tensordot(self.weights_, self._parts(scores), 1))

    def _parts(self, scores: Floats) -> Floats:
        present = np.isfinite(scores)
        uniform = present / present.sum(axis=1, keepdims=True)
        return np.stack([softmax(scores / self.temperature_), softmax(scores), uniform])


def mixture_weights(density: Floats, rows: Floats | None = None) -> tuple[Floats, bool]:
    """Return the weights of a mixture that minimise ``-mean log(density @ weights)``.

    `rows` are the weights of the rows in that mean, of mean 1.
    """
    m = density.shape[1]
    weights = np.full(m, 1.0 / m)
    for _ in range(_MOST_STEPS):
        share = density / (density @ weights)[:, None]
        pull = share.mean(axis=0) if rows is None else (rows @ share) / len(share)
        # The loss is convex: max_j mean(density_j / mixture) - 1 bounds how far it can still fall.
        if pull.max() - 1.0 <= _CLOSE:
            return weights, True
        following = _newton_weights(share, rows, pull, weights)
        longer = _no_worse(density, rows, weights, following)
        if longer is None:
            return weights, False
        weights = longer / longer.sum()
    return weights, False


def _newton_weights(share: Floats, rows: Floats | None, pull: Floats, weights: Floats) -> Floats:
    """Return the weights, none below 0, that minimise the loss's quadratic model."""
    # The loss -mean log(density @ w) + sum(w) is least where the sum is 1. With Hessian H, H w is
    # the pull, so the model in v is v' H v / 2 - (2 pull - 1)' v: non-negative least squares.
    hessian = share.T @ (share if rows is None else rows[:, None] * share) / len(share)
    # Parts that are alike leave directions open: there the model is held to where it stands.
    ridge = _RIDGE * np.trace(hessian)
    root = cholesky(hessian + ridge * np.eye(len(pull)))
    return np.asarray(
        nnls(root, solve_triangular(root, 2.0 * pull - 1.0 + ridge * weights, trans="T"))[0]
    )


def _no_worse(
    density: Floats, rows: Floats | None, weights: Floats, target: Floats
) -> Floats | None:
    """Return the farthest of the whole, half, ... way to the target that does not cost more."""

    def loss(at: Floats) -> float:
        mixture = density @ at
        if not (mixture > 0).all():
            return np.inf
        return float(at.sum()) - weighted_mean(np.log(mixture), rows)

    before, length = loss(weights), 1.0
    while length > 1e-10:
        at = weights + length * (target - weights)
        if loss(at) <= before + 1e-15:
            return np.asarray(at)
        length /= 2
    return None
