"""From measurements of runs to estimates: levels, degradations, effects, contrasts of groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scipy.special import ndtri

from crosscal.analysis.contrast import RunContrast, RunDesign
from crosscal.analysis.measuring import LanguageOrGroup, RunMeasurements
from crosscal.analysis.results import Estimate
from crosscal.analysis.settings import AnalysisSettings
from crosscal.calibration import Measurement, equivalence
from crosscal.calibration.statistics.crossed_seeds import SeedPivots, SeedSpread
from crosscal.calibration.statistics.power import detectable_in_new_study

QUANTITIES = LEVEL, DEGRADATION, EFFECT = "level", "degradation", "effect"
DETECTABLE = ("accuracy", "gap", "ece_debiased")
"""Metrics of which it is said how large a difference would have been seen."""
OUTSIDE = "outside its interval, which is for the error without the noise of few rows"


@dataclass(kw_only=True)
class EstimateBuilder:
    """Turns the measurements of all runs into estimates."""

    measurements: RunMeasurements
    settings: AnalysisSettings
    pivots: SeedPivots  # draws behind what trainings add, one for the whole study
    recipes: list[str] = field(init=False, default_factory=list)
    design: RunDesign = field(init=False)

    def __post_init__(self) -> None:
        if self.measurements.runs:
            self.design = RunDesign(self.measurements.runs, self.pivots)
            self.recipes = self.design.recipes

    def estimates(self, subjects: Sequence[LanguageOrGroup]) -> list[Estimate]:
        """Return all estimates: levels, then degradations, then effects."""
        rows: dict[tuple[int, ...], Estimate] = {}
        if not self.recipes:  # all runs collapsed
            return []
        for scaling in self.measurements.scalings:
            for number, subject in enumerate(subjects):
                for metric in self.measurements.metrics:
                    for quantity, recipe, row in self._rows(scaling, subject, metric):
                        place = (
                            QUANTITIES.index(quantity),
                            self.recipes.index(recipe),
                            self.measurements.scalings.index(scaling),
                            number,
                            self.measurements.metrics.index(metric),
                        )
                        rows[place] = row
        return [rows[place] for place in sorted(rows)]

    def _rows(
        self, scaling: str, subject: LanguageOrGroup, metric: str
    ) -> Iterator[tuple[str, str, Estimate]]:
        """Yield every quantity of one metric of one language or group, of all recipes."""
        m, base = self.measurements, self.settings.baseline_recipe
        about = (scaling, subject, metric)
        if not subject.minus and m.has_level(metric):
            levels = self.design.contrast([m.level(run, *about) for run in m.runs])
            for recipe in self.recipes:
                yield LEVEL, recipe, self._row(LEVEL, recipe, *about, levels)
        if subject.languages == (m.baseline_language,):
            return
        drops = self.design.contrast([m.degradation(run, *about) for run in m.runs])
        for recipe in self.recipes:
            yield DEGRADATION, recipe, self._row(DEGRADATION, recipe, *about, drops)
            if recipe != base and base in self.recipes:
                yield EFFECT, recipe, self._row(EFFECT, recipe, *about, drops)

    def _row(
        self,
        quantity: str,
        recipe: str,
        scaling: str,
        subject: LanguageOrGroup,
        metric: str,
        contrast: RunContrast,
    ) -> Estimate:
        m, settings = self.measurements, self.settings
        mean, spread = (
            contrast.effect(recipe, settings.baseline_recipe)
            if quantity == EFFECT
            else contrast.level(recipe)
        )
        whole = mean.between_seeds(spread.scale, self.pivots.normal)
        low, high = whole.interval(settings.level)
        if quantity == LEVEL:
            p_value = None if mean.null is None else mean.null.p_value()
            verdict = detectable = None
        else:
            p_value = whole.p_value()
            verdict = self._verdict(whole)
            detectable = self._detectable(mean, spread) if metric in DETECTABLE else None
        codes = subject.languages + subject.minus
        return Estimate(
            quantity=f"{quantity} contrast" if subject.minus else quantity,
            recipe=recipe,
            language=subject.name,
            is_group=subject.is_group,
            scaling=scaling,
            metric=metric,
            value=mean.value,
            low=low,
            high=high,
            p_value=p_value,
            noise_floor=mean.noise_floor,
            n=min(m.n[code] for code in codes),
            clusters=min(m.clusters[code] for code in codes),
            seeds=sum(run[0] == recipe for run in m.runs),
            per_seed=tuple(self._per_seed(quantity, recipe, contrast)),
            seed_variance=spread.rule,
            detectable=detectable,
            verdict=verdict,
            note="" if low <= mean.value <= high else OUTSIDE,
        )

    def _detectable(self, mean: Measurement, spread: SeedSpread) -> float:
        level = self.settings.level
        bottom, top = mean.interval(level)
        items = ((top - bottom) / 2 / float(ndtri((1 + level) / 2))) ** 2
        return detectable_in_new_study(items, spread, self.pivots, level=level)

    def _verdict(self, whole: Measurement) -> str | None:
        """Return the verdict against the margin, if there is one."""
        if self.settings.margin is None:
            return None
        shift = 0.0 if whole.seed_shift is None else whole.seed_shift
        return equivalence(
            whole.draws_low + shift, whole.draws_high + shift, margin=self.settings.margin
        ).verdict

    def _per_seed(self, quantity: str, recipe: str, contrast: RunContrast) -> Iterator[float]:
        """Yield the number of each run; of effects, of the seeds that both recipes have."""
        for (name, seed), value in contrast.values.items():
            if name != recipe:
                continue
            if quantity != EFFECT:
                yield value
            elif (self.settings.baseline_recipe, seed) in contrast.values:
                yield value - contrast.values[self.settings.baseline_recipe, seed]
