"""Stages that train: on a recipe's intermediate tasks, on a target, each from what was before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosscal.study.config.load import training_settings
from crosscal.study.config.settings import ONE_TARGET, Recipe, TaskConfig
from crosscal.study.planning.builder import PlanBuilder
from crosscal.study.planning.plan import TEXTS, Stage
from crosscal.study.planning.preparing import prepare, prepare_text
from crosscal.tasks import task
from crosscal.training.settings import Mixture


def train_recipe(builder: PlanBuilder, recipe: str, seed: int) -> tuple[Stage, ...]:
    """Train on a recipe's intermediate tasks, one step after the other; empty if it has none.

    Raises
    ------
    DataError
        If anything is wrong with the data.
    SettingsError
        If the recipe asks for running text and the study has none.
    """
    chosen = builder.study.recipes[recipe]
    stages: tuple[Stage, ...] = ()
    for names in chosen.chain:
        stages += (_intermediate(builder, names, chosen, seed, stages[-1] if stages else None),)
    return stages


def train_target(builder: PlanBuilder, target: str, seed: int, before: Stage | None) -> Stage:
    """Train on a target, from what `before` left or else from the encoder.

    Raises
    ------
    DataError
        If anything is wrong with the data.
    """
    return _train(builder, {target: builder.study.targets[target]}, (), Mixture(), seed, before)


def head_of(builder: PlanBuilder, name: str, data: TaskConfig) -> dict[str, Any]:
    """Describe the head of a target or intermediate task, as training and prediction need it.

    Returns
    -------
    dict
        ``name``, ``family`` and ``labels``.
    """
    return {
        "name": _head_name(builder, name),
        "family": task(data.task).family,
        "labels": builder.datasets.labels(name, data),
    }


def _head_name(builder: PlanBuilder, name: str) -> str:
    """Name of a task's head: one for all targets, so that equal training is shared."""
    return ONE_TARGET if name in builder.study.targets else name


def _intermediate(
    builder: PlanBuilder, names: tuple[str, ...], recipe: Recipe, seed: int, before: Stage | None
) -> Stage:
    tasks = {name: builder.study.intermediate[name] for name in names}
    texts: tuple[Stage, ...] = ()
    if recipe.mlm:
        settings = training_settings(builder.study, tasks[names[0]], where=names[0])
        texts = (prepare_text(builder, settings),)
    # How several tasks would be sampled changes nothing for one: its stage is shared.
    mixture = recipe.mixture if len(tasks) > 1 else Mixture(mlm=recipe.mlm)
    return _train(builder, tasks, texts, mixture, seed, before)


def _train(
    builder: PlanBuilder,
    tasks: Mapping[str, TaskConfig],
    texts: tuple[Stage, ...],
    mixture: Mixture,
    seed: int,
    before: Stage | None,
) -> Stage:
    """Train on tasks at once; the first one's settings count for all."""
    name, data = next(iter(tasks.items()))
    settings = training_settings(builder.study, data, where=f"{name}.training")
    parts = [head_of(builder, key, value) for key, value in tasks.items()]
    inputs: dict[str, tuple[str, str]] = {}
    for key, value in tasks.items():
        head = _head_name(builder, key)
        inputs[f"train:{head}"] = prepare(builder, key, value, "train", value.train_languages).node
        inputs[f"dev:{head}"] = prepare(builder, key, value, "dev", ("en",)).node
    for stage in texts:
        parts.append({"name": TEXTS, "family": "masked language modelling", "labels": []})
        inputs[f"train:{TEXTS}"] = stage.node
    if before is not None:
        inputs["start"] = before.node
    return builder.add(
        Stage(
            kind="train",
            title=f"train {_stage_title(builder, tasks, texts, before)}, seed {seed}",
            settings={
                **builder.common,
                "parts": parts,
                "training": settings.model_dump(),
                "mixture": mixture.model_dump(),
                "seed": seed,
            },
            inputs=inputs,
            parameters={
                "encoder": str(builder.encoder),
                "checkpoint_seconds": builder.study.execution.checkpoint_seconds,
                "name": "+".join(tasks),
            },
        )
    )


def _stage_title(
    builder: PlanBuilder,
    tasks: Mapping[str, TaskConfig],
    texts: tuple[Stage, ...],
    before: Stage | None,
) -> str:
    """Say on what and after what; a target goes by its task, since its stages are shared."""
    targets = builder.study.targets
    shown = " and ".join(value.task if key in targets else key for key, value in tasks.items())
    told = " with ".join([shown, *("masked language modelling" for _ in texts)])
    return f"{told} after {before.parameters['name']}" if before else told
