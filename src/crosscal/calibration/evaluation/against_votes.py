"""The measures of predictions against the votes of several annotators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.human.distances import (
    human_distance_rows,
    human_nll_rows,
    human_noise_floor_rows,
    human_ranking_rows,
)
from crosscal.calibration.human.entropies import (
    entropy_calibration_debiased_rows,
    entropy_noise_floor_rows,
)
from crosscal.calibration.proper import Given

Floats = NDArray[np.float64]


def _distance_floor(values: Floats, votes: Floats, given: Given) -> Floats:
    return human_noise_floor_rows(values, votes.sum(axis=1).astype(np.int64), given=given)


def _entropy_floor(values: Floats, votes: Floats, given: Given) -> Floats:
    return entropy_noise_floor_rows(values, votes.sum(axis=1), given=given)


@dataclass(frozen=True, kw_only=True)
class VoteMeasure:
    """A measure of predictions against votes: a mean over rows."""

    rows: Callable[..., Floats]  # (values, votes, given): what each row adds
    least_votes: int = 1  # of a row that counts
    # what votes drawn from the predictions would show in each row, if not 0 and known
    floor: Callable[[Floats, Floats, Given], Floats] | None = None

    def counts(self, votes: Floats) -> NDArray[np.bool_]:
        """Return which rows have votes enough."""
        return np.asarray(votes.sum(axis=1) >= self.least_votes)


VOTE_MEASURES = {
    "human_distance": VoteMeasure(rows=human_distance_rows, floor=_distance_floor),
    "human_nll": VoteMeasure(rows=human_nll_rows),
    "human_ranking": VoteMeasure(rows=human_ranking_rows),
    # One vote says nothing of an entropy.
    "entropy_calibration_debiased": VoteMeasure(
        rows=entropy_calibration_debiased_rows, least_votes=2, floor=_entropy_floor
    ),
}
