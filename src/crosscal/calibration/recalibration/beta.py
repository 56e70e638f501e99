"""Beta calibration: a logistic curve in log c and log(1 - c)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.logistic import fit_logistic
from crosscal.calibration.recalibration.marginal import About, ConfidenceMap, MarginalCalibration
from crosscal.calibration.recalibration.newton import Minimum

Floats = NDArray[np.float64]

# Which of the two slopes are free, the other is 0.
_FREE = ((0, 1), (0,), (1,), ())


@dataclass(frozen=True, kw_only=True)
class BetaCurve:
    """``expit(a log c - b log(1 - c) + m)``."""

    a: float
    b: float
    m: float

    def __call__(self, confidence: Floats, present: Floats, absent: Floats) -> Floats:
        """Return the new confidences, shape (n,)."""
        return np.asarray(expit(self.a * present - self.b * absent + self.m))


class BetaCalibration(MarginalCalibration):
    """Replace a confidence c by ``expit(a log c - b log(1 - c) + m)`` with a, b >= 0.

    Kull, Silva Filho and Flach (2017), equation 3 with parameters a, b, m. The constrained optimum
    is exact: of the fits with both, one or no slope free, the best that is allowed.

    Attributes
    ----------
    converged_ : bool
        False, with a `ConvergenceWarning`, where no finite optimum exists (one outcome only, or
        outcomes that a threshold tells apart).
    """

    map_kind: ClassVar[type] = BetaCurve

    def __init__(self, *, notion: About = "class-wise", given: Given = "scores") -> None:
        self.notion = notion
        self.given = given

    def _learn(
        self,
        confidence: Floats,
        present: Floats,
        absent: Floats,
        outcome: Floats,
        weights: Floats | None,
    ) -> tuple[ConfidenceMap, str]:
        coefficients, minimum = _fit(np.column_stack([present, -absent]), outcome, weights)
        a, b, m = coefficients.tolist()
        failure = "" if minimum.ending == "minimum" else "a curve has no finite optimum"
        return BetaCurve(a=a, b=b, m=m), failure


def _fit(features: Floats, outcome: Floats, weights: Floats | None) -> tuple[Floats, Minimum]:
    """Return a, b and m of the best curve with slopes that are not negative."""
    allowed = []
    for free in _FREE:
        some = np.column_stack([features[:, free], np.ones(len(outcome))])
        minimum = fit_logistic(some, outcome, weights)
        if (minimum.at[:-1] >= 0).all():
            coefficients = np.zeros(3)
            coefficients[[*free, 2]] = minimum.at
            allowed.append((coefficients, minimum))
            if len(free) == 2:
                break  # the optimum without constraint is one within
    return min(allowed, key=lambda each: each[1].value)
