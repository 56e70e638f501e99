"""Stages that score a target's examples with what was trained, and collect a run's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosscal.study.config.load import languages_of
from crosscal.study.planning.builder import PlanBuilder, title_prefix
from crosscal.study.planning.datasets import check_apart
from crosscal.study.planning.plan import Run, Stage
from crosscal.study.planning.preparing import prepare
from crosscal.study.planning.provenance import provenance
from crosscal.study.planning.training import head_of


def predict(builder: PlanBuilder, target: str, recipe: str, seed: int, trained: Stage) -> Stage:
    """Score the examples of a target and collect the run's table.

    Parameters
    ----------
    builder : PlanBuilder
    target, recipe : str
    seed : int
    trained : Stage
        The one that trained on the target.

    Returns
    -------
    Stage
        The one that holds the table.

    Raises
    ------
    DataError
        If anything is wrong with the data, or examples to recalibrate on share a cluster with
        the test.
    """
    data = builder.study.targets[target]
    inputs = {
        "dev": prepare(builder, target, data, "dev", ("en",)).node,
        "test": prepare(builder, target, data, "test", languages_of(data)).node,
    }
    head = head_of(builder, target, data)
    told = f"{title_prefix(target)}recipe {recipe}, seed {seed}"
    scores = {"scores:0": _score(builder, f"predict, {told}", head, trained, inputs).node}
    if data.calibration is not None:
        rows = {
            "calibration": prepare(builder, target, data, "calibration", languages_of(data)).node
        }
        # A stage of its own: what was predicted for the test serves studies without it too.
        apart = _score(builder, f"predict calibration, {told}", head, trained, rows)
        scores["calibration:0"] = apart.node
        inputs |= rows
    if builder.study.recalibration.regimes:
        check_apart(builder.datasets.by_field, target)
    return builder.add(
        Stage(
            kind="collect",
            title=f"collect, {told}",
            settings={
                "provenance": provenance(builder, target, recipe, seed),
                "labels": head["labels"],
            },
            inputs={**scores, **inputs},
        )
    )


def ensemble(builder: PlanBuilder, runs: Sequence[Run]) -> Run:
    """Average the predictions of a recipe's seeds, as a recipe of its own.

    Parameters
    ----------
    builder : PlanBuilder
    runs : sequence of Run
        Of one target and recipe, at least one.

    Returns
    -------
    Run
        With seed 0.
    """
    first = runs[0]
    recipe = f"{first.recipe} ensemble"
    scores = {
        f"{kind}:{number}": run.table.inputs[f"{kind}:0"]
        for kind in ("scores", "calibration")
        for number, run in enumerate(runs)
        if f"{kind}:0" in run.table.inputs
    }
    settings = first.table.settings
    made = {**settings["provenance"], "recipe": recipe, "seed": 0}
    table = builder.add(
        Stage(
            kind="collect",
            title=f"collect, {title_prefix(first.target)}recipe {recipe}",
            settings={**settings, "provenance": made},
            inputs={
                **scores,
                **{role: node for role, node in first.table.inputs.items() if ":" not in role},
            },
        )
    )
    return Run(target=first.target, recipe=recipe, seed=0, table=table, training=())


def _score(
    builder: PlanBuilder,
    title: str,
    head: dict[str, Any],
    trained: Stage,
    splits: Mapping[str, tuple[str, str]],
) -> Stage:
    """Score the examples of some splits with a trained model."""
    return builder.add(
        Stage(
            kind="predict",
            title=title,
            settings={
                **builder.common,
                "part": head,
                "prediction": builder.study.prediction.model_dump(exclude={"ensemble"}),
            },
            inputs={"model": trained.node, **splits},
            parameters={"encoder": str(builder.encoder)},
        )
    )
