"""Histogram binning, and binning of a fitted curve (scaling-binning)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crosscal.calibration.binning import Scheme
from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.logistic import fit_logistic
from crosscal.calibration.recalibration.marginal import About, Learnt, MarginalCalibration
from crosscal.calibration.recalibration.step_function import StepFunction, fit_step_function

Floats = NDArray[np.float64]


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
        self, confidence: Floats, present: Floats, absent: Floats, outcome: Floats
    ) -> tuple[Learnt, str]:
        steps = fit_step_function(confidence, outcome, bins=self.bins, scheme=self.scheme)
        return partial(_step, steps), ""


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

    def __init__(
        self, *, bins: int = 10, notion: About = "class-wise", given: Given = "scores"
    ) -> None:
        self.bins = bins
        self.notion = notion
        self.given = given

    def _learn(
        self, confidence: Floats, present: Floats, absent: Floats, outcome: Floats
    ) -> tuple[Learnt, str]:
        minimum = fit_logistic(np.column_stack([present - absent, np.ones(len(outcome))]), outcome)
        slope, intercept = minimum.at.tolist()
        fitted = _curve(slope, intercept, present, absent)
        steps = fit_step_function(fitted, fitted, bins=self.bins, scheme="mass")
        failure = "" if minimum.ending == "minimum" else "a curve has no finite optimum"
        return partial(_step_of_curve, steps, slope, intercept), failure


def _step(steps: StepFunction, confidence: Floats, present: Floats, absent: Floats) -> Floats:
    return steps(confidence)


def _curve(slope: float, intercept: float, present: Floats, absent: Floats) -> Floats:
    return np.asarray(expit(slope * (present - absent) + intercept))


def _step_of_curve(
    steps: StepFunction,
    slope: float,
    intercept: float,
    confidence: Floats,
    present: Floats,
    absent: Floats,
) -> Floats:
    return steps(_curve(slope, intercept, present, absent))
