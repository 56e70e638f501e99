"""Every run's scores by language, and the study at a glance: recipes by targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from crosscal.analysis import Results
from crosscal.analysis.measuring import RunKey
from crosscal.calibration import Measurement, ece_debiased, mean_measurement, top_label
from crosscal.calibration.statistics.crossed_seeds import ONE_SEED, SeedPivots
from crosscal.metrics import SCORERS, MetricInput, MetricValues, Scorer, mining_threshold, score
from crosscal.predictions import Predictions
from crosscal.study.config.settings import Study
from crosscal.study.results.score_draws import ByMetric, ScoreDraws
from crosscal.study.results.score_estimates import (
    BASELINE,
    ScoreComparison,
    ScoreEstimate,
    study_pivots,
)
from crosscal.tasks import task

Interval = tuple[float, float]

ENGLISH = "en"
GAINS = ("official", "sound")
SCORES = (*GAINS, "english", "transfer_gap", "development")
"""The figures of a cell that have intervals."""


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """The scores of one run in one language of one split, as fractions.

    Intervals are of this very model.
    """

    target: str
    recipe: str
    seed: int
    split: str
    language: str
    score: MetricValues  # all metrics, official and sound
    official: float
    sound: float
    ece: float  # debiased, of the chosen choice, 15 bins
    official_interval: Interval
    sound_interval: Interval
    metric_intervals: Mapping[str, Mapping[str, Interval]]  # of headline metrics, by kind
    # Draws of `official` and `sound`.
    draws: Mapping[str, Measurement] = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the draws."""
        score = {name: getattr(self.score, name) for name in ("official", "sound", "oracle", "n")}
        names = ("target", "recipe", "seed", "split", "language")
        return {
            **{name: getattr(self, name) for name in names},
            "score": score,
            **{name: getattr(self, name) for name in ("official", "sound", "ece")},
            "official_interval": self.official_interval,
            "sound_interval": self.sound_interval,
            "metric_intervals": self.metric_intervals,
            "seed_variance": ONE_SEED,
        }


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One recipe on one target: means over languages, then over seeds, as fractions."""

    target: str
    recipe: str
    official: float  # over all languages, English among them (as XTREME averages)
    sound: float
    english: float | None  # sound; None in retrieval, which is always against English
    # English minus the mean of the others, official (Hu et al. 2020, section 5).
    transfer_gap: float | None
    development: float | None  # sound, in English: what may choose among recipes
    ece: float  # debiased; of collapsed runs too
    collapsed: int  # runs that learnt nothing, and are left out of the analysis
    languages: int
    units: int
    seeds: int
    # By names of figures above: of `SCORES`, and gains over the baseline of `GAINS`.
    estimates: Mapping[str, ScoreEstimate] = field(default_factory=dict)
    gains: Mapping[str, ScoreEstimate] = field(default_factory=dict)
    # Draws of the official score of each seed.
    by_seed: Mapping[int, Measurement] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without the draws."""
        hidden = ("estimates", "gains", "by_seed")
        return {
            **{
                each.name: getattr(self, each.name)
                for each in fields(self)
                if each.name not in hidden
            },
            "estimates": {name: each.to_dict() for name, each in self.estimates.items()},
            "gains": {name: each.to_dict() for name, each in self.gains.items()},
        }


def score_runs(study: Study, target: str, runs: Sequence[Predictions]) -> list[ScoreRow]:
    """Score every language of every run of a target, with its task's own metric."""
    scoring = task(study.targets[target].task).scoring
    settings = study.analysis
    draws = {
        split: ScoreDraws(runs, split, replicates=settings.replicates, seed=settings.seed)
        for split in dict.fromkeys(split for run in runs for split in run.splits)
    }
    rows = []
    for number, run in enumerate(runs):
        for split in run.splits:
            scored = {}
            for language in run.languages(split):
                threshold = _threshold(run, language) if scoring == "bitext" else None
                given = MetricInput.of(run, language=language, split=split, threshold=threshold)
                scored[language] = given, score(scoring, given)
            measured = draws[split].measure(scored, number)
            rows += [
                _row(
                    target,
                    run,
                    split,
                    language,
                    SCORERS[scoring],
                    values,
                    measured[language],
                    settings.level,
                )
                for language, (_, values) in scored.items()
            ]
    return rows


def _row(
    target: str,
    run: Predictions,
    split: str,
    language: str,
    scorer: Scorer,
    values: MetricValues,
    measured: ByMetric,
    level: float,
) -> ScoreRow:
    official, sound = scorer.headline(values)
    draws = {
        kind: replace(mean_measurement(list(measured[kind].values())), value=value)
        for kind, value in (("official", official), ("sound", sound))
    }
    return ScoreRow(
        target=target,
        recipe=run.provenance.recipe,
        seed=run.provenance.seed,
        split=split,
        language=language,
        score=replace(values, rows={}),
        official=official,
        sound=sound,
        ece=_calibration_error(run, language, split),
        official_interval=draws["official"].interval(level),
        sound_interval=draws["sound"].interval(level),
        metric_intervals={
            kind: {name: one.interval(level) for name, one in metrics.items()}
            for kind, metrics in measured.items()
        },
        draws=draws,
    )


def _calibration_error(run: Predictions, language: str, split: str) -> float:
    part = run.select(language=language, split=split)
    confidence, correct = top_label(part.scores, part.gold)
    return ece_debiased(confidence, correct, clusters=part.cluster_ids)


def _threshold(run: Predictions, language: str) -> float:
    """Return the score from which on mined pairs count, from the training pairs (split ``dev``).

    Where no training pair was found there is nothing to choose by, and every pair of a score
    above zero counts: where XTREME's search for the best threshold starts, and then stays.
    """
    rows = MetricInput.of(run, language=language, split="dev", threshold=0.0)
    none_found = score("bitext", rows).official["recall"] == 0
    return 0.0 if none_found else mining_threshold(rows)


def score_cells(
    study: Study, rows: Sequence[ScoreRow], results: Mapping[str, Results]
) -> list[Cell]:
    """Put the scores of a study into one cell for each target and recipe."""
    pivots = study_pivots(study.analysis)
    cells = []
    for target in dict.fromkeys(row.target for row in rows):
        of_target = [row for row in rows if row.target == target]
        recipes = dict.fromkeys(row.recipe for row in of_target)
        found = [
            _cell([row for row in of_target if row.recipe == recipe], results[target])
            for recipe in recipes
        ]
        cells += _with_estimates(found, of_target, pivots, study.analysis.level)
    return cells


def _with_estimates(
    cells: Sequence[Cell], rows: Sequence[ScoreRow], pivots: SeedPivots, level: float
) -> list[Cell]:
    """Add intervals and gains to the cells of one target."""
    by_run: dict[RunKey, list[ScoreRow]] = {}
    for row in rows:
        by_run.setdefault((row.recipe, row.seed), []).append(row)
    measured = {run: _measurements(of_run) for run, of_run in by_run.items()}
    comparisons = {
        name: ScoreComparison({run: m[name] for run, m in measured.items()}, pivots, level=level)
        for name in SCORES
        if all(name in m for m in measured.values())
    }
    base = next((cell for cell in cells if cell.recipe == BASELINE), None)
    return [
        replace(
            cell,
            estimates={
                name: each.score(cell.recipe, getattr(cell, name))
                for name, each in comparisons.items()
            },
            gains={}
            if base is None or cell is base
            else {
                name: comparisons[name].gain(cell.recipe, getattr(cell, name) - getattr(base, name))
                for name in GAINS
            },
            by_seed={
                seed: m["official"]
                for (recipe, seed), m in measured.items()
                if recipe == cell.recipe
            },
        )
        for cell in cells
    ]


def _measurements(rows: Sequence[ScoreRow]) -> dict[str, Measurement]:
    """Return the figures of a cell for one run; those that it has."""
    test = [row for row in rows if row.split == "test"]
    english = [row for row in test if row.language == ENGLISH]
    others = [row for row in test if row.language != ENGLISH]
    development = [row for row in rows if row.split == "dev" and row.language == ENGLISH]
    means = {
        "official": mean_measurement([row.draws["official"] for row in test]),
        "sound": mean_measurement([row.draws["sound"] for row in test]),
    }
    if english:
        means["english"] = english[0].draws["sound"]
    if english and others:
        means["transfer_gap"] = english[0].draws["official"] - mean_measurement(
            [row.draws["official"] for row in others]
        )
    if development:
        means["development"] = development[0].draws["sound"]
    return means


def _cell(rows: Sequence[ScoreRow], results: Results) -> Cell:
    test = [row for row in rows if row.split == "test"]
    others = [row.official for row in test if row.language != ENGLISH]
    english = [row for row in test if row.language == ENGLISH]
    # Not the training pairs of mining, which are in the target's own languages.
    development = [row.sound for row in rows if row.split == "dev" and row.language == ENGLISH]
    first = test[0]
    gap = None
    if others and english:
        gap = float(np.mean([row.official for row in english]) - np.mean(others))
    return Cell(
        target=first.target,
        recipe=first.recipe,
        official=float(np.mean([row.official for row in test])),
        sound=float(np.mean([row.sound for row in test])),
        english=float(np.mean([row.sound for row in english])) if english else None,
        transfer_gap=gap,
        development=float(np.mean(development)) if development else None,
        ece=float(np.mean([row.ece for row in test])),
        collapsed=sum(run["recipe"] == first.recipe for run in results.collapsed),
        languages=len({row.language for row in test}),
        units=sum(row.score.n for row in test if row.seed == first.seed),
        seeds=len({row.seed for row in test}),
    )


def collapse_rates(cells: Sequence[Cell]) -> dict[str, tuple[int, int]]:
    """Return how many runs of each recipe learnt nothing, and of how many it could be told.

    Without English development data, as in retrieval, it cannot.
    """
    rates: dict[str, tuple[int, int]] = {}
    for cell in cells:
        collapsed, runs = rates.get(cell.recipe, (0, 0))
        told = cell.seeds if cell.development is not None else 0
        rates[cell.recipe] = collapsed + cell.collapsed, runs + told
    return rates


def best_recipes(cells: Sequence[Cell], *, by: str = "development") -> dict[str, str]:
    """Return each target's best recipe; of equals the first.

    By English development data, which is sound (targets without them have none); or by the very
    scores to be reported ("official"), as Phang et al. (2020) chose: optimistic.
    """
    best: dict[str, Cell] = {}
    for cell in cells:
        value = getattr(cell, by)
        if value is None:
            continue
        if cell.target not in best or value > getattr(best[cell.target], by):
            best[cell.target] = cell
    return {target: cell.recipe for target, cell in best.items()}
