"""Scores and gains over the baseline recipe with intervals, from measurements of runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.analyse import SEEDS
from crosscal.analysis.contrast import RunContrast, RunDesign
from crosscal.analysis.measuring import RunKey
from crosscal.calibration import Measurement, seed_pivots
from crosscal.calibration.statistics.crossed_seeds import ONE_SEED, SeedPivots, SeedSpread
from crosscal.study.config.settings import Analysis

BASELINE = "direct"
"""The recipe that gains are over."""


@dataclass(frozen=True, kw_only=True)
class ScoreEstimate:
    """A score, or its gain over that of the baseline recipe, with its interval; fractions."""

    value: float
    low: float
    high: float
    p_value: float | None = None  # of a gain: two-sided, of "there is none"
    seed_variance: str  # how the variance between trainings was learnt, as in an analysis

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, and what the interval holds for."""
        about = "these very models" if self.seed_variance == ONE_SEED else "trainings like these"
        return {**asdict(self), "holds_for": about}


def study_pivots(settings: Analysis) -> SeedPivots:
    """Draw what trainings add; the numbers are those of the analysis."""
    return seed_pivots(settings.replicates, np.random.default_rng([settings.seed, SEEDS]))


class ScoreComparison:
    """One score of all runs: its estimates by recipe, and their gains over the baseline."""

    def __init__(
        self, by_run: Mapping[RunKey, Measurement], pivots: SeedPivots, *, level: float
    ) -> None:
        self._contrast: RunContrast = RunDesign(list(by_run), pivots).contrast(
            list(by_run.values())
        )
        self._pivots, self._level = pivots, level

    def score(self, recipe: str, value: float) -> ScoreEstimate:
        """Return the estimate of a recipe whose score is this."""
        return self._estimate(*self._contrast.level(recipe), value)[0]

    def gain(self, recipe: str, value: float) -> ScoreEstimate:
        """Return the estimate of a gain that is this."""
        found, p_value = self._estimate(*self._contrast.effect(recipe, BASELINE), value)
        return replace(found, p_value=p_value)

    def _estimate(
        self, mean: Measurement, spread: SeedSpread, value: float
    ) -> tuple[ScoreEstimate, float]:
        # The value is the one that is shown: equal but for rounding.
        whole = replace(mean, value=value).between_seeds(spread.scale, self._pivots.normal)
        low, high = whole.interval(self._level)
        estimate = ScoreEstimate(value=value, low=low, high=high, seed_variance=spread.rule)
        return estimate, whole.p_value()


def shuffled(one: Measurement, order: NDArray[np.intp]) -> Measurement:
    """Return a measurement whose replicates are in another order."""
    return replace(one, draws_low=one.draws_low[order], draws_high=one.draws_high[order])
