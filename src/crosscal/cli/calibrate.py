"""The verb that measures calibration in files of anyone's predictions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from crosscal.calibration.estimation.samples import EvaluationSettings
from crosscal.calibration.evaluation.evaluating import ALL, evaluate_coded
from crosscal.calibration.evaluation.results import Evaluation
from crosscal.calibration.notion import Notion
from crosscal.cli.calibration_tables import print_evaluation
from crosscal.exceptions import SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import concat_predictions
from crosscal.predictions.external.reader import ExternalPredictions, read_external
from crosscal.report.evaluation_page import write_evaluation
from crosscal.spelling import did_you_mean

EXAMPLE = (
    "Example: a file with the columns prob_no,prob_yes,label,lang,item. "
    "crosscal calibrate answers.csv --group lang --cluster item --baseline en "
    "--recalibrate temperature --report calibration.html"
)


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """What the user asked for, apart from files and columns.

    Attributes
    ----------
    baseline : str or None
    recalibrate : tuple of str
    notion : str
        "top-label", "class-wise", or the name or number of a class.
    bins, replicates, seed : int
    report : Path or None
        HTML file to write.
    as_json : bool
    """

    baseline: str | None
    recalibrate: tuple[str, ...]
    notion: str
    bins: int
    replicates: int
    seed: int
    report: Path | None
    as_json: bool


def calibrate_files(
    files: Sequence[Path], wanted: ColumnOptions, options: CalibrateOptions
) -> None:
    """Measure the calibration of predictions in files, and print it.

    Parameters
    ----------
    files : sequence of Path
        Several are one group each, or groups of groups; with ``wanted.group`` they are parts of
        one whole.
    wanted : ColumnOptions
    options : CalibrateOptions

    Raises
    ------
    DataError
        See `read_external`.
    SettingsError
        An unknown baseline, class or recalibrator; files of one name.
    """
    _demand_report(options.report, files)
    with _progress() as report:
        found = _read(files, wanted, report)
        evaluation = _evaluated(found, options, report)
    if options.report:
        write_evaluation(evaluation, options.report, title=_title(files), notes=found.notes)
    if options.as_json:
        print(json.dumps(evaluation.to_dict(), allow_nan=False, indent=1))
        return
    print_evaluation(evaluation)
    if options.report:
        print(f"\nReport: {options.report}")


def _demand_report(report: Path | None, files: Sequence[Path]) -> None:
    """Refuse a report that cannot be written, before the work, or that would replace a file."""
    if report is None:
        return
    if report.is_dir():
        what = "this is a folder"
    elif report.resolve() in [file.resolve() for file in files]:
        what = "this is one of the files to read"
    else:
        return
    raise SettingsError(
        what, where=f"--report {report}", remedy="Name an HTML file, as calibration.html"
    )


def _title(files: Sequence[Path]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"Calibration of {files[0].name}{more}"


def _read(files: Sequence[Path], wanted: ColumnOptions, report: Bar) -> ExternalPredictions:
    parts = []
    for file in files:
        part = read_external(file, wanted, report=partial(report, file.name))
        print(f"crosscal: {file}: {'; '.join(part.notes)}", file=sys.stderr)
        parts.append(part)
    if len(parts) == 1:
        return parts[0]
    return concat_predictions(parts, _names(files), pooled=wanted.group is not None)


def _names(files: Sequence[Path]) -> list[str]:
    """Return short names of files, all different: without folder and ending if that suffices."""
    if len({file.resolve() for file in files}) < len(files):
        raise SettingsError("a file is given twice", where="files", remedy="Give each file once")
    for names in ([f.stem for f in files], [f.name for f in files]):
        if len(set(names)) == len(names):
            return names
    return [str(file) for file in files]


def _evaluated(found: ExternalPredictions, options: CalibrateOptions, report: Bar) -> Evaluation:
    group = np.zeros(len(found), np.intp) if found.group is None else found.group.astype(np.intp)
    pair = found.value_kind == "confidence"
    return evaluate_coded(
        found.values,
        found.gold,
        group,
        found.groups or (ALL,),
        found.cluster,
        settings=EvaluationSettings(
            given="probabilities" if found.value_kind == "confidence" else found.value_kind,
            notion=1 if pair else _notion(options.notion, found),
            pair=pair,
            bins=options.bins,
        ),
        baseline=options.baseline,
        recalibrate=options.recalibrate,
        replicates=options.replicates,
        seed=options.seed,
        report=report,
    )


def _notion(notion: str, found: ExternalPredictions) -> Notion:
    if notion == "top-label":
        return "top-label"
    if notion == "class-wise":
        return "class-wise"
    count = found.values.shape[1]
    names = found.classes or tuple(map(str, range(count)))
    if notion in names:
        return names.index(notion)
    if notion.isdigit() and int(notion) < count:
        return int(notion)
    raise SettingsError(
        f"unknown notion {notion!r}",
        where="--notion",
        remedy=did_you_mean(notion, ["top-label", "class-wise", *names]),
    )


class Bar:
    """One bar on standard error, if that is a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is done, and how much of it."""
        self._progress.update(self._task, description=what, completed=done, total=total)


@contextmanager
def _progress() -> Iterator[Bar]:
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        yield Bar(progress)
