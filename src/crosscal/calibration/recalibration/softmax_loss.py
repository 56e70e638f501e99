"""Softmax regression on a row's scores, with a quadratic penalty, to its optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg

from crosscal.calibration.proper import log_softmax, softmax
from crosscal.calibration.recalibration.newton import Minimum, minimise, stopped
from crosscal.calibration.sample_weights import weighted_mean

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Above so many parameters (64 classes) a Hessian does not fit into memory any more.
_MOST_FOR_NEWTON = 4160
_QUASI_STEPS = 5000
# Numbers in the rows that enter a Hessian at once.
_BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class SoftmaxLoss:
    """Mean NLL of ``softmax(scores @ weights + bias)`` plus a quadratic penalty."""

    # Parameters are one vector: the free weights, then the bias. Weight number j takes column
    # source[j] of the scores to class target[j].
    scores: Floats  # (n, k)
    gold: Ints  # (n,)
    source: Ints  # (w,)
    target: Ints
    penalty: Floats  # (w + k,) Added is ``penalty @ parameters**2``
    weights: Floats | None = None  # (n,), of mean 1

    def _logits(self, at: Floats) -> Floats:
        k = self.scores.shape[1]
        weights = np.zeros((k, k))
        weights[self.source, self.target] = at[: len(self.source)]
        return np.asarray(self.scores @ weights + at[len(self.source) :])

    def value(self, at: Floats) -> float:
        """Return the penalised mean negative log-likelihood."""
        logs = log_softmax(self._logits(at))
        loss = -weighted_mean(logs[np.arange(len(logs)), self.gold], self.weights)
        return float(loss + self.penalty @ at**2)

    def gradient(self, at: Floats) -> Floats:
        """Return the gradient (p,)."""
        residual = self._residual(softmax(self._logits(at)))
        return self._gradient(residual, at)

    def derivatives(self, at: Floats) -> tuple[Floats, Floats]:
        """Return gradient (p,) and Hessian (p, p)."""
        probability = softmax(self._logits(at))
        gradient = self._gradient(self._residual(probability), at)
        n, k = probability.shape
        target = np.concatenate([self.target, np.arange(k)])
        of_choice = [np.flatnonzero(target == choice) for choice in range(k)]
        hessian = np.zeros((len(at), len(at)))
        for rows in np.array_split(np.arange(n), -(-n * len(at) // _BLOCK)):
            # d logit_c / d parameter is the source's score for weights, one for the bias.
            design = np.hstack([self.scores[rows][:, self.source], np.ones((len(rows), k))])
            weighted = design * probability[rows][:, target]
            own = 1.0 if self.weights is None else self.weights[rows][:, None]
            between = weighted.T @ (own * weighted)
            for choice, here in enumerate(of_choice):
                # p (1 - p) as p times the sum of the others: 1 - p cancels when a row is sure.
                others = own * np.delete(probability[rows], choice, axis=1).sum(axis=1)[:, None]
                within = (weighted[:, here] * others).T @ design[:, here]
                between[np.ix_(here, here)] = -within
            hessian -= between
        return gradient, hessian / n + np.diag(2.0 * self.penalty)

    def curvature(self, at: Floats, step: Floats) -> Floats:
        """Return the Hessian times a step, without the Hessian; (p,)."""
        probability, change = softmax(self._logits(at)), self._logits(step)
        change = probability * (change - (probability * change).sum(axis=1, keepdims=True))
        if self.weights is not None:
            change *= self.weights[:, None]
        weights = (self.scores.T @ change)[self.source, self.target]
        hessian = np.concatenate([weights, change.sum(axis=0)]) / len(change)
        return hessian + 2.0 * self.penalty * step

    def reach(self, step: Floats) -> float:
        """Return the largest change of any row's log-odds."""
        return float(np.ptp(self._logits(step), axis=1).max())

    def _residual(self, probability: Floats) -> Floats:
        residual, rows = probability.copy(), np.arange(len(probability))
        residual[rows, self.gold] = 0.0
        residual[rows, self.gold] = -residual.sum(axis=1)  # p - 1 cancels when a row is sure
        if self.weights is not None:
            residual *= self.weights[:, None]
        return residual / len(residual)

    def _gradient(self, residual: Floats, at: Floats) -> Floats:
        weights = (self.scores.T @ residual)[self.source, self.target]
        return np.concatenate([weights, residual.sum(axis=0)]) + 2.0 * self.penalty * at


def fit_softmax(loss: SoftmaxLoss) -> Minimum:
    """Minimise by Newton's steps, or with gradients alone if there are very many parameters."""
    start = np.zeros(len(loss.penalty))
    # A multiple of the identity under which no row is so sure that it has no curvature.
    spread = float(np.ptp(loss.scores, axis=1).max())
    start[: len(loss.source)] = (loss.source == loss.target) / (spread or 1.0)
    return minimise(loss, start) if len(start) <= _MOST_FOR_NEWTON else _quasi_newton(loss, start)


def _quasi_newton(loss: SoftmaxLoss, start: Floats) -> Minimum:
    """Minimise with gradients alone; one step of Newton's tells whether that was a minimum."""
    result = minimize(
        loss.value,
        start,
        jac=loss.gradient,
        method="L-BFGS-B",
        options={"maxiter": _QUASI_STEPS, "maxfun": 2 * _QUASI_STEPS, "ftol": 0.0, "gtol": 1e-9},
    )
    at = np.asarray(result.x, dtype=np.float64)
    gradient = loss.gradient(at)
    size = (len(at), len(at))
    product = LinearOperator(size, matvec=lambda v: loss.curvature(at, v), dtype=np.float64)
    step, _ = cg(product, -gradient, rtol=1e-3, maxiter=500)
    return Minimum(
        at=at,
        value=float(result.fun),
        gradient=float(np.abs(gradient).max()),
        n_iter=int(result.nit),
        ending=stopped(loss, float(result.fun), gradient, step) or "steps",
    )
