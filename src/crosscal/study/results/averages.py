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


def xtreme_averages(study: Study, found: Sequence[Cell]) -> dict[str, Any]:
    """Average official figures over XTREME's tasks, as the benchmark does.

    Parameters
    ----------
    study : Study
    found : sequence of Cell
        All of its cells.

    Returns
    -------
    dict
        ``recipes``: by recipe, the mean figure of each group of tasks, and of `ALL`, as fractions
        (answers count as the mean of exact match and F1). ``best``: the same where every target has
        a recipe of its own, the best on English development data (``english_development``;
        targets without such data have `UNCHOSEN`) or the best by the very figures that are
        averaged (``test``). The paper's way is near to the latter: Phang et al. (2020) chose by
        development data of the target languages. Groups whose tasks are not all among the targets
        are left out. Of several targets of one task the first counts.
    """
    targets: dict[str, str] = {}
    for name, target in study.targets.items():
        if target.task in TASKS:
            targets.setdefault(target.task, name)
    cells = {(cell.target, cell.recipe): cell for cell in found}

    def averages(recipes: Mapping[str, str]) -> dict[str, float]:
        figures = {task: cells[name, recipes[name]].official for task, name in targets.items()}
        average = benchmark_average(figures)
        return group_averages(figures) | ({} if average is None else {ALL: average})

    alone = {recipe: dict.fromkeys(study.targets, recipe) for recipe in study.recipes}
    return {
        "recipes": {recipe: averages(chosen) for recipe, chosen in alone.items()},
        "best": {
            "english_development": averages(alone[UNCHOSEN] | best_recipes(found)),
            "test": averages(best_recipes(found, by="official")),
        },
    }
