"""The verbs that show what a study would run, and how far it is."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table
from rich.text import Text

from crosscal.cli.load import load_plan, require_training
from crosscal.cli.options import RESULTS, AsJson, Output, Overrides, StudyFile
from crosscal.cli.screen import say, show
from crosscal.report.numbers import duration
from crosscal.study.config.settings import ONE_TARGET
from crosscal.study.execution.executors import n_workers
from crosscal.study.execution.store import Store
from crosscal.study.planning.estimate import (
    CostEstimate,
    estimate_stages,
    wall_seconds,
)
from crosscal.study.planning.plan import Plan
from crosscal.study.running import target_folder


def plan(
    study: StudyFile, output: Output = RESULTS, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show a study's stages, which are cached, and the time and disk the rest will need."""
    require_training()
    loaded = load_plan(study, overrides, quiet=as_json)
    estimates = estimate_stages(loaded, Store(output / "store"))
    rows = [
        {
            "kind": stage.kind,
            "title": stage.title,
            "key": stage.key,
            "cached": stage.key not in estimates,
            "seconds": round(estimates[stage.key].seconds) if stage.key in estimates else 0,
            "bytes": estimates[stage.key].bytes if stage.key in estimates else 0,
        }
        for stage in loaded.stages
    ]
    total = _total(loaded, estimates)
    notes = [f"{field}: {note}" for field, data in loaded.datasets.items() for note in data.notes]
    if as_json:
        document = {"study": loaded.study.name, "stages": rows, "total": total, "notes": notes}
        print(json.dumps(document, indent=1))
        return
    table = Table("stage", "what", "state", "estimate", title=f"Plan of {loaded.study.name}")
    for row in rows:
        state = Text("cached", style="green") if row["cached"] else "to run"
        estimate = "" if row["cached"] else duration(float(str(row["seconds"])))
        table.add_row(str(row["kind"]), str(row["title"]), state, estimate)
    show(table)
    for note in notes:
        say(note)
    say(
        f"{total['stages_asked']} stages asked for, {total['stages']} after sharing, "
        f"{total['to_run']} to run: about {duration(total['seconds'])} with {total['workers']} "
        f"worker(s), {total['bytes'] / 1e6:.0f} MB of disk (speed {total['speed']})."
    )


def _total(loaded: Plan, estimates: dict[str, CostEstimate]) -> dict[str, Any]:
    workers = n_workers(loaded.study)
    measured = all(e.measured for e in estimates.values() if e.seconds > 10)
    return {
        "stages_asked": loaded.n_requested,
        "stages": len(loaded.stages),
        "to_run": len(estimates),
        "workers": workers,
        "seconds": round(wall_seconds(loaded, estimates, workers)),
        "bytes": sum(estimate.bytes for estimate in estimates.values()),
        "speed": "measured on finished stages"
        if estimates and measured
        else "from a matrix product timed now",
    }


def status(
    study: StudyFile, output: Output = RESULTS, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show how far a study is."""
    loaded = load_plan(study, overrides, quiet=as_json)
    store = Store(output / "store")
    rows: list[dict[str, Any]] = []
    for stage in loaded.stages:
        done = store.has(*stage.node)
        progress = None if done else store.progress(*stage.node)
        state = "done" if done else ("begun" if progress else "waiting")
        steps = None if progress is None else [progress.done, progress.total]
        note = progress.note if progress else ""
        rows.append({"title": stage.title, "state": state, "progress": steps, "note": note})
    pages = {
        target: target_folder(output, loaded.study, target) / "report.html"
        for target in loaded.study.targets
    }
    if as_json:
        written = {target: str(page) if page.exists() else None for target, page in pages.items()}
        reports = written.get(ONE_TARGET, written)
        print(json.dumps({"study": loaded.study.name, "stages": rows, "report": reports}, indent=1))
        return
    table = Table("stage", "state", "progress", "", title=f"Status of {loaded.study.name}")
    for row in rows:
        begun = row["progress"]
        shown = f"{begun[0]} of {begun[1]}" if begun else ""
        table.add_row(str(row["title"]), str(row["state"]), shown, str(row["note"]))
    show(table)
    for page in pages.values():
        print(f"Report: {page if page.exists() else 'not written yet'}")
