"""From measures under every regime to levels and gains with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.measuring import LanguageOrGroup
from crosscal.analysis.recalibration_transfer.measuring import GAINS, METRICS
from crosscal.analysis.recalibration_transfer.results import RegimeEstimate
from crosscal.analysis.recalibration_transfer.settings import FEW_SHOT
from crosscal.calibration import Measurement, mean_measurement
from crosscal.calibration.statistics.crossed_seeds import CrossedSeeds, SeedPivots
from crosscal.calibration.statistics.multiplicity import holm

Floats = NDArray[np.float64]

BEFORE = ("none", "english")
"""Regimes that gains are measured from."""


class Key(NamedTuple):
    """One regime of one recalibrator in one run; k of few-shot regimes."""

    recipe: str
    seed: int
    recalibrator: str
    regime: str
    k: int | None


@dataclass(frozen=True, kw_only=True)
class RegimeMeasurements:
    """Measurements by run and regime, language and metric."""

    # languages that lack k examples are not there
    by_key: Mapping[Key, Mapping[str, Mapping[str, Measurement]]]
    seeds: Mapping[str, tuple[int, ...]]
    pivots: SeedPivots
    subjects: tuple[LanguageOrGroup, ...]
    rows: Mapping[str, int]
    clusters: Mapping[str, int]
    draws: int
    level: float

    def of(self, key: Key, subject: LanguageOrGroup, metric: str) -> Measurement | None:
        """Return one run's measurement, or None if a language of it has none."""
        by_language = self.by_key.get(key, {})
        each = [by_language.get(code, {}).get(metric) for code in subject.languages]
        present = [one for one in each if one is not None]
        return mean_measurement(present) if len(present) == len(each) else None

    def of_all_runs(
        self, key: Key, subject: LanguageOrGroup, metric: str
    ) -> dict[tuple[str, int], Measurement] | None:
        """Return the measurements of runs that have one; None unless all of the recipe do."""
        measured = {
            (recipe, seed): self.of(key._replace(recipe=recipe, seed=seed), subject, metric)
            for recipe, seeds in self.seeds.items()
            for seed in seeds
        }
        if any(measured[key.recipe, seed] is None for seed in self.seeds[key.recipe]):
            return None
        return {run: one for run, one in measured.items() if one is not None}


def estimates(measured: RegimeMeasurements) -> list[RegimeEstimate]:
    """Return levels, then gains with p-values adjusted over languages and over groups."""
    first = {key: None for key in measured.by_key if key.seed == measured.seeds[key.recipe][0]}
    levels = [
        level
        for key in first
        for subject in measured.subjects
        for metric in METRICS
        if (level := _level(measured, key, subject, metric))
    ]
    gains = []
    for key in first:
        for before in BEFORE:
            # Without examples a few-shot regime is what it starts from.
            if key.regime in (before, "none") or key.k == 0:
                continue
            for metric in GAINS:
                for is_group in (False, True):
                    subjects = [s for s in measured.subjects if s.is_group == is_group]
                    family = [_gain(measured, key, before, one, metric) for one in subjects]
                    gains += _adjusted([gain for gain in family if gain is not None])
    return levels + gains


def _level(
    measured: RegimeMeasurements, key: Key, subject: LanguageOrGroup, metric: str
) -> RegimeEstimate | None:
    runs = measured.of_all_runs(key, subject, metric)
    if runs is None:
        return None
    row, mean = _row(measured, runs, key, subject, metric, quantity="level")
    p_value = None if mean.null is None else mean.null.p_value()
    return replace(row, p_value=p_value, noise_floor=mean.noise_floor)


def _gain(
    measured: RegimeMeasurements, key: Key, before: str, subject: LanguageOrGroup, metric: str
) -> RegimeEstimate | None:
    after = measured.of_all_runs(key, subject, metric)
    start = measured.of_all_runs(key._replace(regime=before, k=None), subject, metric)
    if after is None or start is None:
        return None
    gains = {run: start[run] - after[run] for run in after if run in start}
    row, mean = _row(measured, gains, key, subject, metric, quantity="gain")
    return replace(row, before=before, p_value=mean.p_value())


def _row(
    measured: RegimeMeasurements,
    runs: Mapping[tuple[str, int], Measurement],
    key: Key,
    subject: LanguageOrGroup,
    metric: str,
    *,
    quantity: str,
) -> tuple[RegimeEstimate, Measurement]:
    own = [one for (recipe, _), one in runs.items() if recipe == key.recipe]
    mean = _over_trainings(mean_measurement(own), runs, key.recipe, measured.pivots)
    low, high = mean.interval(measured.level)
    row = RegimeEstimate(
        quantity=quantity,
        recipe=key.recipe,
        language=subject.name,
        is_group=subject.is_group,
        recalibrator=key.recalibrator,
        regime=key.regime,
        k=key.k,
        before=None,
        metric=metric,
        value=mean.value,
        low=low,
        high=high,
        p_value=None,
        p_holm=None,
        noise_floor=None,
        n=min(measured.rows[code] for code in subject.languages),
        clusters=min(measured.clusters[code] for code in subject.languages),
        seeds=len(own),
        draws=measured.draws if key.regime in FEW_SHOT and key.k else 1,
        per_seed=tuple(one.value for one in own),
    )
    return row, mean


def _over_trainings(
    mean: Measurement,
    runs: Mapping[tuple[str, int], Measurement],
    recipe: str,
    pivots: SeedPivots,
) -> Measurement:
    """Widen a mean over seeds by what trainings differ by."""
    recipes = list(dict.fromkeys(name for name, _ in runs))
    seeds = sorted({seed for _, seed in runs})
    crossed = CrossedSeeds(
        np.array([recipes.index(name) for name, _ in runs]),
        np.array([seeds.index(seed) for _, seed in runs]),
        pivots,
    )
    values = np.array([one.value for one in runs.values()])
    covariance = np.atleast_2d(np.cov(np.stack([one.draws_high for one in runs.values()])))
    spread = crossed.contrast(values, covariance).level(recipes.index(recipe))
    return mean.between_seeds(spread.scale, pivots.normal)


def _adjusted(family: list[RegimeEstimate]) -> list[RegimeEstimate]:
    """Adjust the p-values of a family of gains for their number."""
    adjusted = holm([gain.p_value for gain in family if gain.p_value is not None]).tolist()
    return [replace(gain, p_holm=p) for gain, p in zip(family, adjusted, strict=True)]
