"""Ridge regression on a handful of rows, its penalty chosen by leaving one out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The last one leaves nothing but the mean.
PENALTIES = (*np.logspace(-1, 4, 26), np.inf)


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A fitted regression."""

    mean: float  # of the outcome; not penalised
    # centre, spread: (features,): of the training rows; features are standardised by them
    centre: Floats
    spread: Floats
    weights: Floats  # (features,): of the standardised features
    penalty: float  # infinite where no finite one predicted left-out rows better than their mean
    freedom: float  # effective degrees of freedom without the mean: trace of the hat matrix, less 1
    # 1 - squared error of left-out rows / that of predicting the mean of the others; at most 1, and
    # 0 where the penalty is infinite
    r2: float

    def predict(self, features: Floats) -> float:
        """Predict the outcome of a row, shape (features,); NaN counts as the mean."""
        standard = (features - self.centre) / self.spread
        return float(self.mean + np.where(np.isfinite(standard), standard, 0.0) @ self.weights)


def fit_ridge(features: Floats, outcome: Floats) -> Ridge:
    """Fit, choosing the penalty by the closed-form errors of left-out rows."""
    # Minimises |y - mean - X w|^2 + penalty |w|^2 over standardised X. A left-out row's error is
    # its residual over one minus its leverage (Hastie, Tibshirani and Friedman 2009, equation
    # 7.64).
    n = len(outcome)
    known = np.isfinite(features)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, features, 0.0).sum(axis=0) / count
    standard = np.where(known, features - centre, 0.0)
    spread = np.sqrt((standard**2).sum(axis=0) / count)
    spread[spread < 1e-12] = 1.0
    standard = standard / spread
    mean = float(outcome.mean())
    left, sizes, right = np.linalg.svd(standard, full_matrices=False)
    along = left.T @ (outcome - mean)
    errors = []
    penalties = PENALTIES if n >= 3 and features.shape[1] else (np.inf,)
    for penalty in penalties:
        shrinkage = sizes**2 / (sizes**2 + penalty)
        leverage = 1.0 / n + (left**2) @ shrinkage
        residual = outcome - mean - left @ (shrinkage * along)
        errors.append(float(np.square(residual / np.maximum(1.0 - leverage, 1e-9)).mean()))
    # Of equal errors the strongest penalty.
    best = len(errors) - 1 - int(np.argmin(errors[::-1]))
    penalty = float(penalties[best])
    shrinkage = sizes / (sizes**2 + penalty)
    return Ridge(
        mean=mean,
        centre=centre,
        spread=spread,
        weights=right.T @ (shrinkage * along),
        penalty=penalty,
        freedom=float((sizes * shrinkage).sum()),
        r2=1.0 - errors[best] / errors[-1] if errors[-1] > 0 else 0.0,
    )
