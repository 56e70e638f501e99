"""Isotonic calibration: the best rising map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.marginal import About, ConfidenceMap, MarginalCalibration

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RisingLine:
    """A line through corners, constant beyond the outer ones."""

    confidence: Floats  # (m,), rising
    height: Floats  # (m,), rising

    def __call__(self, confidence: Floats, present: Floats, absent: Floats) -> Floats:
        """Return the new confidences, shape (n,)."""
        return np.asarray(np.interp(confidence, self.confidence, self.height))


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

    map_kind: ClassVar[type] = RisingLine

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
        level, index = np.unique(confidence, return_inverse=True)
        n = np.bincount(index, weights=weights).astype(np.float64)
        share = np.bincount(index, weights=outcome if weights is None else weights * outcome) / n
        rising = isotonic_regression(share, weights=n).x
        # What lies within a flat piece is no corner.
        ends = np.diff(rising, prepend=np.nan, append=np.nan) != 0
        corner = ends[:-1] | ends[1:]
        return RisingLine(confidence=level[corner], height=rising[corner]), ""
