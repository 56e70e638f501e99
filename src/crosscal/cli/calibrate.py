"""The verb that measures calibration in files of anyone's predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from crosscal.calibration.estimation.samples import EvaluationSettings
from crosscal.calibration.evaluation.evaluating import ALL, evaluate_coded
from crosscal.calibration.notion import Notion
from crosscal.cli.calibration_tables import print_evaluation
from crosscal.cli.options import AsJson
from crosscal.cli.prediction_files import NamedFile, named_files, read_files
from crosscal.exceptions import SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import ExternalPredictions
from crosscal.report.evaluation_page import write_evaluation
from crosscal.spelling import did_you_mean

EXAMPLE = (
    "Example: a file with the columns prob_no,prob_yes,label,lang,item. "
    "crosscal calibrate answers.csv --group lang --cluster item --baseline en "
    "--recalibrate temperature --report calibration.html"
)


def calibrate(
    files: Annotated[
        list[str],
        typer.Argument(help="CSV, JSON, Parquet, npz, ... or NAME=FILE, or - for standard input"),
    ],
    scores: Annotated[
        str | None,
        typer.Option(help="columns of logits: one list, or a,b,c, or a pattern, logit_*"),
    ] = None,
    probabilities: Annotated[
        str | None, typer.Option(help="columns of probabilities, likewise; one: of the class 1")
    ] = None,
    confidence: Annotated[
        str | None, typer.Option(help="column of confidences; the labels are then right or wrong")
    ] = None,
    predicted: Annotated[
        str | None, typer.Option(help="column of the chosen classes, beside --confidence")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="column of the right classes, or a file of them")
    ] = None,
    group: Annotated[str | None, typer.Option(help="column of groups to be compared")] = None,
    cluster: Annotated[str | None, typer.Option(help="column of what makes rows dependent")] = None,
    classes: Annotated[
        str | None, typer.Option(help="names of the classes in the order of the scores: a,b,c")
    ] = None,
    per_character: Annotated[
        bool, typer.Option("--normalised", help="log-likelihoods divided by choices' lengths")
    ] = False,
    baseline: Annotated[str | None, typer.Option(help="group to compare the others with")] = None,
    recalibrate: Annotated[
        list[str] | None, typer.Option(help="recalibrator to try, as temperature; repeatable")
    ] = None,
    notion: Annotated[
        str, typer.Option(help="what is calibrated: top-label, class-wise, or a class")
    ] = "top-label",
    bins: Annotated[int, typer.Option(help="bins of equal width or size")] = 15,
    replicates: Annotated[int, typer.Option(help="bootstrap replicates")] = 1000,
    seed: Annotated[int, typer.Option(help="seed of the random draws")] = 0,
    report: Annotated[Path | None, typer.Option(help="HTML report to write")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the calibration of anyone's predictions: errors with intervals, by group.

    Columns that are not named are guessed, and what was guessed is said. Several files are
    compared with each other; with --group they are parts of one whole.
    """
    opened = named_files(files)
    _check_report(report, [file.path for file in opened])
    columns = ColumnOptions(
        scores=scores,
        probabilities=probabilities,
        confidence=confidence,
        predicted=predicted,
        labels=labels,
        group=group,
        cluster=cluster,
        classes=tuple(classes.split(",")) if classes else None,
        per_character=per_character,
    )
    with _progress() as progress:
        predictions = read_files(opened, columns, progress)
        pair = predictions.value_kind == "confidence"
        groups = np.zeros(len(predictions)) if predictions.group is None else predictions.group
        evaluation = evaluate_coded(
            predictions.values,
            predictions.gold,
            groups.astype(np.intp),
            predictions.groups or (ALL,),
            predictions.cluster,
            settings=EvaluationSettings(
                given="probabilities"
                if predictions.value_kind == "confidence"
                else predictions.value_kind,
                notion=1 if pair else _notion(notion, predictions),
                pair=pair,
                bins=bins,
            ),
            baseline=baseline,
            recalibrate=tuple(recalibrate or ()),
            replicates=replicates,
            seed=seed,
            report=progress,
        )
    warnings = (*predictions.warnings, *evaluation.warnings)
    evaluation = replace(evaluation, warnings=warnings)
    if report:
        write_evaluation(evaluation, report, title=_title(opened), notes=predictions.notes)
    if as_json:
        document = {**evaluation.to_dict(), "reading": list(predictions.notes)}
        print(json.dumps(document, allow_nan=False, indent=1))
        return
    print_evaluation(evaluation)
    if report:
        print(f"\nReport: {report}")


def _check_report(report: Path | None, files: Sequence[Path]) -> None:
    """Refuse a report that cannot be written, before the work, or that would replace a file."""
    if report is None:
        return
    if report.is_dir():
        message = "this is a folder"
    elif report.resolve() in [file.resolve() for file in files]:
        message = "this is one of the files to read"
    else:
        return
    raise SettingsError(
        message, where=f"--report {report}", remedy="Name an HTML file, as calibration.html"
    )


def _title(files: Sequence[NamedFile]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"Calibration of {files[0].shown}{more}"


def _notion(notion: str, predictions: ExternalPredictions) -> Notion:
    if notion == "top-label":
        return "top-label"
    if notion == "class-wise":
        return "class-wise"
    count = predictions.values.shape[1]
    names = predictions.classes or tuple(map(str, range(count)))
    if notion in names:
        return names.index(notion)
    if notion.isdigit() and int(notion) < count:
        return int(notion)
    raise SettingsError(
        f"unknown notion {notion!r}",
        where="--notion",
        remedy=did_you_mean(notion, ["top-label", "class-wise", *names]),
    )


class ProgressBar:
    """One bar on standard error, if that is a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is done, and how much of it."""
        self._progress.update(self._task, description=what, completed=done, total=total)


@contextmanager
def _progress() -> Iterator[ProgressBar]:
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        yield ProgressBar(progress)
