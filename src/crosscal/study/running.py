"""Run a study from its plan to its results."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crosscal.analysis import Results, analyse
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.artifacts import aside_of, disk_errors, move, write_aside
from crosscal.exceptions import ArtifactError
from crosscal.predictions import Predictions, read_predictions
from crosscal.study.config.settings import ONE_TARGET, Study
from crosscal.study.config.shareable import shareable
from crosscal.study.execution.executors import open_executor
from crosscal.study.execution.needs import needed_stages
from crosscal.study.execution.scheduler import ProgressListener, run_plan
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store
from crosscal.study.planning.checks import analysis_settings
from crosscal.study.planning.plan import Plan
from crosscal.study.results.bill import Bill, bill
from crosscal.study.results.kept_results import analysis_key, kept_or_computed
from crosscal.study.results.recalibration import recalibrate
from crosscal.study.results.scores import ScoreRow, score_runs


@dataclass(frozen=True)
class Outcome:
    """Where a study's results are, and what they say by target."""

    folder: Path
    results: dict[str, Results]
    recalibration: dict[str, RegimeResults]
    scores: list[ScoreRow]
    ran: int
    bill: Bill


def run_study(
    plan: Plan,
    output: Path,
    listener: ProgressListener,
    order: Sequence[Stage] | None = None,
) -> Outcome:
    """Run what is missing of a study, collect its predictions, analyse them.

    Parameters
    ----------
    plan : Plan
        As `make_plan` returns it.
    output : Path
        Folder of all results; the store lies in it too.
    listener : ProgressListener
        Told of every stage.
    order : sequence of Stage, optional
        The plan's stages: of those that could begin, earlier ones do first. The plan's own by
        default.

    Returns
    -------
    Outcome
        Each target's folder (see `target_folder`) holds
        ``predictions/<recipe>-seed<n>.parquet``, ``results.json`` and, if the study compares
        regimes of recalibration, ``recalibration.json``; the study's also ``study.json`` (the
        resolved study) and ``bill.json``.
    """
    analysis = {target: analysis_settings(plan.study, target) for target in plan.study.targets}
    store = Store.within(output)
    missing = needed_stages(plan.stages, store)
    with open_executor(plan.study, store) as executor:
        run_plan(
            plan.stages if order is None else order,
            store,
            executor,
            listener,
            checkpoints=plan.study.execution.checkpoints,
        )

    results = {}
    recalibration = {}
    scores: list[ScoreRow] = []
    for target in plan.study.targets:
        folder = target_folder(output, plan.study, target)
        tables = collect_predictions(plan, target, store, folder)
        runs = list(tables.values())
        scores += score_runs(plan.study, target, runs)
        results[target] = kept_or_computed(
            folder / "results.json",
            Results,
            analysis_key(tables, analysis[target]),
            partial(analyse, runs, settings=analysis[target]),
        )
        compared = recalibrate(plan, target, store, tables, analysis[target], folder)
        if compared is not None:
            recalibration[target] = compared
    folder = output / plan.study.name
    settings = json.dumps(shareable(plan.study), indent=1)
    write_aside(folder / "study.json", settings.encode())
    cost = bill(plan.stages, store, {stage.key for stage in missing})
    write_aside(folder / "bill.json", json.dumps(cost.to_dict(), indent=1).encode())
    return Outcome(
        folder=folder,
        results=results,
        recalibration=recalibration,
        scores=scores,
        ran=len(missing),
        bill=cost,
    )


def target_folder(output: Path, study: Study, target: str) -> Path:
    """Folder of a target's results: the study's if it has one target, else one within it."""
    return output / study.name / ("" if target == ONE_TARGET else target)


def collect_predictions(
    plan: Plan, target: str, store: Store, folder: Path
) -> dict[Path, Predictions]:
    """Copy the table of each of a target's runs out of the store and read it."""
    tables = {}
    with disk_errors(folder):
        (folder / "predictions").mkdir(parents=True, exist_ok=True)
        for run in plan.runs:
            if run.target != target:
                continue
            source = store.open(*run.table.node) / "predictions.parquet"
            copy = folder / "predictions" / f"{run.recipe}-seed{run.seed}.parquet"
            aside = aside_of(copy)
            shutil.copyfile(source, aside)
            move(aside, copy)
            tables[copy] = read_predictions(copy)
    return tables


def read_results(folder: Path) -> Results:
    """Results of a study that has been run."""
    path = folder / "results.json"
    if not path.is_file():
        raise ArtifactError(
            "there are no results here",
            where=str(path),
            remedy="Run the study first: crosscal run STUDY",
        )
    return Results.from_json(path.read_text(encoding="utf-8"))
