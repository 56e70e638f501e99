"""Histogram binning, and binning of a fitted curve (scaling-binning)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crosscal.calibration.binning import Scheme
from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.logistic import fit_logistic
from crosscal.calibration.recalibration.marginal import About, ConfidenceMap, MarginalCalibration
from crosscal.calibration.recalibration.step_function import StepFunction, fit_step_function

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BinnedCurve(StepFunction):
    """A step function of ``expit(slope log(c / (1 - c)) + intercept)``."""

    slope: float
    intercept: float

    def __call__(self, confidence: Floats, present: Floats, absent: Floats) -> Floats:
        """Return the new confidences, shape (n,)."""
        return self.at(_curve(self.slope, self.intercept, present, absent))


class HistogramBinning(MarginalCalibration):
    """Replace a confidence by the share of right rows in its bin.

    Zadrozny and Elkan (2001); one class against the rest and divided by the sum as in Guo et al.
    (2017), section 4.1, of the chosen label as in Gupta and Ramdas (2022).

    Parameters
    ----------
    scheme : {"mass", "width"}
        See `make_bins`. An empty bin (equal width only) gives its middle.

    Attributes
    ----------
    maps_ : list
        One map a class (one in all with two classes, or of the chosen label).
    converged_ : bool
        Always True: nothing is searched.
    """

    map_kind: ClassVar[type] = StepFunction

    def __init__(
        self,
        *,
        bins: int = 10,
        scheme: Scheme = "mass",
        notion: About = "class-wise",
        given: Given = "scores",
    ) -> None:
        self.bins = bins
        self.scheme = scheme
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
        steps = fit_step_function(
            confidence, outcome, bins=self.bins, scheme=self.scheme, weights=weights
        )
        return steps, ""


class ScalingBinning(MarginalCalibration):
    """Fit a logistic curve to the log-odds, then put its values into bins of equal mass.

    A confidence becomes the mean value of the curve in the bin, which varies less than the share of
    right rows there, and takes few values, so that its error can be measured. Kumar, Liang and Ma
    (2019), section 4. Curve and bins come from the same rows, as in
    ``PlattBinnerMarginalCalibrator`` of uncertainty-calibration; the paper's proof splits them.

    Attributes
    ----------
    converged_ : bool
        False, with a `ConvergenceWarning`, where a curve has no finite optimum (one outcome only,
        or outcomes that a threshold tells apart).
    """

    map_kind: ClassVar[type] = BinnedCurve

    def __init__(
        self, *, bins: int = 10, notion: About = "class-wise", given: Given = "scores"
    ) -> None:
        self.bins = bins
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
        features = np.column_stack([present - absent, np.ones(len(outcome))])
        minimum = fit_logistic(features, outcome, weights)
        slope, intercept = minimum.at.tolist()
        fitted = _curve(slope, intercept, present, absent)
        steps = fit_step_function(fitted, fitted, bins=self.bins, scheme="mass", weights=weights)
        failure = "" if minimum.ending == "minimum" else "a curve has no finite optimum"
        curve = BinnedCurve(
            slope=slope, intercept=intercept, upper=steps.upper, height=steps.height
        )
        return curve, failure


def _curve(slope: float, intercept: float, present: Floats, absent: Floats) -> Floats:
    return np.asarray(expit(slope * (present - absent) + intercept))
