"""From the predictions of all runs to results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.collapse import collapse_reason
from crosscal.analysis.degradation import degradations
from crosscal.analysis.effects import effects
from crosscal.analysis.levels import levels
from crosscal.analysis.measurements import Measurements, Place
from crosscal.analysis.measures import Measure, make_resample, measure_run
from crosscal.analysis.reliability import reliability_bins
from crosscal.analysis.results import Estimate, ReliabilityBin, Results
from crosscal.analysis.runs import Panel, Run, make_panel
from crosscal.analysis.settings import AnalysisSettings
from crosscal.calibration import TemperatureScaling, cluster_weights, seed_pivots
from crosscal.predictions import Predictions, Slice

Floats = NDArray[np.float64]


def analyse(runs: Sequence[Predictions], *, settings: AnalysisSettings) -> Results:
    """Compute levels, degradations and effects, with intervals.

    Parameters
    ----------
    runs : sequence of Predictions
        One for each recipe and seed; test rows equal in all of them.
    settings : AnalysisSettings

    Returns
    -------
    Results
        ``settings`` holds the given ones and, under ``seeds``, by recipe how many runs count
        and whether the interval speaks for the recipe and not only for the models at hand
        (``seed_variance``: "none" with one seed, else "included"). Intervals take fitted
        temperatures as given.

    Raises
    ------
    DataError
        Runs that cannot be compared (see `make_panel`).

    Notes
    -----
    One draw of clusters is shared by all languages, recipes and seeds. Intervals are quantiles
    of the bootstrap's replicates, and for calibration errors of the true errors compatible
    with what was observed (see `crosscal.calibration.estimation.inversion`). Deterministic: equal
    predictions and settings give equal results.
    """
    panel = make_panel(runs, settings)
    reasons = {
        (run.recipe, run.seed): None
        if run.dev is None
        else collapse_reason(run.dev, shared_labels=panel.shared_labels)
        for run in panel.runs
    }
    kept = [run for run in panel.runs if reasons[run.recipe, run.seed] is None]
    fitted = {(run.recipe, run.seed): _fit(run.dev) for run in kept if run.dev is not None}
    groups = _present_groups(panel, settings)
    measurements = _measure_all(panel, kept, fitted, groups, settings)
    estimates: list[Estimate] = [
        *levels(measurements),
        *degradations(measurements),
        *effects(measurements, settings.baseline_recipe),
    ]
    return Results(
        title=settings.title or runs[0].provenance.study,
        baseline_language=settings.baseline_language,
        baseline_recipe=settings.baseline_recipe,
        languages=panel.languages,
        recipes=panel.recipes,
        seeds=panel.seeds,
        groups=groups,
        settings=_resolved(settings, measurements),
        temperatures=[_temperature_row(run, fitted) for run in kept if run.dev is not None],
        estimates=estimates,
        reliability=_reliability(panel, kept, fitted, measurements, settings),
        collapsed=[
            {"recipe": recipe, "seed": seed, "reason": reason}
            for (recipe, seed), reason in reasons.items()
            if reason is not None
        ],
    )


def _fit(dev: Slice) -> TemperatureScaling:
    """Fit a temperature on the units whose right choice is among the choices."""
    known = dev.gold >= 0
    return TemperatureScaling().fit(dev.scores[known], dev.gold[known])


def _present_groups(panel: Panel, settings: AnalysisSettings) -> dict[str, tuple[str, ...]]:
    others = panel.languages[1:]
    present = {
        name: tuple(code for code in codes if code in others)
        for name, codes in settings.groups.items()
    }
    return {name: codes for name, codes in present.items() if codes}


def _measure_all(
    panel: Panel,
    kept: Sequence[Run],
    fitted: dict[tuple[str, int], TemperatureScaling],
    groups: dict[str, tuple[str, ...]],
    settings: AnalysisSettings,
) -> Measurements:
    """Measure every run in every language and scaling, on one draw of clusters."""
    rng = np.random.default_rng(settings.bootstrap_seed)
    scalings = ("none",) if settings.dev_split is None else ("none", "english")
    seeds = {
        recipe: tuple(run.seed for run in kept if run.recipe == recipe) for recipe in panel.recipes
    }
    seeds = {recipe: numbers for recipe, numbers in seeds.items() if numbers}
    found: dict[tuple[str, int, str], dict[str, dict[str, Measure]]] = {
        (run.recipe, run.seed, scaling): {} for run in kept for scaling in scalings
    }
    for block in panel.blocks:
        weights = cluster_weights(block.clusters, settings.replicates, rng)
        uniforms = rng.random((settings.noise_resamples, len(block.cluster)), dtype=np.float32)
        resample = make_resample(weights, block.cluster, uniforms)
        for run in kept:
            for scaling in scalings:
                found[run.recipe, run.seed, scaling] |= measure_run(
                    {code: _scaled(run, code, scaling, fitted) for code in block.languages},
                    {code: run.test[code].gold for code in block.languages},
                    resample,
                    bins=settings.bins,
                    level=settings.level,
                    all_gold=panel.all_gold,
                )
    return Measurements(
        found=found,
        seeds=seeds,
        pivots={
            recipe: seed_pivots(len(numbers), settings.replicates, rng)
            for recipe, numbers in seeds.items()
        },
        baseline_language=settings.baseline_language,
        places=(
            *(Place(name=c, languages=(c,), is_group=False) for c in panel.languages),
            *(Place(name=g, languages=codes, is_group=True) for g, codes in groups.items()),
        ),
        scalings=scalings,
        n={code: len(block.cluster) for block in panel.blocks for code in block.languages},
        clusters={code: block.clusters for block in panel.blocks for code in block.languages},
        level=settings.level,
    )


def _scaled(
    run: Run, language: str, scaling: str, fitted: dict[tuple[str, int], TemperatureScaling]
) -> Floats:
    scores = run.test[language].scores
    return scores if scaling == "none" else fitted[run.recipe, run.seed].transform(scores)


def _temperature_row(run: Run, fitted: dict[tuple[str, int], TemperatureScaling]) -> dict[str, Any]:
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
    kept: Sequence[Run],
    fitted: dict[tuple[str, int], TemperatureScaling],
    measurements: Measurements,
    settings: AnalysisSettings,
) -> list[ReliabilityBin]:
    return [
        row
        for recipe in measurements.seeds
        for language in panel.languages
        for scaling in measurements.scalings
        for row in reliability_bins(
            [_scaled(run, language, scaling, fitted) for run in kept if run.recipe == recipe],
            [run.test[language].gold for run in kept if run.recipe == recipe],
            recipe=recipe,
            language=language,
            scaling=scaling,
            bins=settings.bins,
        )
    ]


def _resolved(settings: AnalysisSettings, measurements: Measurements) -> dict[str, Any]:
    """Return the settings as plain JSON values, with what they imply for seeds."""
    plain = asdict(settings)
    plain["groups"] = {name: list(codes) for name, codes in settings.groups.items()}
    plain["seeds"] = {
        recipe: {
            "runs": len(numbers),
            "seed_variance": "none" if len(numbers) == 1 else "included",
        }
        for recipe, numbers in measurements.seeds.items()
    }
    return plain
