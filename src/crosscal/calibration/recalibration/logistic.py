"""Logistic regression of a 0/1 outcome on a few features, to its optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crosscal.calibration.recalibration.newton import Minimum, minimise
from crosscal.calibration.sample_weights import weighted_mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LogisticLoss:
    """Mean negative log-likelihood of outcomes (n,), convex in the coefficients (d,)."""

    features: Floats  # (n, d) A column of ones for an intercept
    outcomes: Floats  # (n,) 0 or 1
    weights: Floats | None = None  # (n,), of mean 1

    def value(self, at: Floats) -> float:
        """Return the mean negative log-likelihood in nats."""
        odds = self.features @ at
        # log(1 + e^x) - yx, written so that nothing cancels when the outcome is sure.
        rows = np.logaddexp(0.0, np.where(self.outcomes > 0, -odds, odds))
        return weighted_mean(rows, self.weights)

    def derivatives(self, at: Floats) -> tuple[Floats, Floats]:
        """Return gradient (d,) and Hessian (d, d)."""
        odds = self.features @ at
        # The probability of the outcome that did not happen; never 1 - p, which cancels.
        wrong = expit(np.where(self.outcomes > 0, -odds, odds))
        residual = np.where(self.outcomes > 0, -wrong, wrong)
        curvature = wrong * expit(np.where(self.outcomes > 0, odds, -odds))
        if self.weights is not None:
            residual, curvature = self.weights * residual, self.weights * curvature
        n = len(odds)
        return (
            self.features.T @ residual / n,
            (self.features * curvature[:, None]).T @ self.features / n,
        )

    def reach(self, step: Floats) -> float:
        """Return the largest change of any log-odds."""
        return float(np.abs(self.features @ step).max())


def fit_logistic(features: Floats, outcomes: Floats, weights: Floats | None = None) -> Minimum:
    """Return coefficients of a logistic regression without penalty (`Minimum.at`)."""
    loss = LogisticLoss(
        features=features, outcomes=np.asarray(outcomes, dtype=np.float64), weights=weights
    )
    return minimise(loss, np.zeros(features.shape[1]))
