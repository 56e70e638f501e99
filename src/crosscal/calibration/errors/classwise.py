"""The calibration of every class's probability, not of the chosen one's alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import Edges
from crosscal.calibration.checks import check_gold
from crosscal.calibration.errors.binned import ece
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given

Floats = NDArray[np.float64]


def classwise_ece(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    given: Given = "scores",
    bins: int = 15,
    edges: Edges = "right",
    weights: ArrayLike | None = None,
) -> float:
    """Return the class-wise ECE: the mean over classes of each class's own.

    ``(1 / k) sum_c sum_b (n_bc / n) |mean p_c - share of class c|`` over bins of equal width of the
    probability of class c, against whether gold is c. The sum over classes is divided by their
    number k, not by their frequency. In [0, 1], in practice at most 2 / k. Kull et al. (2019),
    section 2; the static calibration error of Nixon et al. (2019). `weights` as in `ece`.
    """
    probabilities = to_probabilities(values, given=given)
    right = check_gold(gold, probabilities.shape, absent=True)
    each = [
        ece(column, right == number, bins=bins, edges=edges, weights=weights)
        for number, column in enumerate(probabilities.T)
    ]
    return float(np.mean(each))
