"""Every metric of every run in every language, on one draw of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.matching import measure_parts
from crosscal.analysis.results import METRICS, PARTS
from crosscal.analysis.runs import Panel, ParallelLanguages, RunPredictions
from crosscal.analysis.settings import AnalysisSettings
from crosscal.calibration import (
    Answers,
    Measurement,
    TemperatureScaling,
    mean_measurement,
    outcomes,
)
from crosscal.calibration.estimation.engine import measure_samples
from crosscal.calibration.estimation.resampling import ClusterResampling, resample_clusters
from crosscal.calibration.estimation.samples import (
    EvaluationSettings,
    SampleSet,
    TemperatureDraws,
)
from crosscal.calibration.estimation.temperature_draws import temperature_offsets
from crosscal.predictions import Slice

Floats = NDArray[np.float64]
RunKey = tuple[str, int]

_PARTS = tuple(part for both in PARTS.values() for part in both)
_ERRORS = tuple(metric for metric in METRICS if metric.startswith("ece"))
# Names the draw of development clusters; draws of test clusters are numbered from 0.
_DEVELOPMENT = 1_000_003


@dataclass(frozen=True, kw_only=True)
class LanguageOrGroup:
    """What a number is about: a language, the mean of a group, or one group less another."""

    name: str
    languages: tuple[str, ...]
    is_group: bool
    minus: tuple[str, ...] = ()  # languages whose mean is taken off


@dataclass(frozen=True, kw_only=True)
class RunMeasurements:
    """Measurements by run, scaling, language and metric, collapsed runs left out."""

    by_run: Mapping[tuple[str, int, str], Mapping[str, Mapping[str, Measurement]]]
    runs: tuple[RunKey, ...]  # those that count
    scalings: tuple[str, ...]
    metrics: tuple[str, ...]
    baseline_language: str
    n: Mapping[str, int]
    clusters: Mapping[str, int]
    # those in which every answer in the baseline language is right, or every one wrong
    unmatched: tuple[RunKey, ...]

    def has_level(self, metric: str) -> bool:
        """Return whether the metric can be had of one language alone."""
        return metric not in _PARTS

    def level(self, run: RunKey, scaling: str, of: LanguageOrGroup, metric: str) -> Measurement:
        """Return one run's metric: of a group, the mean over its languages."""
        by_language = self.by_run[(*run, scaling)]
        mean = mean_measurement([by_language[code][metric] for code in of.languages])
        if not of.minus:
            return mean
        return mean - mean_measurement([by_language[code][metric] for code in of.minus])

    def degradation(
        self, run: RunKey, scaling: str, of: LanguageOrGroup, metric: str
    ) -> Measurement:
        """Return one run's metric less that in the baseline language."""
        if of.minus or not self.has_level(metric):  # the baseline cancels, or is taken off already
            return self.level(run, scaling, of, metric)
        baseline = self.by_run[(*run, scaling)][self.baseline_language][metric]
        return self.level(run, scaling, of, metric) - baseline


def draw_blocks(
    panel: Panel, settings: AnalysisSettings
) -> list[tuple[ParallelLanguages, ClusterResampling]]:
    """Draw the clusters of languages that share them, in the order of the languages' names."""
    order = sorted(panel.blocks, key=lambda block: min(block.languages))
    return [
        (block, resample_clusters(
            block.clusters, settings.replicates, entropy=(settings.bootstrap_seed, number)
        ))
        for number, block in enumerate(order)
    ]  # fmt: skip


def measure_runs(
    panel: Panel,
    runs: Sequence[RunPredictions],
    fitted: Mapping[RunKey, TemperatureScaling],
    settings: AnalysisSettings,
) -> RunMeasurements:
    """Measure runs in every language and scaling."""
    scalings = ("none",) if settings.dev_split is None else ("none", "english")
    by_run: dict[tuple[str, int, str], dict[str, dict[str, Measurement]]] = {
        (run.recipe, run.seed, scaling): {} for run in runs for scaling in scalings
    }
    offsets = {
        (run.recipe, run.seed): _offsets(run.dev, fitted[run.recipe, run.seed], settings)
        for run in runs
        if run.dev is not None
    }
    evaluation = EvaluationSettings(
        bins=settings.bins,
        level=settings.level,
        errors=_ERRORS,
        calibrated_samples=settings.noise_resamples,
    )
    blocks = draw_blocks(panel, settings)
    for block, resampling in blocks:
        for number, run in enumerate(runs):
            for scaling in scalings:
                key = (run.recipe, run.seed)
                samples = [
                    _sample(run, code, block, number, scaling, fitted.get(key), offsets.get(key))
                    for code in block.languages
                ]
                measured = measure_samples(samples, resampling, evaluation)
                by_run[(*key, scaling)] |= {
                    code: {metric: each[metric] for metric in METRICS if metric in each}
                    for code, each in zip(block.languages, measured, strict=True)
                }
    unmatched = _take_apart(by_run, runs, fitted, blocks, settings)
    return RunMeasurements(
        by_run=by_run,
        runs=tuple((run.recipe, run.seed) for run in runs),
        scalings=scalings,
        metrics=(
            *(m for m in METRICS if m != "nll" or panel.all_gold),
            *(() if unmatched else _PARTS),
        ),
        baseline_language=settings.baseline_language,
        n={code: len(block.cluster) for block in panel.blocks for code in block.languages},
        clusters={code: block.clusters for block in panel.blocks for code in block.languages},
        unmatched=unmatched,
    )


def _take_apart(
    by_run: Mapping[tuple[str, int, str], dict[str, dict[str, Measurement]]],
    runs: Sequence[RunPredictions],
    fitted: Mapping[RunKey, TemperatureScaling],
    blocks: Sequence[tuple[ParallelLanguages, ClusterResampling]],
    settings: AnalysisSettings,
) -> tuple[RunKey, ...]:
    """Add the parts of degradations to the measurements; return the runs that have none."""
    numbers = {(run.recipe, run.seed): number for number, run in enumerate(runs)}
    unmatched = []
    for (recipe, seed, scaling), levels in by_run.items():
        key = (recipe, seed)
        number = numbers[key]
        answers = [
            (_answers(runs[number], block, number, scaling, fitted.get(key)), resampling)
            for block, resampling in blocks
        ]
        parts = measure_parts(
            answers,
            levels,
            baseline=settings.baseline_language,
            bins=settings.bins,
            level=settings.level,
        )
        for code, each in parts.items():
            levels[code] |= each
        if not parts and len(levels) > 1:
            unmatched.append(key)
    return tuple(dict.fromkeys(unmatched))


def scaled_scores(
    run: RunPredictions, language: str, scaling: str, fitted: TemperatureScaling | None
) -> Floats:
    """Return a run's test scores in a language, divided by its temperature if so asked."""
    scores = run.test[language].scores
    return scores if scaling == "none" or fitted is None else fitted.transform(scores)


def _answers(
    run: RunPredictions,
    block: ParallelLanguages,
    number: int,
    scaling: str,
    fitted: TemperatureScaling | None,
) -> list[Answers]:
    answers = []
    for code in block.languages:
        scores = scaled_scores(run, code, scaling, fitted)
        confidence, correct = outcomes(scores, run.test[code].gold)
        answers.append(
            Answers(
                confidence=confidence,
                correct=correct,
                cluster=block.cluster,
                name=code,
                number=number,
            )
        )
    return answers


def _sample(
    run: RunPredictions,
    language: str,
    block: ParallelLanguages,
    number: int,
    scaling: str,
    fitted: TemperatureScaling | None,
    offsets: Floats | None,
) -> SampleSet:
    temperature = None
    if scaling != "none" and fitted is not None and offsets is not None:
        scores, divisor = run.test[language].scores, fitted.temperature_
        temperature = TemperatureDraws(
            offsets=offsets, values_at=lambda at: scores / (divisor * np.exp(at))
        )
    return SampleSet(
        values=scaled_scores(run, language, scaling, fitted),
        gold=run.test[language].gold,
        unit=block.cluster,
        name=language,
        number=number,
        temperature=temperature,
    )


def _offsets(dev: Slice, fitted: TemperatureScaling, settings: AnalysisSettings) -> Floats:
    """Draw a run's temperature; the draw of development clusters is the same for all runs."""
    if not fitted.converged_:
        return np.zeros(settings.replicates)
    known = dev.gold >= 0
    names, cluster = np.unique(dev.cluster_ids[known], return_inverse=True)
    resampling = resample_clusters(
        len(names), settings.replicates, entropy=(settings.bootstrap_seed, _DEVELOPMENT)
    )
    return temperature_offsets(
        dev.scores[known], dev.gold[known], cluster, fitted.temperature_, resampling
    )
