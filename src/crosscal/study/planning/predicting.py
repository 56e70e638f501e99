"""Stages that score a target's examples with what was trained, and collect a run's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crosscal.study.config.load import languages_of
from crosscal.study.execution.stages import CollectStage, Node, PredictStage, TrainStage
from crosscal.study.planning.builder import PlanBuilder, title_prefix
from crosscal.study.planning.plan import Run
from crosscal.study.planning.preparing import prepare
from crosscal.study.planning.provenance import provenance
from crosscal.study.planning.training import head_of
from crosscal.training.settings import HeadSettings


def predict(
    builder: PlanBuilder, target: str, recipe: str, seed: int, trained: TrainStage
) -> CollectStage:
    """Score the examples of a target and collect the run's table."""
    config = builder.study.targets[target]
    languages = languages_of(config)
    inputs = {
        "dev": prepare(builder, target, config, "dev", config.dev_languages).node,
        "test": prepare(builder, target, config, "test", languages).node,
    }
    head = head_of(builder, target, config)
    run = f"{title_prefix(target)}recipe {recipe}, seed {seed}"
    scores = {"scores:0": _score(builder, f"predict, {run}", head, trained, inputs).node}
    if config.calibration is not None:
        calibration = {
            "calibration": prepare(builder, target, config, "calibration", languages).node
        }
        # A stage of its own: what was predicted for the test serves studies without it too.
        stage = _score(builder, f"predict calibration, {run}", head, trained, calibration)
        scores["calibration:0"] = stage.node
        inputs |= calibration
    return builder.add(
        CollectStage(
            title=f"collect, {run}",
            provenance=provenance(builder, target, recipe, seed),
            labels=head.labels,
            inputs={**scores, **inputs},
        )
    )


def ensemble(builder: PlanBuilder, runs: Sequence[Run]) -> Run:
    """Average the predictions of a recipe's seeds on a target, as a recipe of its own; seed 0."""
    first = runs[0]
    table = first.table
    assert isinstance(table, CollectStage)
    recipe = f"{first.recipe} ensemble"
    scores = {
        f"{kind}:{number}": run.table.inputs[f"{kind}:0"]
        for kind in ("scores", "calibration")
        for number, run in enumerate(runs)
        if f"{kind}:0" in run.table.inputs
    }
    splits = {role: node for role, node in table.inputs.items() if ":" not in role}
    averaged = builder.add(
        replace(
            table,
            title=f"collect, {title_prefix(first.target)}recipe {recipe}",
            provenance={**table.provenance, "recipe": recipe, "seed": 0},
            inputs={**scores, **splits},
        )
    )
    return Run(target=first.target, recipe=recipe, seed=0, table=averaged, training=())


def _score(
    builder: PlanBuilder,
    title: str,
    head: HeadSettings,
    trained: TrainStage,
    splits: Mapping[str, Node],
) -> PredictStage:
    return builder.add(
        PredictStage(
            title=title,
            **builder.encoder_fields,
            part=head,
            prediction=builder.study.prediction.model_dump(exclude={"ensemble"}),
            devices=builder.study.execution.devices_per_stage,
            inputs={"model": trained.node, **splits},
        )
    )
