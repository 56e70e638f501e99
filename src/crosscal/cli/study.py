"""The verbs that write and run studies, and what they leave."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from crosscal.analysis import Results
from crosscal.analysis.recalibration_transfer import RegimeResults
from crosscal.cli.load import (
    check_output,
    load_plan,
    require_shared_training,
    share_stages,
)
from crosscal.cli.matrix import print_matrix, write_scores
from crosscal.cli.options import RESULTS, AsJson, Output, Overrides, StudyFile
from crosscal.cli.progress import StudyProgress
from crosscal.cli.screen import REPORT_WIDTH, open_console, say, warn
from crosscal.exceptions import ArtifactError, SettingsError
from crosscal.report import answer, render_text_table, write_report
from crosscal.report.characters import visible
from crosscal.report.layers import FILE as LAYERS
from crosscal.report.layers import LayerSweep
from crosscal.report.numbers import data_size, duration
from crosscal.study.config.settings import ONE_TARGET, STORE, STUDY_NAME, Study
from crosscal.study.config.write import commented_study
from crosscal.study.execution.devices import follow, following, leading
from crosscal.study.execution.executors import n_workers
from crosscal.study.execution.store import Store
from crosscal.study.planning.estimate import estimate_stages, wall_seconds
from crosscal.study.planning.order import disk_use, economical_order
from crosscal.study.planning.plan import Plan
from crosscal.study.results.layer_sweep import is_current, read_sweep
from crosscal.study.results.recalibration import read_recalibration
from crosscal.study.results.report_context import report_context
from crosscal.study.results.scores import score_cells
from crosscal.study.running import Outcome, read_results, run_study, target_folder
from crosscal.study.tracking import TrackedTraining, tracked

_DISK_MARGIN = 1.2


def quickstart(output: Output = RESULTS, as_json: AsJson = False) -> None:
    """Run the built-in study: a real encoder, 15 languages, 3 recipes; no network needed."""
    file = resources.files("crosscal.study") / "quickstart.toml"
    run(Path(str(file)), output, as_json=as_json)


def init(
    file: Annotated[
        Path | None, typer.Argument(help="study file to write; by default NAME.toml")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="name of the study; by default that of the file")
    ] = None,
) -> None:
    """Write a study file in which every setting is explained."""
    if file is None and name is None:
        if not sys.stdin.isatty():
            raise SettingsError(
                "the study has no name",
                where="init",
                remedy="Name it, as: crosscal init my-study.toml",
            )
        name = str(typer.prompt("Name of the study", default="my-study"))
    name = name or (file.stem if file else "")
    if not re.fullmatch(STUDY_NAME, name) or name.lower() == STORE:
        raise SettingsError(
            f"a study cannot be called {name!r}: it names a folder",
            where="--name",
            remedy="Take letters, digits, dots, hyphens and underscores, a letter or digit first, "
            f"and another name than {STORE}, which is the folder of artifacts",
        )
    file = file or Path(f"{name}.toml")
    if file.exists():
        raise SettingsError(
            "the file exists", where=str(file), remedy="Choose another name or remove it"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(commented_study(file.name, name), encoding="utf-8")
    print(f"{file} written. Look at it, then: crosscal plan {file}")


def run(
    study: StudyFile, output: Output = RESULTS, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Run a study, or go on with it where it stopped; write its report.

    Several GPUs, on one machine or on many, share each training stage if torchrun starts it:
    torchrun --nproc-per-node 2 -m crosscal run STUDY
    """
    rank, processes = require_shared_training()
    if processes > 1:
        overrides = share_stages(study, overrides, processes)
    if rank:
        with following(rank, processes):
            follow(load_plan(study, overrides, quiet=True).stages, Store.within(output))
        return
    check_output(output)
    plan = load_plan(study, overrides, quiet=as_json)
    store = Store.within(output)
    estimates = estimate_stages(plan, output)
    discard = plan.study.execution.checkpoints == "discard"
    order = economical_order(plan.stages, estimates)
    _check_disk(output, disk_use(order, estimates, discard=discard).peak)
    if estimates and not as_json:
        workers = n_workers(plan.study)
        about = duration(wall_seconds(plan, estimates, workers))
        print(f"{len(estimates)} stages: about {about} with {workers} worker(s)", file=sys.stderr)
    kept = output / plan.study.name / "tracking"
    with (
        StudyProgress(store, len(estimates), quiet=as_json) as progress,
        tracked(plan.study, store, kept, progress) as listener,
        leading(processes),
    ):
        outcome = run_study(plan, output, listener, order)
        if isinstance(listener, TrackedTraining):
            listener.results(outcome.results)
    pages = _write_reports(plan, output, outcome.results, outcome.recalibration, tuple(estimates))
    matrix = score_cells(plan.study, outcome.scores, outcome.results)
    write_scores(plan.study, outcome.scores, matrix, outcome.folder)
    if as_json:
        document = _to_dict(plan.study, outcome, pages, len(estimates))
        cells = [cell.to_dict() for cell in matrix]
        print(json.dumps({**document, "bill": outcome.bill.to_dict(), "matrix": cells}))
        return
    if len(pages) > 1:
        print_matrix(plan.study, matrix)
        for target, page in pages.items():
            say(f"{target}: {answer(outcome.results[target])}")
            print(f"{page}\n")
        _say_cost(outcome)
        return
    for target, results in outcome.results.items():
        print(visible(render_text_table(results, width=open_console(elsewhere=REPORT_WIDTH).width)))
        say(answer(results))
        print(f"\nReport: {pages[target]}")
    _say_cost(outcome)


def _say_cost(outcome: Outcome) -> None:
    """Say what the stages that ran have cost; bill.json has it by kind."""
    cost = outcome.bill.run["total"]
    if not cost.stages:
        return
    parts = [f"{duration(cost.seconds)} of {', '.join(cost.hardware) or 'workers'}"]
    if cost.processor_seconds is not None:
        parts.append(f"{duration(cost.processor_seconds)} of processor cores")
    if cost.memory is not None:
        parts.append(f"at most {data_size(cost.memory)} of memory a process")
    if cost.device_memory is not None:
        parts.append(f"{data_size(cost.device_memory)} of the device's")
    if cost.energy is not None:
        parts.append(f"{cost.energy / 3.6e6:.3f} kWh")
    say(f"{cost.stages} stages: {', '.join(parts)} ({outcome.folder / 'bill.json'})")


def _check_disk(output: Path, needed: int) -> None:
    free = shutil.disk_usage(output).free
    if free < needed * _DISK_MARGIN:
        raise ArtifactError(
            f"the study needs about {data_size(needed)}, but only {data_size(free)} are free",
            where=str(output),
            remedy="Free some space or choose another disk with --output",
        )


def _write_reports(
    plan: Plan,
    output: Path,
    results: Mapping[str, Results],
    recalibration: Mapping[str, RegimeResults],
    ran: Sequence[str] = (),
) -> dict[str, Path]:
    store = Store.within(output)
    pages = {}
    for target, analysed in results.items():
        folder = target_folder(output, plan.study, target)
        pages[target] = write_report(
            analysed,
            folder,
            study=report_context(plan, target, store, analysed, ran),
            recalibration=recalibration.get(target),
            layers=_layers(plan, folder),
        )
    return pages


def _layers(plan: Plan, folder: Path) -> LayerSweep | None:
    """Return the sweep that lies in a target's folder, if it is of this plan."""
    sweep = read_sweep(folder)
    if sweep is None or is_current(plan, sweep):
        return sweep
    warn(
        f"crosscal: {folder / LAYERS}: a layer sweep of other data or settings, left out of the "
        "report. Sweep again: crosscal layers STUDY"
    )
    return None


def _to_dict(study: Study, outcome: Outcome, pages: Mapping[str, Path], ran: int) -> dict[str, Any]:
    """Return a run's outcome for programs: of one target as it is, of several by target."""
    targets: dict[str, dict[str, Any]] = {}
    for target, results in outcome.results.items():
        targets[target] = {
            "report": str(pages[target]),
            "results": json.loads(results.to_json()),
        }
        if target in outcome.recalibration:
            compared = outcome.recalibration[target].to_json()
            targets[target]["recalibration"] = json.loads(compared)
    one = list(study.targets) == [ONE_TARGET]
    return {"stages_run": ran, **(targets[ONE_TARGET] if one else {"targets": targets})}


def report(
    study: StudyFile, output: Output = RESULTS, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Write the report of a finished study anew."""
    plan = load_plan(study, overrides, quiet=as_json)
    folders = {target: target_folder(output, plan.study, target) for target in plan.study.targets}
    results = {target: read_results(folder) for target, folder in folders.items()}
    recalibration = {
        target: compared
        for target, folder in folders.items()
        if plan.study.recalibration.regimes and (compared := read_recalibration(folder))
    }
    pages = _write_reports(plan, output, results, recalibration)
    if as_json:
        paths = {target: str(page) for target, page in pages.items()}
        print(json.dumps({"report": paths.get(ONE_TARGET, paths)}))
        return
    for page in pages.values():
        print(f"Report: {page}")
