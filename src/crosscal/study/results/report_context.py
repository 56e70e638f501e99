"""Tell a report what was run: the study, its stages, its files, what went amiss."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Any

from crosscal.analysis import Results
from crosscal.languages import find_language
from crosscal.report import ReportContext, StageNote
from crosscal.study.config.load import languages_of
from crosscal.study.config.settings import RETRIEVAL, Recipe, Study, TargetTask
from crosscal.study.config.shareable import shareable, shown_name
from crosscal.study.config.write import study_to_toml
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import Plan
from crosscal.tasks import task

_SHARE_CUT = 0.01
_ONE_LABEL = 0.95


def report_context(
    plan: Plan, target: str, store: Store, results: Results, ran: Sequence[str] = ()
) -> ReportContext:
    """Collect what a report shows beside the results."""
    study = plan.study
    data = study.targets[target]
    runs = [run for run in plan.runs if run.target == target]
    first = runs[0].table.provenance
    codes = languages_of(data)
    return ReportContext(
        question=study.question or f"How far can {shown_name(study.encoder.name)} be trusted?",
        study=study.name,
        encoder=str(first["encoder"]),
        task=data.task,
        languages=tuple(filter(None, map(find_language, codes))),
        recipes={
            name: describe_recipe(recipe, study, data) for name, recipe in study.recipes.items()
        },
        training=_training(study),
        stages=tuple(
            StageNote(
                kind=stage.kind,
                name=stage.title,
                seconds=store.details(*stage.node).get("seconds"),
                cached=stage.key not in ran,
            )
            for stage in plan.stages
        ),
        settings_toml=study_to_toml(shareable(study)),
        warnings=tuple(_warnings(plan, store, results)),
        version=importlib.metadata.version("crosscal"),
        versions=first["versions"],
        data_files={
            name: digest for run in runs for name, digest in run.table.provenance["data"].items()
        },
        development={
            (run.recipe, run.seed): details["development"]["accuracy"]
            for run in runs
            if run.training and task(data.task).family != RETRIEVAL
            if (details := store.details(*run.training[-1].node))  # its folder may be removed
        },
    )


def describe_recipe(recipe: Recipe, study: Study, target: TargetTask) -> str:
    """Put a recipe into words."""
    steps = [" and ".join(study.intermediate[name].task for name in step) for step in recipe.chain]
    if recipe.mlm:
        steps = [f"{step} with {recipe.mlm:.0%} masked language modelling" for step in steps]
    return ", then ".join([*steps, target.task]) + (" alone" if not steps else "")


def _training(study: Study) -> dict[str, str]:
    settings = {key: str(value) for key, value in study.training.model_dump().items()}
    for name, data in (*study.intermediate.items(), *study.targets.items()):
        for key, value in data.training.items():
            settings[f"{key} ({name})"] = str(value)
    return settings


def _warnings(plan: Plan, store: Store, results: Results) -> list[str]:
    warnings = [
        f"The run of recipe {entry['recipe']} with seed {entry['seed']} collapsed and is left "
        f"out of every average: {entry['reason']}."
        for entry in results.collapsed
    ]
    for stage in plan.stages:
        details = store.details(*stage.node)
        share = details.get("development", {}).get("share", 0.0)
        if share > _ONE_LABEL:
            warnings.append(
                f"After '{stage.title}', one label was given to {share:.0%} of the development "
                "examples: the stage learned next to nothing."
            )
        if details.get("labels_seem"):
            warnings.append(
                f"The labels look permuted ({stage.title}): the English development data fit "
                f"better if the scores were in the order {', '.join(details['labels_seem'])}. Do "
                "training and development files use one order?"
            )
        if stage.kind == "translate":
            warnings += _of_translation(stage.title, details)
        cut, total = details.get("truncated", 0), details.get("examples", 0)
        if cut:
            weight = "" if cut / total < _SHARE_CUT else " This is more than one in a hundred."
            warnings.append(
                f"{cut} of {total} inputs were longer than {stage.hashed['max_length']} tokens "
                f"and were cut ({stage.title}).{weight}"
            )
    for field, reading in plan.datasets.items():
        warnings += [
            f"{count} rows of {field} were left out: {why}."
            for why, count in reading.dropped.items()
        ]
        warnings += [f"{note} ({field})." for note in reading.notes]
    warnings += [
        f"No finite temperature fits recipe {entry['recipe']}, seed {entry['seed']}."
        for entry in results.temperatures
        if not entry["converged"]
    ]
    return warnings


def _of_translation(title: str, details: dict[str, Any]) -> list[str]:
    """Say what a translation lost, and what its translator counted."""
    lost, total = details.get("answers_lost", 0), details.get("examples", 0)
    return [
        *(
            f"{count} of {total} examples were left out ({title}): {why}."
            for why, count in details.get("dropped", {}).items()
        ),
        *([f"{lost} answers of kept questions could not be projected ({title})."] if lost else []),
        *(
            f"{what}: {count} ({title})."
            for what, count in details.get("counted", {}).items()
            if count
        ),
    ]
