"""From the predictions of all runs to results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.collapse import collapse_reason
from crosscal.analysis.estimating import EstimateBuilder
from crosscal.analysis.measuring import (
    LanguageOrGroup,
    RunMeasurements,
    measure_runs,
    scaled_scores,
)
from crosscal.analysis.reliability import reliability_bins
from crosscal.analysis.results import ReliabilityBin, Results
from crosscal.analysis.runs import Panel, RunPredictions, make_panel
from crosscal.analysis.settings import AnalysisSettings
from crosscal.calibration import TemperatureScaling, seed_pivots
from crosscal.exceptions import SettingsError
from crosscal.predictions import Predictions, Slice

Floats = NDArray[np.float64]

# Names the stream of what trainings add.
SEEDS = 1_000_033


def analyse(runs: Sequence[Predictions], *, settings: AnalysisSettings) -> Results:
    """Compute levels, degradations and effects, with intervals.

    `runs` holds one table for each recipe and seed; test rows are equal in all of them. The
    settings of the results are the given ones and, under ``seeds``, how many runs of each recipe
    count; under ``unmatched``, the runs because of which degradations are not taken apart, since
    every answer in the baseline language is right, or every one wrong. One draw of clusters is
    shared by all languages, recipes and seeds; intervals are quantiles of draws of the true value
    (`crosscal.calibration.estimation.estimates`). The English temperature is fitted anew in every
    replicate of the development data, but taken as given where degradations are taken apart. What
    training again would change is learnt by a model of seeds that are crossed with recipes
    (`crosscal.calibration.statistics.crossed_seeds`). Deterministic.

    Raises
    ------
    DataError
        No run; a recipe and seed twice; runs of different tasks or choices; a split or the
        baseline language missing; test languages that are parallel in part only; test units
        that differ between runs; fewer than two clusters; with common choices, gold that differs
        or a right choice that is not among them.
    """
    panel = make_panel(runs, settings)
    reasons = {
        (run.recipe, run.seed): None
        if run.dev is None
        else collapse_reason(run.dev, shared_labels=panel.shared_labels)
        for run in panel.runs
    }
    counted = [run for run in panel.runs if reasons[run.recipe, run.seed] is None]
    fitted = {(run.recipe, run.seed): _fit(run.dev) for run in counted if run.dev is not None}
    groups = present_groups(panel, settings)
    measurements = measure_runs(panel, counted, fitted, settings)
    rng = np.random.default_rng([settings.bootstrap_seed, SEEDS])
    builder = EstimateBuilder(
        measurements=measurements,
        settings=settings,
        pivots=seed_pivots(settings.replicates, rng),
    )
    return Results(
        title=settings.title or runs[0].provenance.study,
        baseline_language=settings.baseline_language,
        baseline_recipe=settings.baseline_recipe,
        languages=panel.languages,
        recipes=panel.recipes,
        seeds=panel.seeds,
        groups=groups,
        settings=_resolved(settings, counted, measurements),
        temperatures=[_temperature_row(run, fitted) for run in counted if run.dev is not None],
        estimates=builder.estimates(_subjects(panel, groups)),
        reliability=_reliability(panel, counted, fitted, measurements, settings),
        collapsed=[
            {"recipe": recipe, "seed": seed, "reason": reason}
            for (recipe, seed), reason in reasons.items()
            if reason is not None
        ],
        collapse_rates={
            recipe: (
                sum(r is not None for (name, _), r in reasons.items() if name == recipe),
                sum(name == recipe for name, _ in reasons),
            )
            for recipe in panel.recipes
        },
    )


def _subjects(panel: Panel, groups: Mapping[str, tuple[str, ...]]) -> list[LanguageOrGroup]:
    """Return what is estimated: languages, groups, and the first group less each other one."""
    single = [LanguageOrGroup(name=c, languages=(c,), is_group=False) for c in panel.languages]
    means = [LanguageOrGroup(name=g, languages=c, is_group=True) for g, c in groups.items()]
    contrasts = [
        LanguageOrGroup(
            name=f"{first.name} minus {other.name}",
            languages=first.languages,
            is_group=True,
            minus=other.languages,
        )
        for first in means[:1]
        for other in means[1:]
        if not set(first.languages) & set(other.languages)
    ]
    return [*single, *means, *contrasts]


def _fit(dev: Slice) -> TemperatureScaling:
    """Fit a temperature on the units whose right choice is among the choices."""
    known = dev.gold >= 0
    return TemperatureScaling().fit(dev.scores[known], dev.gold[known])


def present_groups(panel: Panel, settings: AnalysisSettings) -> dict[str, tuple[str, ...]]:
    """Return the groups without the baseline and languages that are not there."""
    named = [name for name in settings.groups if name in panel.languages]
    if named:
        raise SettingsError(
            f"a group is named like the language {named[0]!r}",
            where="groups",
            remedy="give it a name of its own",
        )
    others = panel.languages[1:]
    present = {
        name: tuple(code for code in codes if code in others)
        for name, codes in settings.groups.items()
    }
    return {name: codes for name, codes in present.items() if codes}


def _temperature_row(
    run: RunPredictions, fitted: dict[tuple[str, int], TemperatureScaling]
) -> dict[str, Any]:
    scaling = fitted[run.recipe, run.seed]
    return {
        "recipe": run.recipe,
        "seed": run.seed,
        "temperature": scaling.temperature_,
        "nll_before": scaling.nll_before_,
        "nll_after": scaling.nll_after_,
        "converged": scaling.converged_,
        "n": 0 if run.dev is None else len(run.dev.gold),
    }


def _reliability(
    panel: Panel,
    runs: Sequence[RunPredictions],
    fitted: dict[tuple[str, int], TemperatureScaling],
    measurements: RunMeasurements,
    settings: AnalysisSettings,
) -> list[ReliabilityBin]:
    return [
        row
        for recipe in dict.fromkeys(recipe for recipe, _ in measurements.runs)
        for language in panel.languages
        for scaling in measurements.scalings
        for row in reliability_bins(
            [
                scaled_scores(run, language, scaling, fitted.get((run.recipe, run.seed)))
                for run in runs
                if run.recipe == recipe
            ],
            [run.test[language].gold for run in runs if run.recipe == recipe],
            recipe=recipe,
            language=language,
            scaling=scaling,
            bins=settings.bins,
        )
    ]


def _resolved(
    settings: AnalysisSettings, runs: Sequence[RunPredictions], measurements: RunMeasurements
) -> dict[str, Any]:
    """Return the settings as plain JSON values, how many runs count, and which are unmatched."""
    plain = asdict(settings)
    plain["groups"] = {name: list(codes) for name, codes in settings.groups.items()}
    plain["seeds"] = dict(Counter(run.recipe for run in runs))
    plain["unmatched"] = [{"recipe": r, "seed": seed} for r, seed in measurements.unmatched]
    return plain
