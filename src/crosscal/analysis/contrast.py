"""One number in all runs: its mean over the seeds of a recipe, and what trainings add to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crosscal.analysis.measuring import RunKey
from crosscal.calibration import Measurement, mean_measurement
from crosscal.calibration.statistics.crossed_seeds import (
    CrossedSeeds,
    SeedPivots,
    SeedSpread,
    SeedTable,
)


@dataclass(frozen=True, kw_only=True)
class RunContrast:
    """One number of one language or group in all runs."""

    values: Mapping[RunKey, float]
    means: Mapping[str, Measurement]  # over the seeds of each recipe
    seeds: SeedTable

    def level(self, recipe: str) -> tuple[Measurement, SeedSpread]:
        """Return the mean of a recipe over its seeds, and what trainings add to it."""
        return self.means[recipe], self.seeds.level(self._number(recipe))

    def effect(self, recipe: str, baseline: str) -> tuple[Measurement, SeedSpread]:
        """Return the mean of a recipe less that of the baseline, and what trainings add."""
        mean = self.means[recipe] - self.means[baseline]
        return mean, self.seeds.effect(self._number(recipe), self._number(baseline))

    def _number(self, recipe: str) -> int:
        return list(self.means).index(recipe)


class RunDesign:
    """Which recipe was trained with which seed.

    Parameters
    ----------
    runs : sequence of (str, int)
        Recipe and seed, at least one.
    pivots : SeedPivots
        Draws behind what trainings add, one for a whole study.
    """

    def __init__(self, runs: Sequence[RunKey], pivots: SeedPivots) -> None:
        self.runs = tuple(runs)
        self.recipes = list(dict.fromkeys(recipe for recipe, _ in runs))
        seeds = sorted({seed for _, seed in runs})
        self._crossed = CrossedSeeds(
            np.array([self.recipes.index(recipe) for recipe, _ in runs]),
            np.array([seeds.index(seed) for _, seed in runs]),
            pivots,
        )

    def contrast(self, by_run: Sequence[Measurement]) -> RunContrast:
        """Take one number of all runs, in their order."""
        values = np.array([one.value for one in by_run])
        covariance = np.zeros((len(values), len(values)))
        if len(self.runs) > len(self.recipes):  # else there is no variance that it is a part of
            covariance = np.atleast_2d(np.cov([one.draws_high for one in by_run]))
        return RunContrast(
            values=dict(zip(self.runs, values.tolist(), strict=True)),
            means={
                recipe: mean_measurement(
                    [one for run, one in zip(self.runs, by_run, strict=True) if run[0] == recipe]
                )
                for recipe in self.recipes
            },
            seeds=self._crossed.contrast(values, covariance),
        )
