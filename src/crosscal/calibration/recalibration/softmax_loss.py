"""Softmax regression on a row's scores, with a quadratic penalty, to its optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from crosscal.calibration.proper import log_softmax, softmax
from crosscal.calibration.recalibration.newton import Minimum, minimise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Above so many parameters a Hessian costs more than many steps without one.
_MOST_FOR_NEWTON = 420
_QUASI_STEPS = 5000
_FLAT = 1e-6


@dataclass(frozen=True, kw_only=True)
class SoftmaxLoss:
    """Mean NLL of ``softmax(scores @ weights + bias)`` plus a quadratic penalty.

    Parameters are one vector: the weights that are free, then the bias. Weight number j takes
    column ``source[j]`` of the scores to class ``target[j]``.

    Attributes
    ----------
    scores : ndarray of float64, shape (n, k)
    gold : ndarray of int, shape (n,)
    source, target : ndarray of int, shape (w,)
    penalty : ndarray of float64, shape (w + k,)
        Added is ``penalty @ parameters**2``.
    """

    scores: Floats
    gold: Ints
    source: Ints
    target: Ints
    penalty: Floats

    def _logits(self, at: Floats) -> Floats:
        k = self.scores.shape[1]
        weights = np.zeros((k, k))
        weights[self.source, self.target] = at[: len(self.source)]
        return np.asarray(self.scores @ weights + at[len(self.source) :])

    def value(self, at: Floats) -> float:
        """Return the penalised mean negative log-likelihood."""
        logs = log_softmax(self._logits(at))
        return float(-logs[np.arange(len(logs)), self.gold].mean() + self.penalty @ at**2)

    def gradient(self, at: Floats) -> Floats:
        """Return the gradient (p,)."""
        residual = self._residual(softmax(self._logits(at)))
        return self._gradient(residual, at)

    def derivatives(self, at: Floats) -> tuple[Floats, Floats]:
        """Return gradient (p,) and Hessian (p, p)."""
        probability = softmax(self._logits(at))
        gradient = self._gradient(self._residual(probability), at)
        n, k = probability.shape
        # d logit_c / d parameter is the source's score for weights, one for the bias.
        design = np.hstack([self.scores[:, self.source], np.ones((n, k))])
        target = np.concatenate([self.target, np.arange(k)])
        weighted = design * probability[:, target]
        hessian = -(weighted.T @ weighted)
        for choice in range(k):
            at_choice = target == choice
            hessian[np.ix_(at_choice, at_choice)] += weighted[:, at_choice].T @ design[:, at_choice]
        return gradient, hessian / n + np.diag(2.0 * self.penalty)

    def reach(self, step: Floats) -> float:
        """Return the largest change of any row's log-odds."""
        return float(np.ptp(self._logits(step), axis=1).max())

    def _residual(self, probability: Floats) -> Floats:
        residual = probability.copy()
        residual[np.arange(len(residual)), self.gold] -= 1.0
        return residual / len(residual)

    def _gradient(self, residual: Floats, at: Floats) -> Floats:
        weights = (self.scores.T @ residual)[self.source, self.target]
        return np.concatenate([weights, residual.sum(axis=0)]) + 2.0 * self.penalty * at


def fit_softmax(loss: SoftmaxLoss) -> Minimum:
    """Minimise from the identity: by Newton's steps, with gradients alone if there are many.

    Returns
    -------
    Minimum
        Without a penalty there may be none ("runaway"): separable classes.
    """
    start = np.zeros(len(loss.penalty))
    start[: len(loss.source)] = loss.source == loss.target
    return minimise(loss, start) if len(start) <= _MOST_FOR_NEWTON else _quasi_newton(loss, start)


def _quasi_newton(loss: SoftmaxLoss, start: Floats) -> Minimum:
    """Minimise with gradients alone."""
    found = minimize(
        loss.value,
        start,
        jac=loss.gradient,
        method="L-BFGS-B",
        options={"maxiter": _QUASI_STEPS, "maxfun": 2 * _QUASI_STEPS, "ftol": 0.0, "gtol": 1e-9},
    )
    largest = float(np.abs(loss.gradient(found.x)).max())
    return Minimum(
        at=np.asarray(found.x, dtype=np.float64),
        value=float(found.fun),
        gradient=largest,
        n_iter=int(found.nit),
        ending="minimum" if largest <= _FLAT else "steps",
    )
