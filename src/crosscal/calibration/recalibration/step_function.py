"""Maps from a number to the mean of the bin it falls in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.binning import Bins, Scheme, make_bins

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class StepFunction:
    """A step function on [0, 1]."""

    upper: Floats  # (bins,), rising; each belongs to its bin, the last is 1
    height: Floats  # (bins,)

    def __call__(self, confidence: Floats, present: Floats, absent: Floats) -> Floats:
        """Return the height at each confidence, shape (n,)."""
        return self.at(confidence)

    def at(self, numbers: Floats) -> Floats:
        """Return the height at each number in [0, 1]."""
        return np.asarray(self.height[Bins(upper=self.upper).index(numbers)])


def fit_step_function(
    at: Floats, values: Floats, *, bins: int, scheme: Scheme, weights: Floats | None = None
) -> StepFunction:
    """Return the means of values over bins of the numbers they stand at."""
    division = make_bins(at, bins=bins, scheme=scheme, weights=weights)
    index, size = division.index(at), len(division)
    n = np.bincount(index, weights=weights, minlength=size)
    amounts = values if weights is None else weights * values
    sums = np.bincount(index, weights=amounts, minlength=size)
    middle = (division.lower + division.upper) / 2
    return StepFunction(upper=division.upper, height=np.divide(sums, n, out=middle, where=n > 0))
