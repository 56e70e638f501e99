"""Run a study from its plan to its results."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from crosscal.analysis import AnalysisSettings, Results, analyse
from crosscal.artifacts import disk_errors, write_aside
from crosscal.errors import ArtifactError
from crosscal.languages import default_groups
from crosscal.predictions import Predictions, read_predictions
from crosscal.study.executors import Events, choose_executor
from crosscal.study.plan import Plan
from crosscal.study.settings import Study
from crosscal.study.store import Store


@dataclass(frozen=True)
class Outcome:
    """Where a study's results are, and what they say."""

    folder: Path
    results: Results
    ran: int


def run_study(plan: Plan, output: Path, events: Events) -> Outcome:
    """Run what is missing of a study, collect its predictions, analyse them.

    Parameters
    ----------
    plan : Plan
        As `make_plan` returns it.
    output : Path
        Folder of all results; the store lies in it too.
    events : Events
        Told of every stage.

    Returns
    -------
    Outcome
        The study's folder holds ``predictions/<recipe>-seed<n>.parquet``,
        ``results.json`` and ``study.json`` (the resolved study).
    """
    # First, so that a mistake in the groups is found before hours are spent.
    settings = analysis_settings(plan.study)
    store = Store(output / "store")
    missing = [stage for stage in plan.stages if not store.has(*stage.node)]
    execution = plan.study.execution
    executor = choose_executor(execution.executor, execution.workers, execution.threads)
    executor.execute(plan.stages, store, events)

    folder = output / plan.study.name
    tables = collect_predictions(plan, store, folder)
    results = analyse(tables, settings=settings)
    write_aside(folder / "results.json", results.to_json().encode())
    write_aside(folder / "study.json", plan.study.model_dump_json(indent=1).encode())
    return Outcome(folder=folder, results=results, ran=len(missing))


def collect_predictions(plan: Plan, store: Store, folder: Path) -> list[Predictions]:
    """Copy each run's table out of the store and read it."""
    tables = []
    with disk_errors(folder):
        (folder / "predictions").mkdir(parents=True, exist_ok=True)
        for run in plan.runs:
            source = store.open(*run.table.node) / "predictions.parquet"
            target = folder / "predictions" / f"{run.recipe}-seed{run.seed}.parquet"
            aside = target.with_suffix(".aside")
            shutil.copyfile(source, aside)
            aside.rename(target)
            tables.append(read_predictions(target))
    return tables


def analysis_settings(study: Study) -> AnalysisSettings:
    """Name the groups of languages by the table, unless the study names them."""
    chosen = study.analysis
    return AnalysisSettings(
        groups=dict(chosen.groups) or default_groups(study.target.languages),
        bins=chosen.bins,
        replicates=chosen.replicates,
        level=chosen.level,
        bootstrap_seed=chosen.seed,
    )


def read_results(folder: Path) -> Results:
    """Results of a study that has been run.

    Raises
    ------
    ArtifactError
        If there are none.
    """
    path = folder / "results.json"
    if not path.is_file():
        raise ArtifactError(
            "there are no results here",
            where=str(path),
            remedy="Run the study first: crosscal run STUDY",
        )
    return Results.from_json(path.read_text(encoding="utf-8"))
