"""Averages over the targets of a study, of each recipe and of the best recipe of each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crosscal.calibration import Measurement, mean_measurement
from crosscal.metrics.xtreme import benchmark_average, group_averages, whole_groups
from crosscal.metrics.xtreme_tasks import TASKS
from crosscal.study.config.settings import Study
from crosscal.study.results.score_estimates import (
    BASELINE,
    ScoreComparison,
    shuffled,
    study_pivots,
)
from crosscal.study.results.scores import Cell, best_recipes

ALL = "all nine tasks"
UNCHOSEN = BASELINE
"""The recipe of targets that have no English development data to choose by, as in retrieval."""

# Names the stream of the orders of draws.
_ORDER = 1_000_037

Choice = Mapping[str, str]
"""A recipe for each target."""


def xtreme_averages(study: Study, cells: Sequence[Cell]) -> dict[str, Any]:
    """Average official figures over XTREME's tasks, as the benchmark does; fractions.

    For each recipe, and where every target has a recipe of its own: the best on English
    development data (`UNCHOSEN` where there are none), or the best by the very figures that are
    averaged, which is near to how Phang et al. (2020) chose. Of several targets of one task the
    first counts; groups whose tasks are not all among the targets are left out.

    ``intervals`` and ``gains`` (over `BASELINE`) are of the same form, with an estimate in place of
    each figure. They take the choice of recipes as given.
    """
    alone: dict[str, Choice] = {
        recipe: dict.fromkeys(study.targets, recipe) for recipe in study.recipes
    }
    best: dict[str, Choice] = {
        "english_development": {**alone[UNCHOSEN], **best_recipes(cells)},
        "test": best_recipes(cells, by="official"),
    }
    averages = _Averages(study, cells)
    document: dict[str, Any] = {
        "recipes": {recipe: averages.figures(choice) for recipe, choice in alone.items()},
        "best": {kind: averages.figures(choice) for kind, choice in best.items()},
    }
    together = averages.estimates(alone)
    # Each choice by itself: seeds of a mixture of recipes tell nothing of the others.
    apart = {
        kind: averages.estimates({BASELINE: alone[BASELINE], kind: best[kind]}) for kind in best
    }
    for number, name in enumerate(("intervals", "gains")):
        document[name] = {
            "recipes": together[number],
            "best": {kind: both[number].get(kind, {}) for kind, both in apart.items()},
        }
    return document


class _Averages:
    """Averages over whole groups of XTREME's tasks, of any choice of recipes."""

    def __init__(self, study: Study, cells: Sequence[Cell]) -> None:
        self._targets: dict[str, str] = {}  # by task
        for name, target in study.targets.items():
            if target.task in TASKS:
                self._targets.setdefault(target.task, name)
        self._cells = {(cell.target, cell.recipe): cell for cell in cells}
        self._settings = study.analysis
        self._groups = whole_groups(self._targets)
        if self._targets.keys() >= TASKS.keys():
            self._groups = {**self._groups, ALL: list(TASKS)}

    def figures(self, choice: Choice) -> dict[str, float]:
        """Return the average of each group."""
        figures = {
            task: self._cells[name, choice[name]].official for task, name in self._targets.items()
        }
        average = benchmark_average(figures)
        return group_averages(figures) | ({} if average is None else {ALL: average})

    def estimates(
        self, choices: Mapping[str, Choice]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """Return estimates of the averages of choices by name, and of their gains, by group."""
        levels: dict[str, dict[str, Any]] = {name: {} for name in choices}
        gains: dict[str, dict[str, Any]] = {name: {} for name in choices if name != BASELINE}
        figures = {name: self.figures(choice) for name, choice in choices.items()}
        pivots = study_pivots(self._settings)
        for group, tasks in self._groups.items():
            by_run = {
                (name, seed): one
                for name, choice in choices.items()
                for seed, one in self._by_seed(choice, tasks).items()
            }
            if {name for name, _ in by_run} != set(choices):  # no seed that all targets have
                continue
            comparison = ScoreComparison(by_run, pivots, level=self._settings.level)
            for name in choices:
                value = figures[name][group]
                levels[name][group] = comparison.score(name, value).to_dict()
                if name != BASELINE:
                    gain = comparison.gain(name, value - figures[BASELINE][group])
                    gains[name][group] = gain.to_dict()
        return levels, gains

    def _by_seed(self, choice: Choice, tasks: Sequence[str]) -> dict[int, Measurement]:
        """Return the average of each seed that all targets of the tasks have."""
        cells = [self._cells[self._targets[task], choice[self._targets[task]]] for task in tasks]
        seeds = [seed for seed in cells[0].by_seed if all(seed in cell.by_seed for cell in cells)]
        return {
            seed: mean_measurement(
                [self._independent(cell.by_seed[seed], cell.target) for cell in cells]
            )
            for seed in seeds
        }

    def _independent(self, one: Measurement, target: str) -> Measurement:
        """Return a target's draws in an order of its own, the same for all its runs."""
        # Draws of two targets come from one stream; their items have nothing to do with each other.
        number = list(self._targets.values()).index(target)
        rng = np.random.default_rng([self._settings.seed, _ORDER, number])
        return shuffled(one, rng.permutation(len(one.draws_low)))
