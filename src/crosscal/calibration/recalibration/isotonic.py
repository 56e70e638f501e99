"""Isotonic calibration: the best rising map."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.marginal import About, Learnt, MarginalCalibration

Floats = NDArray[np.float64]


class IsotonicCalibration(MarginalCalibration):
    """Replace a confidence by the best rising function of it.

    The function minimises the squared (and the logarithmic) loss among all that rise; between the
    confidences seen it is linear, beyond them constant. Zadrozny and Elkan (2002), one class
    against the rest, rows divided by their sum (a row of zeros becomes uniform). Equal confidences
    are pooled first. Probabilities of exactly 0 and 1 are common, so the NLL of new rows may be
    infinite. scikit-learn's ``IsotonicRegression`` gives the same for each class.

    Attributes
    ----------
    converged_ : bool
        Always True: pool-adjacent-violators ends at the optimum.
    """

    def __init__(self, *, notion: About = "class-wise", given: Given = "scores") -> None:
        self.notion = notion
        self.given = given

    def _learn(
        self, confidence: Floats, present: Floats, absent: Floats, outcome: Floats
    ) -> tuple[Learnt, str]:
        level, index, n = np.unique(confidence, return_inverse=True, return_counts=True)
        share = np.bincount(index, weights=outcome) / n
        rising = isotonic_regression(share, weights=n.astype(np.float64)).x
        return partial(_between, level, rising), ""


def _between(
    level: Floats, rising: Floats, confidence: Floats, present: Floats, absent: Floats
) -> Floats:
    return np.asarray(np.interp(confidence, level, rising))
