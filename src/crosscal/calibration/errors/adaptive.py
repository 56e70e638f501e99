"""Adaptive calibration error: class by class, over ranges of equal mass."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_gold
from crosscal.calibration.errors.binned import ece
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given
from crosscal.calibration.sample_weights import of_some_weight
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Nixon et al. (2019) use 0.01 throughout.
THRESHOLD = 0.01


def ace(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    given: Given = "scores",
    bins: int = 15,
    weights: ArrayLike | None = None,
) -> float:
    """Return the adaptive calibration error: class-wise, over bins of equal mass.

    ``(1 / k) sum_c sum_b (n_bc / n) |mean p_c - share of class c|``. Where no ties stand in the way
    every bin weighs 1 / bins, as in the source; where they do, bins weigh what they hold. Gold -1
    is no class's. In [0, 1]. Nixon et al. (2019), equation 3. (netcal's ``ACE`` is something else:
    equal-width bins of the chosen label that all weigh the same.) `weights` as in `ece`.
    """
    probabilities = to_probabilities(values, given=given)
    right = check_gold(gold, probabilities.shape, absent=True)
    each = [
        ece(column, right == number, bins=bins, scheme="mass", weights=weights)
        for number, column in enumerate(probabilities.T)
    ]
    return float(np.mean(each))


def tace(
    values: ArrayLike,
    gold: ArrayLike,
    *,
    given: Given = "scores",
    bins: int = 15,
    threshold: float = THRESHOLD,
    weights: ArrayLike | None = None,
) -> float:
    """Return the thresholded adaptive calibration error.

    As `ace`, but of each class only the rows whose probability is above the threshold (from 0 to
    below 1) count, and make up its bins. A class without such rows adds 0 and still counts as a
    class. In [0, 1]. Nixon et al. (2019), section 3.3. `weights` as in `ece`.
    """
    if not 0 <= threshold < 1:
        raise SettingsError(
            f"threshold is {threshold}", where="threshold", remedy="give a number from 0 to 1"
        )
    probabilities = to_probabilities(values, given=given)
    right = check_gold(gold, probabilities.shape, absent=True)
    own, (probabilities, right) = of_some_weight(weights, probabilities, right)
    total = 0.0
    for number, column in enumerate(probabilities.T):
        selected = column > threshold
        if selected.any():
            some = None if own is None else own[selected]
            hits = right[selected] == number
            total += ece(column[selected], hits, bins=bins, scheme="mass", weights=some)
    return total / len(probabilities.T)
