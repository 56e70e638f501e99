"""Predictions against the votes of several annotators: rows of the measures, and their floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.human.distances import (
    human_distance_rows,
    human_nll_rows,
    human_noise_floor,
    human_ranking_rows,
)
from crosscal.calibration.human.entropies import (
    entropy_calibration_debiased_rows,
    entropy_noise_floor_rows,
)
from crosscal.calibration.proper import Given

Floats = NDArray[np.float64]

# Least votes of a row for each measure: one vote says nothing of an entropy.
_LEAST = {
    "human_distance": 1,
    "human_nll": 1,
    "human_ranking": 1,
    "entropy_calibration_debiased": 2,
}
HUMAN = tuple(_LEAST)
"""Measures of predictions against votes: means over rows."""

_ROWS: dict[str, Callable[..., Floats]] = {
    "human_distance": human_distance_rows,
    "human_nll": human_nll_rows,
    "human_ranking": human_ranking_rows,
    "entropy_calibration_debiased": entropy_calibration_debiased_rows,
}


def voted_rows(votes: Floats, name: str) -> NDArray[np.bool_]:
    """Return which rows have votes enough for a measure."""
    return np.asarray(votes.sum(axis=1) >= _LEAST[name])


def vote_rows(name: str, values: Floats, votes: Floats, given: Given) -> Floats:
    """Return what each row adds to a measure."""
    return _ROWS[name](values, votes, given=given)


def vote_floor(name: str, values: Floats, votes: Floats, given: Given) -> float | None:
    """Return what votes drawn from the predictions would show; None where that is not known."""
    count = votes.sum(axis=1).astype(np.int64)
    if name == "human_distance":
        return human_noise_floor(values, count, given=given)
    if name == "entropy_calibration_debiased":
        return float(entropy_noise_floor_rows(values, count, given=given).mean())
    return None
