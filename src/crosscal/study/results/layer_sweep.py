"""Which layer finds translations: the sweep of a run of a retrieval target, through the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from crosscal.exceptions import SettingsError
from crosscal.report.layers import FILE, LayerSweep
from crosscal.study.config.settings import RETRIEVAL
from crosscal.study.execution.executors import open_executor
from crosscal.study.execution.scheduler import ProgressListener, run_plan
from crosscal.study.execution.stages import EmbedStage, Stage
from crosscal.study.execution.store import Store
from crosscal.study.planning.plan import Plan, Run
from crosscal.tasks import task
from crosscal.tasks.retrieval.retrieval import layer_sweep
from crosscal.tasks.retrieval.search import EVERY_LAYER, by_language


def swept_targets(plan: Plan) -> list[str]:
    """Targets of the retrieval family in which every sentence has a translation."""
    tasks = {name: task(target.task) for name, target in plan.study.targets.items()}
    return [
        name
        for name, description in tasks.items()
        if description.family == RETRIEVAL and description.scoring != "bitext"
    ]


def sweep_run(plan: Plan, target: str | None, recipe: str, seed: int | None) -> Run:
    """Find the run to be swept."""
    targets = swept_targets(plan)
    if not targets or (target is not None and target not in targets):
        raise SettingsError(
            "the study has no target of the retrieval family in which every sentence has a "
            "translation"
            if not targets
            else f"there is no layer sweep of the target '{target}'",
            where=plan.study.name if not targets else f"targets.{target}",
            remedy="Add one, for example of the task tatoeba"
            if not targets
            else f"Choose among: {', '.join(targets)}",
        )
    target = target or targets[0]
    runs = [run for run in plan.runs if run.target == target]
    for run in runs:
        if run.recipe == recipe and seed in (None, run.seed):
            return run
    raise SettingsError(
        f"there is no run of recipe '{recipe}'" + ("" if seed is None else f" with seed {seed}"),
        where=plan.study.name,
        remedy="Its runs are: " + ", ".join(f"{run.recipe} {run.seed}" for run in runs),
    )


def sweep_stages(plan: Plan, run: Run) -> tuple[Stage, ...]:
    """Return what a sweep needs, in an order in which it can run.

    What the recipe trains; last, the embedding of every layer: the run's own but for the layers,
    and an artifact like any other.
    """
    by_node = {stage.node: stage for stage in plan.stages}
    embedded = _embedding(plan, run)
    swept = replace(embedded, title=f"{embedded.title}, every layer", layer=EVERY_LAYER)

    def before(stage: Stage) -> Iterator[Stage]:
        for node in stage.inputs.values():
            yield from before(by_node[node])
            yield by_node[node]

    return (*{stage.key: stage for stage in before(swept)}.values(), swept)


def _embedding(plan: Plan, run: Run) -> EmbedStage:
    node = run.table.inputs["vectors"]
    (stage,) = (s for s in plan.stages if isinstance(s, EmbedStage) and s.node == node)
    return stage


def sweep_layers(plan: Plan, run: Run, store: Store, listener: ProgressListener) -> LayerSweep:
    """Compute what is missing, and the accuracy of every layer on the test."""
    stages = sweep_stages(plan, run)
    with open_executor(plan.study, store) as executor:
        run_plan(stages, store, executor, listener)
    vectors = np.load(store.open(*stages[-1].node) / "test.npy", mmap_mode="r")
    embedded = _embedding(plan, run)
    sentences = embedded.sources["test"].read_planned(embedded.examples["test"])
    return LayerSweep(
        study=plan.study.name,
        target=run.target,
        recipe=run.recipe,
        seed=run.seed,
        rows=layer_sweep(dict(by_language(sentences, vectors)), layers=range(len(vectors))),
        embedding=stages[-1].key,
    )


def is_current(plan: Plan, sweep: LayerSweep) -> bool:
    """Whether a sweep is of the data and trainings of a plan."""
    runs = (run for run in plan.runs if (run.target, run.recipe, run.seed) == sweep.run)
    return any(sweep_stages(plan, run)[-1].key == sweep.embedding for run in runs)


def read_sweep(folder: Path) -> LayerSweep | None:
    """Sweep that `crosscal layers` left in a target's folder; None if there is none."""
    path = folder / FILE
    if not path.is_file():
        return None
    return LayerSweep.from_json(path.read_text(encoding="utf-8"), where=str(path))
