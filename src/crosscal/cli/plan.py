"""The verbs that show what a study would run, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from crosscal.cli.load import check_output, load_expected_plan, load_plan, require_training
from crosscal.cli.options import RESULTS, AsJson, Output, Overrides, StudyFile
from crosscal.cli.screen import say, show, warn
from crosscal.encoders.loading import locate_encoder
from crosscal.report.numbers import data_size, duration
from crosscal.study.config.settings import ONE_TARGET
from crosscal.study.execution.executors import device_words, n_workers
from crosscal.study.execution.needs import needed_stages
from crosscal.study.execution.store import Store
from crosscal.study.planning.estimate import (
    CostEstimate,
    estimate_stages,
    wall_seconds,
)
from crosscal.study.planning.order import disk_use, economical_order
from crosscal.study.planning.plan import Plan
from crosscal.study.planning.probe import FILE as PROBES
from crosscal.study.planning.probe import probe_study, write_probes
from crosscal.study.running import target_folder

# Beyond so many stages only their kinds are shown.
_MOST_ROWS = 200
# Kinds of stages whose time cannot be judged.
_NOT_KNOWN = ("translate",)


def plan(
    study: StudyFile, output: Output = RESULTS, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show a study's stages, which are cached, and the time and disk the rest will need.

    Data, translators and an encoder's weights need not be there if the study says how much they
    are expected to hold.
    """
    require_training()
    loaded, missing = load_expected_plan(study, overrides, quiet=as_json)
    estimates = estimate_stages(loaded, output)
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
        document = {
            "study": loaded.study.name,
            "stages": rows,
            "total": total,
            "notes": notes,
            "missing": list(map(str, missing)),
        }
        print(json.dumps(document, indent=1))
        return
    if len(rows) <= _MOST_ROWS:
        _show_stages(rows, loaded.study.name)
    _show_kinds(total["by_kind"], loaded.study.name)
    for note in notes:
        say(note)
    for sentence in _summary(total, missing, study):
        say(sentence)


def _show_stages(rows: Sequence[Mapping[str, Any]], study: str) -> None:
    table = Table("stage", "what", "state", "estimate", title=f"Plan of {study}")
    for row in rows:
        state = Text("cached", style="green") if row["cached"] else "to run"
        estimate = "" if row["cached"] else duration(row["seconds"])
        table.add_row(row["kind"], row["title"], state, estimate)
    show(table)


def _show_kinds(kinds: Mapping[str, Mapping[str, Any]], study: str) -> None:
    table = Table("kind", "stages", "to run", "estimate", title=f"Stages of {study} by kind")
    for kind, each in kinds.items():
        estimate = "not known" if kind in _NOT_KNOWN else duration(each["seconds"])
        table.add_row(
            kind, str(each["stages"]), str(each["to_run"]), estimate if each["to_run"] else ""
        )
    show(table)


def _summary(total: Mapping[str, Any], missing: Sequence[Path], study: Path) -> Iterator[str]:
    """Say what a plan will need, what that is an estimate of, and what to do about it."""
    yield (
        f"{total['stages_asked']} stages asked for, {total['stages']} after sharing, "
        f"{total['to_run']} to run: about {duration(total['seconds'])} with {total['workers']} "
        f"worker(s), {_disk(total)} of disk"
        + (f" (speed from {' and '.join(total['speed'])})." if total["speed"] else ".")
    )
    yield f"Devices: {total['devices']}."
    if total["device_seconds"]:
        on = f" on {' and '.join(total['hardware'])}" if total["hardware"] else ""
        yield (
            f"Training and prediction: {duration(total['device_seconds'])} of one device{on}, and "
            f"{data_size(total['memory'])} of its memory for the encoder (weights, gradients, "
            "moments, what is kept for the way back)."
        )
    for kind in _NOT_KNOWN:
        if total["by_kind"].get(kind, {}).get("to_run"):
            yield f"Not counted: stages that {kind}, whose speed nobody knows before."
    if "a matrix product" in total["speed"]:
        yield f"A matrix product says little. Ten seconds say more: crosscal bench {study}"
    if missing:
        yield (
            "Planned from the sizes that the study states (keys of stages will be others), since "
            f"{len(missing)} of its inputs are not there yet:"
        )
        yield from map(str, missing)


def bench(
    study: StudyFile,
    output: Output = RESULTS,
    overrides: Overrides = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="to train and to predict for, each")
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Measure how fast a study's encoder trains and predicts here; estimates use it."""
    require_training()
    check_output(output)
    loaded, missing = load_expected_plan(study, overrides, quiet=as_json)
    if any(path.parent == loaded.encoder for path in missing):
        locate_encoder(str(loaded.encoder))  # says what it lacks
    probes = probe_study(loaded, seconds, lambda title: None if as_json else warn(title))
    if not probes:
        say("The study trains nothing, so there is nothing to measure.")
        return
    write_probes(output, probes)
    if as_json:
        print(json.dumps([asdict(each) for each in probes], indent=1))
        return
    table = Table("stage", "precision", "threads", "tokens/s", "GFLOP/s", title=probes[0].hardware)
    for each in probes:
        table.add_row(
            each.kind,
            each.precision,
            str(each.threads),
            f"{each.tokens_per_second:,.0f}",
            f"{each.operations_per_second / 1e9:,.0f}",
        )
    show(table)
    print(f"{output / PROBES} written: crosscal plan {study}")


def _total(loaded: Plan, estimates: dict[str, CostEstimate]) -> dict[str, Any]:
    workers = n_workers(loaded.study)
    order = economical_order(loaded.stages, estimates)
    discard = loaded.study.execution.checkpoints == "discard"
    disk = disk_use(order, estimates, discard=discard)
    by_kind = {
        kind: {"stages": 0, "to_run": 0, "seconds": 0.0}
        for kind in dict.fromkeys(stage.kind for stage in loaded.stages)
    }
    device_seconds = 0.0
    for stage in loaded.stages:
        by_kind[stage.kind]["stages"] += 1
        if stage.key in estimates:
            by_kind[stage.kind]["to_run"] += 1
            by_kind[stage.kind]["seconds"] += estimates[stage.key].seconds
            if estimates[stage.key].speed:
                device_seconds += estimates[stage.key].seconds * stage.devices
    return {
        "stages_asked": loaded.n_requested,
        "stages": len(loaded.stages),
        "to_run": len(estimates),
        "workers": workers,
        "devices": device_words(loaded.study),
        "seconds": round(wall_seconds(loaded, estimates, workers)),
        "bytes": disk.end,
        "peak_bytes": disk.peak,
        "device_seconds": round(device_seconds),
        "memory": max((each.memory for each in estimates.values()), default=0),
        "speed": sorted({each.speed for each in estimates.values() if each.speed}),
        "hardware": sorted({each.hardware for each in estimates.values() if each.hardware}),
        "by_kind": by_kind,
    }


def _disk(total: Mapping[str, Any]) -> str:
    kept, peak = data_size(total["bytes"]), data_size(total["peak_bytes"])
    return kept if kept == peak else f"{kept}, meanwhile {peak},"


def status(
    study: StudyFile, output: Output = RESULTS, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show how far a study is."""
    loaded = load_plan(study, overrides, quiet=as_json)
    store = Store.within(output)
    needed = {stage.node for stage in needed_stages(loaded.stages, store)}
    rows: list[dict[str, Any]] = []
    for stage in loaded.stages:
        done = stage.node not in needed
        progress = None if done else store.progress(*stage.node)
        state = "done" if done else ("begun" if progress else "waiting")
        steps = None if progress is None else [progress.done, progress.total]
        note = progress.note if progress else ""
        rows.append({"title": stage.title, "state": state, "progress": steps, "note": note})
    pages = {
        target: target_folder(output, loaded.study, target) / "report.html"
        for target in loaded.study.targets
    }
    places = {"workers": n_workers(loaded.study), "devices": device_words(loaded.study)}
    if as_json:
        written = {target: str(page) if page.exists() else None for target, page in pages.items()}
        reports = written.get(ONE_TARGET, written)
        document = {"study": loaded.study.name, "stages": rows, "report": reports, **places}
        print(json.dumps(document, indent=1))
        return
    table = Table("stage", "state", "progress", "", title=f"Status of {loaded.study.name}")
    for row in rows:
        begun = row["progress"]
        shown = f"{begun[0]} of {begun[1]}" if begun else ""
        table.add_row(str(row["title"]), str(row["state"]), shown, str(row["note"]))
    show(table)
    say(f"Workers: {places['workers']}. Devices: {places['devices']}.")
    for page in pages.values():
        print(f"Report: {page if page.exists() else 'not written yet'}")
