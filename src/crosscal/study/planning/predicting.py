"""Stages that score a target's examples with what was trained, and collect a run's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosscal.study.config.load import languages_of
from crosscal.study.planning.builder import Layout, named
from crosscal.study.planning.datasets import check_apart
from crosscal.study.planning.plan import Run, Stage
from crosscal.study.planning.preparing import prepare
from crosscal.study.planning.provenance import provenance
from crosscal.study.planning.training import head_of


def predict(layout: Layout, target: str, recipe: str, seed: int, trained: Stage) -> Stage:
    """Score the examples of a target and collect the run's table.

    Parameters
    ----------
    layout : Layout
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
    data = layout.study.targets[target]
    inputs = {
        "dev": prepare(layout, target, data, "dev", ("en",)).node,
        "test": prepare(layout, target, data, "test", languages_of(data)).node,
    }
    head = head_of(layout, target, data)
    told = f"{named(target)}recipe {recipe}, seed {seed}"
    scores = {"scores:0": _score(layout, f"predict, {told}", head, trained, inputs).node}
    if data.calibration is not None:
        rows = {
            "calibration": prepare(layout, target, data, "calibration", languages_of(data)).node
        }
        # A stage of its own: what was predicted for the test serves studies without it too.
        apart = _score(layout, f"predict calibration, {told}", head, trained, rows)
        scores["calibration:0"] = apart.node
        inputs |= rows
    if layout.study.recalibration.regimes:
        check_apart(layout.readings.found, target)
    return layout.add(
        Stage(
            kind="collect",
            title=f"collect, {told}",
            settings={
                "provenance": provenance(layout, target, recipe, seed),
                "labels": head["labels"],
            },
            inputs={**scores, **inputs},
        )
    )


def ensemble(layout: Layout, runs: Sequence[Run]) -> Run:
    """Average the predictions of a recipe's seeds, as a recipe of its own.

    Parameters
    ----------
    layout : Layout
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
    table = layout.add(
        Stage(
            kind="collect",
            title=f"collect, {named(first.target)}recipe {recipe}",
            settings={**settings, "provenance": made},
            inputs={
                **scores,
                **{role: node for role, node in first.table.inputs.items() if ":" not in role},
            },
        )
    )
    return Run(target=first.target, recipe=recipe, seed=0, table=table, training=())


def _score(
    layout: Layout,
    title: str,
    head: dict[str, Any],
    trained: Stage,
    splits: Mapping[str, tuple[str, str]],
) -> Stage:
    """Score the examples of some splits with a trained model."""
    return layout.add(
        Stage(
            kind="predict",
            title=title,
            settings={
                **layout.common,
                "part": head,
                "prediction": layout.study.prediction.model_dump(exclude={"ensemble"}),
            },
            inputs={"model": trained.node, **splits},
            parameters={"encoder": str(layout.encoder)},
        )
    )
