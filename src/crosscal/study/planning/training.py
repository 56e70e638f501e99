"""Stages that train: on a recipe's intermediate tasks, on a target, each from what was before."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from crosscal.exceptions import MissingExtra
from crosscal.study.config.load import training_settings
from crosscal.study.config.settings import MLM, ONE_TARGET, Recipe, TaskConfig
from crosscal.study.execution.stages import Node, PrepareStage, TrainStage
from crosscal.study.planning.builder import PlanBuilder
from crosscal.study.planning.preparing import prepare, prepare_text
from crosscal.tasks import task
from crosscal.training.settings import HeadSettings, Mixture, TrainingSettings

# 1: attention in float32 on processors, in one call on GPUs
_ROUNDING = 1


def train_recipe(builder: PlanBuilder, recipe: str, seed: int) -> tuple[TrainStage, ...]:
    """Train on a recipe's intermediate tasks, one step after the other; empty if it has none."""
    config = builder.study.recipes[recipe]
    stages: tuple[TrainStage, ...] = ()
    for names in config.chain:
        previous = stages[-1] if stages else None
        stages += (_train_intermediate(builder, names, config, seed, previous),)
    return stages


def train_target(
    builder: PlanBuilder, target: str, seed: int, previous: TrainStage | None
) -> TrainStage:
    """Train on a target, from what the previous stage left or else from the encoder."""
    tasks = {target: builder.study.targets[target]}
    return _train(builder, tasks, None, Mixture(), seed, previous)


def head_of(builder: PlanBuilder, name: str, config: TaskConfig) -> HeadSettings:
    """Describe the head of a target or intermediate task, as training and prediction need it."""
    return HeadSettings(
        name=_head_name(builder, name),
        family=task(config.task).family,
        labels=builder.datasets.labels(name, config),
    )


def _head_name(builder: PlanBuilder, name: str) -> str:
    """Name of a task's head: one for all targets, so that equal training is shared."""
    return ONE_TARGET if name in builder.study.targets else name


def _train_intermediate(
    builder: PlanBuilder,
    names: tuple[str, ...],
    recipe: Recipe,
    seed: int,
    previous: TrainStage | None,
) -> TrainStage:
    tasks = {name: builder.study.intermediate[name] for name in names}
    text = None
    if recipe.mlm:
        settings = training_settings(builder.study, tasks[names[0]], where=names[0])
        text = prepare_text(builder, settings)
    # How several tasks would be sampled changes nothing for one: its stage is shared.
    mixture = recipe.mixture if len(tasks) > 1 else Mixture(mlm=recipe.mlm)
    return _train(builder, tasks, text, mixture, seed, previous)


def _train(
    builder: PlanBuilder,
    tasks: Mapping[str, TaskConfig],
    text: PrepareStage | None,
    mixture: Mixture,
    seed: int,
    previous: TrainStage | None,
) -> TrainStage:
    """Train on tasks at once; the first one's settings count for all."""
    first, config = next(iter(tasks.items()))
    training = training_settings(builder.study, config, where=f"{first}.training")
    _check_adapters(training, first)
    heads = [head_of(builder, name, config) for name, config in tasks.items()]
    inputs: dict[str, Node] = {}
    for name, config in tasks.items():
        head = _head_name(builder, name)
        train = prepare(builder, name, config, "train", config.train_languages)
        inputs[f"train:{head}"] = train.node
        inputs[f"dev:{head}"] = prepare(builder, name, config, "dev", config.dev_languages).node
    if text is not None:
        heads.append(HeadSettings(name=MLM, family=text.family, labels=()))
        inputs[f"train:{MLM}"] = text.node
    if previous is not None:
        inputs["start"] = previous.node
    return builder.add(
        TrainStage(
            title=f"train {_stage_title(builder, tasks, text, previous)}, seed {seed}",
            **builder.encoder_fields,
            parts=tuple(heads),
            training=training,
            mixture=mixture,
            seed=seed,
            rounding=0 if training.precision == "fp32" else _ROUNDING,
            devices=builder.study.execution.devices_per_stage,
            inputs=inputs,
            name="+".join(tasks),
            checkpoint_seconds=builder.study.execution.checkpoint_seconds,
        )
    )


def _stage_title(
    builder: PlanBuilder,
    tasks: Mapping[str, TaskConfig],
    text: PrepareStage | None,
    previous: TrainStage | None,
) -> str:
    """Say on what and after what; a target goes by its task, since its stages are shared."""
    targets = builder.study.targets
    title = " and ".join(config.task if name in targets else name for name, config in tasks.items())
    if text is not None:
        title += " with masked language modelling"
    return f"{title} after {previous.name}" if previous else title


def _check_adapters(training: TrainingSettings, name: str) -> None:
    """Refuse adapters where the library for them is missing."""
    if training.lora_rank and find_spec("peft") is None:
        raise MissingExtra(
            "adapters need the package 'peft', which is not installed",
            where=f"{name}.training.lora_rank",
            remedy="Run: pip install 'crosscal[lora]'",
        )
