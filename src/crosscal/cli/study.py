"""The functions behind the verbs of the command line that plan and run studies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from crosscal.analysis import Results
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.cli.load import check_output, open_plan, open_study, quickstart_file, require_training
from crosscal.cli.matrix import print_matrix, write_scores
from crosscal.cli.progress import StudyProgress
from crosscal.exceptions import ArtifactError, Interrupted, SettingsError
from crosscal.report import answer, render_text_table, write_report
from crosscal.study.config.settings import ONE_TARGET, Study
from crosscal.study.config.write import commented_study
from crosscal.study.execution.executors import n_workers
from crosscal.study.execution.store import Store
from crosscal.study.planning.estimate import estimate_stages
from crosscal.study.planning.plan import Plan
from crosscal.study.results.layer_sweep import read_sweep
from crosscal.study.results.recalibration import read_recalibration
from crosscal.study.results.report_context import report_context
from crosscal.study.results.scores import cells
from crosscal.study.running import Outcome, read_results, run_study, target_folder

_DISK_MARGIN = 1.2


def quickstart(output: Path, *, as_json: bool) -> None:
    """Run the built-in study and print its table."""
    run(quickstart_file(), output, (), as_json=as_json)


def init(file: Path) -> None:
    """Write a commented study file.

    Raises
    ------
    SettingsError
        If the file exists.
    """
    if file.exists():
        raise SettingsError(
            "the file exists", where=str(file), remedy="Choose another name or remove it"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(commented_study(file.name), encoding="utf-8")
    print(f"{file} written. Look at it, then: crosscal plan {file}")


def plan(file: Path, output: Path, overrides: Sequence[str], *, as_json: bool) -> None:
    """Show the stages of a study, what is cached, and what the rest will cost."""
    require_training()
    opened = open_plan(open_study(file, overrides), quiet=as_json)
    store = Store(output / "store")
    estimates = estimate_stages(opened, store)
    rows = [
        {
            "kind": stage.kind,
            "title": stage.title,
            "key": stage.key,
            "cached": stage.key not in estimates,
            "seconds": round(estimates[stage.key].seconds) if stage.key in estimates else 0,
            "bytes": estimates[stage.key].bytes if stage.key in estimates else 0,
        }
        for stage in opened.stages
    ]
    workers = n_workers(opened.study.execution)
    longest = _longest_chain(opened, {key: e.seconds for key, e in estimates.items()})
    seconds = max(longest, sum(e.seconds for e in estimates.values()) / workers)
    total: dict[str, Any] = {
        "stages_asked": opened.n_requested,
        "stages": len(rows),
        "to_run": len(estimates),
        "workers": workers,
        "seconds": round(seconds),
        "bytes": sum(e.bytes for e in estimates.values()),
        "speed": "measured on finished stages"
        if estimates and all(e.measured for e in estimates.values() if e.seconds > 10)
        else "from a matrix product timed now",
    }
    if as_json:
        print(json.dumps({"study": opened.study.name, "stages": rows, "total": total}, indent=1))
        return
    table = Table("stage", "what", "state", "estimate", title=f"Plan of {opened.study.name}")
    for row in rows:
        state = "[green]cached[/]" if row["cached"] else "to run"
        shown = "" if row["cached"] else _duration(float(str(row["seconds"])))
        table.add_row(str(row["kind"]), str(row["title"]), state, shown)
    console = Console()
    console.print(table)
    console.print(
        f"{opened.n_requested} stages asked for, {len(rows)} after sharing, {len(estimates)} "
        f"to run: about {_duration(seconds)} with {workers} worker(s), "
        f"{total['bytes'] / 1e6:.0f} MB of disk (speed {total['speed']})."
    )


def run(file: Path, output: Path, overrides: Sequence[str], *, as_json: bool) -> None:
    """Run a study, write its report, print its table."""
    require_training()
    check_output(output)
    opened = open_plan(open_study(file, overrides), quiet=as_json)
    store = Store(output / "store")
    estimates = estimate_stages(opened, store)
    _check_disk(output, sum(e.bytes for e in estimates.values()))
    try:
        with StudyProgress(store, len(estimates), quiet=as_json) as progress:
            outcome = run_study(opened, output, progress)
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted", remedy="Run the same command again: it goes on where this one stopped"
        ) from None
    pages = _write_reports(opened, output, outcome.results, outcome.recalibration, tuple(estimates))
    matrix = cells(outcome.scores, outcome.results)
    write_scores(opened.study, outcome.scores, matrix, outcome.folder)
    if as_json:
        told = _told(opened.study, outcome, pages, len(estimates))
        print(json.dumps({**told, "matrix": [asdict(cell) for cell in matrix]}))
        return
    if len(pages) > 1:
        print_matrix(opened.study, matrix)
        for target, page in pages.items():
            print(f"{target}: {answer(outcome.results[target])}\n{page}\n")
        return
    for target, results in outcome.results.items():
        print(render_text_table(results))
        print(answer(results))
        print(f"\nReport: {pages[target]}")


def _write_reports(
    opened: Plan,
    output: Path,
    results: Mapping[str, Results],
    recalibration: Mapping[str, RegimeResults],
    ran: Sequence[str] = (),
) -> dict[str, Path]:
    store = Store(output / "store")
    return {
        target: write_report(
            found,
            target_folder(output, opened.study, target),
            study=report_context(opened, target, store, found, ran),
            recalibration=recalibration.get(target),
            layers=read_sweep(target_folder(output, opened.study, target)),
        )
        for target, found in results.items()
    }


def _told(study: Study, outcome: Outcome, pages: Mapping[str, Path], ran: int) -> dict[str, Any]:
    """Return a run's outcome for programs: of one target as it is, of several by target."""
    found = {
        target: {
            "report": str(pages[target]),
            "results": json.loads(results.to_json()),
            **(
                {"recalibration": json.loads(outcome.recalibration[target].to_json())}
                if target in outcome.recalibration
                else {}
            ),
        }
        for target, results in outcome.results.items()
    }
    one = list(study.targets) == [ONE_TARGET]
    return {"stages_run": ran, **(found[ONE_TARGET] if one else {"targets": found})}


def report(file: Path, output: Path, overrides: Sequence[str], *, as_json: bool) -> None:
    """Write the report of a finished study anew."""
    opened = open_plan(open_study(file, overrides), quiet=as_json)
    results = {
        target: read_results(target_folder(output, opened.study, target))
        for target in opened.study.targets
    }
    asked = opened.study.targets if opened.study.recalibration.regimes else ()
    recalibration = {
        target: compared
        for target in asked
        if (compared := read_recalibration(target_folder(output, opened.study, target)))
    }
    pages = _write_reports(opened, output, results, recalibration)
    if as_json:
        found = {target: str(page) for target, page in pages.items()}
        print(json.dumps({"report": found.get(ONE_TARGET, found)}))
        return
    for page in pages.values():
        print(f"Report: {page}")


def status(file: Path, output: Path, overrides: Sequence[str], *, as_json: bool) -> None:
    """Show how far a study is."""
    opened = open_plan(open_study(file, overrides), quiet=as_json)
    store = Store(output / "store")
    rows: list[dict[str, Any]] = []
    for stage in opened.stages:
        done = store.has(*stage.node)
        steps = None if done else store.progress(*stage.node)
        state = "done" if done else ("begun" if steps else "waiting")
        rows.append({"title": stage.title, "state": state, "progress": steps})
    pages = {
        target: target_folder(output, opened.study, target) / "report.html"
        for target in opened.study.targets
    }
    if as_json:
        there = {target: str(page) if page.exists() else None for target, page in pages.items()}
        found = there.get(ONE_TARGET, there)
        print(json.dumps({"study": opened.study.name, "stages": rows, "report": found}, indent=1))
        return
    table = Table("stage", "state", "progress", title=f"Status of {opened.study.name}")
    for row in rows:
        steps = row["progress"]
        shown = f"{steps[0]} of {steps[1]}" if steps else ""
        table.add_row(str(row["title"]), str(row["state"]), shown)
    Console().print(table)
    for page in pages.values():
        print(f"Report: {page if page.exists() else 'not written yet'}")


def export(
    file: Path,
    folder: Path,
    output: Path,
    overrides: Sequence[str],
    *,
    recipe: str,
    seed: int,
    target: str | None,
) -> None:
    """Write a run's trained model as a Hugging Face folder with the full vocabulary.

    Raises
    ------
    SettingsError
        If the study has no such run, or it has not been trained yet.
    """
    from crosscal.training.export import export_model

    opened = open_plan(open_study(file, overrides))
    target = target or next(iter(opened.study.targets))
    wanted = (target, recipe, seed)
    trained = [run for run in opened.runs if run.training]
    found = [run for run in trained if (run.target, run.recipe, run.seed) == wanted]
    store = Store(output / "store")
    if not found or not store.has(*found[0].training[-1].node):
        known = ", ".join(f"{run.recipe} {run.seed}" for run in trained if run.target == target)
        raise SettingsError(
            f"there is no trained run of recipe '{recipe}' with seed {seed}",
            where=str(file),
            remedy=f"Run the study first; its runs are: {known}",
        )
    stage = found[0].training[-1]
    export_model(stage.model, stage.parts[0].labels, store.open(*stage.node), folder)
    print(f"{folder} written: load it with transformers.AutoModel, or as encoder.name of a study")


def _check_disk(output: Path, needed: int) -> None:
    free = shutil.disk_usage(output).free
    if free < needed * _DISK_MARGIN:
        raise ArtifactError(
            f"the study needs about {needed / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free",
            where=str(output),
            remedy="Free some space or choose another disk with --output",
        )


def _longest_chain(opened: Plan, seconds: dict[str, float]) -> float:
    """Time of the longest chain of dependent stages: no number of workers can be faster."""
    ends: dict[tuple[str, str], float] = {}
    for stage in opened.stages:
        before = max((ends[node] for node in stage.inputs.values()), default=0.0)
        ends[stage.node] = before + seconds.get(stage.key, 0.0)
    return max(ends.values())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
