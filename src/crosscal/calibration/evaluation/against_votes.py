"""Predictions against the votes of several annotators: rows of the measures, and their floor."""

from __future__ import annotations

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

HUMAN = ("human_distance", "human_nll", "human_ranking", "entropy_calibration_debiased")
"""Measures of predictions against votes: means over rows."""


def vote_rows(values: Floats, votes: Floats, given: Given) -> dict[str, Floats]:
    """Return what each row adds to each measure; without entropies where a row has one vote."""
    rows = {
        "human_distance": human_distance_rows(values, votes, given=given),
        "human_nll": human_nll_rows(values, votes, given=given),
        "human_ranking": human_ranking_rows(values, votes, given=given),
    }
    if votes.sum(axis=1).min() > 1:
        rows["entropy_calibration_debiased"] = entropy_calibration_debiased_rows(
            values, votes, given=given
        )
    return rows


def vote_floors(values: Floats, votes: Floats, given: Given) -> dict[str, float]:
    """Return what votes drawn from the predictions themselves would show, where that is not 0."""
    count = votes.sum(axis=1).astype(np.int64)
    return {
        "human_distance": human_noise_floor(values, count, given=given),
        "entropy_calibration_debiased": float(
            entropy_noise_floor_rows(values, count, given=given).mean()
        ),
    }
