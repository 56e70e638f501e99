"""Every run's scores by language, and the study at a glance: recipes by targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crosscal.analysis import Results
from crosscal.calibration import ece_debiased, top_label
from crosscal.metrics import SCORERS, MetricInput, MetricValues, mining_threshold, score
from crosscal.predictions import Predictions
from crosscal.study.config.settings import Study
from crosscal.tasks import task

ENGLISH = "en"


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """The scores of one run in one language of one split, as fractions."""

    target: str
    recipe: str
    seed: int
    split: str
    language: str
    score: MetricValues  # all metrics, official and sound
    official: float
    sound: float
    ece: float  # debiased, of the chosen choice, 15 bins


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


def score_runs(study: Study, target: str, runs: Sequence[Predictions]) -> list[ScoreRow]:
    """MetricValues every language of every run of a target, with its task's own metric."""
    scoring = task(study.targets[target].task).scoring
    rows = []
    for run in runs:
        for split in run.splits:
            for language in run.languages(split):
                threshold = _threshold(run, language) if scoring == "bitext" else None
                values = score(
                    scoring,
                    MetricInput.of(run, language=language, split=split, threshold=threshold),
                )
                official, sound = SCORERS[scoring].headline(values)
                rows.append(
                    ScoreRow(
                        target=target,
                        recipe=run.provenance.recipe,
                        seed=run.provenance.seed,
                        split=split,
                        language=language,
                        score=values,
                        official=official,
                        sound=sound,
                        ece=_calibration_error(run, language, split),
                    )
                )
    return rows


def _calibration_error(run: Predictions, language: str, split: str) -> float:
    part = run.select(language=language, split=split)
    confidence, correct = top_label(part.scores, part.gold)
    return ece_debiased(confidence, correct, clusters=part.cluster_ids)


def _threshold(run: Predictions, language: str) -> float:
    """MetricValues from which on mined pairs count, from the training pairs (split ``dev``).

    Where no training pair was found there is nothing to choose by, and every pair of a score
    above zero counts: where XTREME's search for the best threshold starts, and then stays.
    """
    rows = MetricInput.of(run, language=language, split="dev", threshold=0.0)
    none_found = score("bitext", rows).official["recall"] == 0
    return 0.0 if none_found else mining_threshold(rows)


def score_cells(rows: Sequence[ScoreRow], results: Mapping[str, Results]) -> list[Cell]:
    """Put the scores of a study into one cell for each target and recipe."""
    pairs = dict.fromkeys((row.target, row.recipe) for row in rows)
    return [
        _cell([row for row in rows if (row.target, row.recipe) == pair], results[pair[0]])
        for pair in pairs
    ]


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
