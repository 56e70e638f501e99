"""Averages over the targets of a study, of each recipe and of the best recipe of each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosscal.metrics.xtreme import benchmark_average, group_averages
from crosscal.metrics.xtreme_tasks import TASKS
from crosscal.study.config.settings import Study
from crosscal.study.results.scores import Cell, best_recipes

ALL = "all nine tasks"
UNCHOSEN = "direct"
"""The recipe of targets that have no English development data to choose by, as in retrieval."""


def xtreme_averages(study: Study, cells: Sequence[Cell]) -> dict[str, Any]:
    """Average official figures over XTREME's tasks, as the benchmark does; fractions.

    For each recipe, and where every target has a recipe of its own: the best on English
    development data (`UNCHOSEN` where there are none), or the best by the very figures that are
    averaged, which is near to how Phang et al. (2020) chose. Of several targets of one task the
    first counts; groups whose tasks are not all among the targets are left out.
    """
    targets: dict[str, str] = {}
    for name, target in study.targets.items():
        if target.task in TASKS:
            targets.setdefault(target.task, name)
    by_pair = {(cell.target, cell.recipe): cell for cell in cells}

    def averages(recipes: Mapping[str, str]) -> dict[str, float]:
        figures = {task: by_pair[name, recipes[name]].official for task, name in targets.items()}
        average = benchmark_average(figures)
        return group_averages(figures) | ({} if average is None else {ALL: average})

    alone = {recipe: dict.fromkeys(study.targets, recipe) for recipe in study.recipes}
    return {
        "recipes": {recipe: averages(recipes) for recipe, recipes in alone.items()},
        "best": {
            "english_development": averages(alone[UNCHOSEN] | best_recipes(cells)),
            "test": averages(best_recipes(cells, by="official")),
        },
    }
