"""Whether the recipes of a study can be carried out as they are written."""

from __future__ import annotations

from crosscal.exceptions import SettingsError
from crosscal.spelling import did_you_mean
from crosscal.study.config.settings import RETRIEVAL, Recipe, Study
from crosscal.tasks import task as task_of

_MASKED = "masked language modelling"
# Settings of a mixture that count under one sampling alone.
_OF_SAMPLING = {"cap": "capped", "temperature": "temperature"}


def check_recipes(study: Study, where: str) -> None:
    """Refuse recipes, and what they name, that cannot be carried out."""
    if "direct" not in study.recipes or study.recipes["direct"].intermediate:
        raise SettingsError(
            "the recipe 'direct' (no intermediate task) is missing: effects are measured from it",
            where=f"{where}, recipes",
            remedy="Add an empty table [recipes.direct]",
        )
    for name, recipe in study.recipes.items():
        _check_chain(recipe, study, f"{where}, recipes.{name}")
        _check_mixture(recipe, study, f"{where}, recipes.{name}")
    for name, data in study.intermediate.items():
        family = task_of(data.task).family
        if family in (RETRIEVAL, _MASKED):
            raise SettingsError(
                f"the task '{data.task}' is of the family {family} and cannot be an intermediate "
                "task",
                where=f"{where}, intermediate.{name}.task",
                remedy="Give recipes a share of it with 'mlm'"
                if family == _MASKED
                else "Make it a target: nothing is trained on it",
            )
    if study.prediction.ensemble and len(study.seeds) == 1:
        raise SettingsError(
            "the ensemble of one seed is the run itself",
            where=f"{where}, prediction.ensemble",
            remedy="Name more seeds, or leave the ensemble out",
        )


def _check_chain(recipe: Recipe, study: Study, where: str) -> None:
    for step in recipe.chain:
        for task in step:
            if task not in study.intermediate:
                raise SettingsError(
                    f"the recipe asks for the intermediate task '{task}', which has no table",
                    where=f"{where}.intermediate",
                    remedy=did_you_mean(task, study.intermediate)
                    if study.intermediate
                    else f"Add a table [intermediate.{task}]",
                )
        if len(set(step)) < max(1, len(step)):
            raise SettingsError(
                f"tasks trained on at once are named twice: {', '.join(step)}"
                if step
                else "a list of tasks trained on at once is empty",
                where=f"{where}.intermediate",
                remedy="Name at least one task in it, and each once",
            )


def _check_mixture(recipe: Recipe, study: Study, where: str) -> None:
    if recipe.mlm and (study.mlm is None or not recipe.chain):
        raise SettingsError(
            "masked language modelling needs an intermediate task beside it, and [mlm] texts",
            where=f"{where}.mlm",
            remedy="Name an intermediate task, and add a table [mlm]",
        )
    for setting, sampling in _OF_SAMPLING.items():
        changed = getattr(recipe, setting) != Recipe.model_fields[setting].default
        if changed and recipe.sampling != sampling:
            raise SettingsError(
                f"'{setting}' has no meaning where sampling is '{recipe.sampling}'",
                where=f"{where}.{setting}",
                remedy=f"Remove it, or set sampling = '{sampling}'",
            )
