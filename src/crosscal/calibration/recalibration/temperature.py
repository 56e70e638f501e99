"""Temperature scaling: one number that divides all scores, fitted exactly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.proper import Given, softmax
from crosscal.calibration.recalibration.base import Estimator
from crosscal.calibration.sample_weights import weighted_mean

Floats = NDArray[np.float64]

# Where no finite temperature is best, the scores are stretched to, or squeezed to, this
# power of e of their spread: as good as certain, as good as uniform, still finite.
_FAR = 10.0

# Step in log beta, relative, at which the search ends; Newton's last step is far more exact.
_ENOUGH = 1e-13


class TemperatureScaling(Estimator):
    """Divide scores by the temperature that minimises the negative log-likelihood.

    The likelihood is convex in beta = 1 / T, so the search (Newton steps in log beta,
    in float64, with closed-form gradient and curvature, kept inside a bracket by bisection) ends at
    the one optimum or says that there is none. Guo et al. (2017), section 4.2.

    Attributes
    ----------
    temperature_ : float
        T > 0; above 1 the scores were overconfident.
    converged_ : bool
        False, with a `ConvergenceWarning`, where no finite temperature is best: every right choice
        has the highest score (the best T is 0), the scores are no better than none (the best T is
        infinite), all scores of a row equal (any T). Then `temperature_` is, in this order, d /
        e^10 or 1 if that is less (all but the closest choices become certain), d e^10 or 1 if that
        is more (log-odds are below 5e-5), and 1, where d is the largest distance of a score from
        the highest of its row.
    gradient_ : float
        Derivative of the mean negative log-likelihood in log beta at the solution.
    nll_before_, nll_after_ : float
        Mean negative log-likelihood of the data fitted on, in nats, at T = 1 and at the solution.
    """

    temperature_: float
    n_iter_: int
    converged_: bool
    gradient_: float
    nll_before_: float
    nll_after_: float

    needs_common_choices: ClassVar[bool] = False
    keeps_accuracy: ClassVar[bool] = True

    def __init__(self, *, max_iter: int = 200, given: Given = "scores") -> None:
        self.max_iter = max_iter
        self.given = given

    def fit(
        self, scores: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> TemperatureScaling:
        """Find the temperature."""
        values, right, weights = self._to_fit(scores, y, sample_weight)
        below = values - values.max(axis=1, keepdims=True)
        gold_below = below[np.arange(len(right)), right]
        spread = float(-below[np.isfinite(below)].min())
        absent = self._absent_optimum(below, gold_below, spread, weights)
        if absent is None:
            # Scaled to spread 1, equal scores in other units take equal steps.
            found = self._search(below / spread, gold_below / spread, weights)
            log_beta = found - np.log(spread)
            failure = "" if self.converged_ else "the search ran out of steps"
        else:
            log_beta, failure = absent
            self.n_iter_ = 0
        self.temperature_ = float(np.exp(-log_beta))
        self.gradient_ = _derivatives(log_beta, below, gold_below, weights)[0]
        self.nll_before_, self.nll_after_ = (
            _loss(u, below, gold_below, weights) for u in (0.0, log_beta)
        )
        self._conclude(failure and f"{failure}; temperature_ is {self.temperature_:.4g}")
        return self

    def fit_transform(
        self, scores: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Floats:
        """Find the temperature, and return the scores it was found on divided by it."""
        return self.fit(scores, y, sample_weight).transform(scores)

    def transform(self, scores: ArrayLike) -> Floats:
        """Return scores divided by the temperature, float64, shape (n, k)."""
        return np.asarray(self._to_predict(scores) / self.temperature_)

    def predict_proba(self, scores: ArrayLike) -> Floats:
        """Return probabilities of the scaled scores, shape (n, k), rows summing to 1."""
        return softmax(self.transform(scores))

    @staticmethod
    def _absent_optimum(
        below: Floats, gold_below: Floats, spread: float, weights: Floats | None
    ) -> tuple[float, str] | None:
        """Return log beta and the reason where no finite optimum exists, else None."""
        if spread == 0:
            return 0.0, "all scores of each row are equal, any temperature is as good"
        # The slope in beta rises from its value at 0 to its limit at infinity.
        present = np.isfinite(below)
        chance = np.where(present, below, 0.0).sum(axis=1) / present.sum(axis=1)
        reached, by_chance = (weighted_mean(each, weights) for each in (gold_below, chance))
        if reached <= by_chance + 1e-15 * spread:
            return min(-_FAR - np.log(spread), 0.0), (
                "the scores say no more than chance about the right choice, the best "
                "temperature is infinite"
            )
        if not gold_below.any():
            return max(_FAR - np.log(spread), 0.0), (
                "every right choice has the highest score, the best temperature is 0"
            )
        return None

    def _search(self, below: Floats, gold_below: Floats, weights: Floats | None) -> float:
        """Return the log beta at which the gradient vanishes; an optimum must exist."""
        low, high, at = -np.inf, np.inf, 0.0
        self.converged_, self.n_iter_ = False, 0
        for step in range(1, self.max_iter + 1):
            self.n_iter_ = step
            gradient, curvature = _derivatives(at, below, gold_below, weights)
            if gradient < 0:
                low = at
            else:
                high = at
            move = -gradient / curvature if curvature > 0 else -np.sign(gradient) * 2.0
            # Nothing but rounding is left; a bisection now would only wander off.
            if gradient == 0 or abs(move) <= _ENOUGH * max(1.0, abs(at)):
                self.converged_ = True
                break
            # Far from the optimum the quadratic model promises too much.
            following = at + float(np.clip(move, -2.0, 2.0))
            if not low < following < high:
                following = (low + high) / 2
            at = following
        return at


def _loss(log_beta: float, below: Floats, gold_below: Floats, weights: Floats | None) -> float:
    beta = np.exp(log_beta)
    rows = np.log(np.exp(beta * below).sum(axis=1)) - beta * gold_below
    return weighted_mean(rows, weights)


def _derivatives(
    log_beta: float, below: Floats, gold_below: Floats, weights: Floats | None
) -> tuple[float, float]:
    """Return first and second derivative of the mean NLL in log beta."""
    beta = float(np.exp(log_beta))
    probability = np.exp(beta * below)
    probability /= probability.sum(axis=1, keepdims=True)
    below = np.where(np.isfinite(below), below, 0.0)
    mean = (probability * below).sum(axis=1)
    spread = (probability * below**2).sum(axis=1) - mean**2
    slope = beta * weighted_mean(mean - gold_below, weights)
    return slope, slope + beta**2 * weighted_mean(spread, weights)
