"""The verb that measures calibration in files of anyone's predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from crosscal.api import evaluate_predictions
from crosscal.artifacts import check_output
from crosscal.calibration.evaluation.accepting import THRESHOLDS, WANTED
from crosscal.calibration.evaluation.arguments import check_options
from crosscal.calibration.evaluation.memory import parse_memory
from crosscal.cli.calibration.prediction_files import named_files, read_files
from crosscal.cli.calibration.tables import print_evaluation
from crosscal.cli.options import AsJson, Encoding
from crosscal.cli.screen import say_json
from crosscal.exceptions import SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import NamedFile, checksums, files_read
from crosscal.report.characters import visible

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
    votes: Annotated[
        str | None, typer.Option(help="columns of how many annotators chose each class: v_*")
    ] = None,
    annotators: Annotated[
        str | None, typer.Option(help="columns of each annotator's label: a1,a2,a3")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="column of how many cases each row stands for")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="names of the classes in the order of the scores: a,b,c")
    ] = None,
    per_character: Annotated[
        bool, typer.Option("--normalised", help="log-likelihoods divided by choices' lengths")
    ] = False,
    encoding: Encoding = None,
    baseline: Annotated[str | None, typer.Option(help="group to compare the others with")] = None,
    recalibrate: Annotated[
        list[str] | None, typer.Option(help="recalibrator to try, as temperature; repeatable")
    ] = None,
    notion: Annotated[
        str, typer.Option(help="what is calibrated: top-label, class-wise, or a class")
    ] = "top-label",
    bins: Annotated[int, typer.Option(help="bins of equal width or size")] = 15,
    replicates: Annotated[int, typer.Option(help="bootstrap replicates")] = 1000,
    level: Annotated[float, typer.Option(help="of the intervals, between 0 and 1")] = 0.95,
    seed: Annotated[int, typer.Option(help="seed of the random draws")] = 0,
    thresholds: Annotated[
        str | None, typer.Option(help="confidences from which rows are accepted: 0.8,0.9")
    ] = None,
    wanted: Annotated[
        str | None, typer.Option(help="accuracies to find the threshold of: 0.9,0.95")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="refuse what is estimated to need more memory, as 2GB; default: what is there"
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="JSON file for the fitted recalibrator; see apply")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML report to write")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the calibration of anyone's predictions: errors with intervals, by group.

    Columns that are not named are guessed, and what was guessed is said. Several files are
    compared with each other; with --group they are parts of one whole.
    """
    accepting = {
        "thresholds": _shares(thresholds, "--thresholds", THRESHOLDS),
        "wanted": _shares(wanted, "--wanted", WANTED),
    }
    recalibrators, bound = _recalibrators(recalibrate, save), parse_memory(memory)
    check_options(
        recalibrate=recalibrators,
        replicates=replicates,
        seed=seed,
        bins=bins,
        level=level,
        **accepting,
    )
    opened = named_files(files)
    read = files_read(opened, labels)
    _check_outputs(read, report=report, save=save)
    columns = ColumnOptions(
        scores=scores,
        probabilities=probabilities,
        confidence=confidence,
        predicted=predicted,
        labels=labels,
        group=group,
        cluster=cluster,
        votes=votes,
        annotators=annotators,
        weights=weights,
        classes=tuple(classes.split(",")) if classes else None,
        per_character=per_character,
        encoding=encoding,
    )
    with _progress() as progress:
        predictions = read_files(opened, columns, progress, bound)
        if save:
            _demand_one_group(predictions.groups, baseline)
        found = evaluate_predictions(
            predictions,
            files=checksums(opened),
            read=read,
            notion=notion,
            bins=bins,
            baseline=baseline,
            level=level,
            recalibrate=recalibrators,
            replicates=replicates,
            seed=seed,
            memory=bound,
            report=progress,
            **accepting,
        )
    if save:
        found.save(save)
    if report:
        found.to_html(report, title=_title(opened))
    if as_json:
        say_json(found.to_json())
        return
    print_evaluation(found.evaluation)
    if save:
        print(f"\nRecalibrator: {save} (crosscal apply {save} FILE)")
    if report:
        print(f"\nReport: {report}")


def _check_outputs(files: Sequence[Path], *, report: Path | None, save: Path | None) -> None:
    """Refuse what cannot be written, before the work, or would replace another file."""
    taken = list(files)
    examples = {"--report": "an HTML file, as calibration.html", "--save": "a JSON file, as r.json"}
    for option, path in (("--report", report), ("--save", save)):
        if path is not None:
            check_output(path, taken, where=f"{option} {path}", remedy=f"Name {examples[option]}")
            taken.append(path)


def _shares(text: str | None, option: str, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return the numbers of an option, as ``0.8,0.9``; none for an empty one."""
    if text is None:
        return default
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no list of numbers", where=option, remedy="Give shares, as 0.8,0.9"
        ) from error


def _recalibrators(names: Sequence[str] | None, save: Path | None) -> tuple[str, ...]:
    """Return the recalibrators asked for; only one fit can be saved."""
    asked = tuple(names or ())
    if save is not None and len(asked) != 1:
        raise SettingsError(
            f"{len(asked)} recalibrators are asked for, and one is saved",
            where="--save",
            remedy="Name the one with --recalibrate, as temperature",
        )
    return asked


def _demand_one_group(groups: Sequence[str], baseline: str | None) -> None:
    """Refuse to save a fit on one of several groups, of which nobody says which."""
    if len(groups) > 1 and baseline is None:
        raise SettingsError(
            f"there are {len(groups)} groups, and none is said to be fitted on",
            where="--save",
            remedy="Name the group with --baseline, or leave out --group to fit on all rows",
        )


def _title(files: Sequence[NamedFile]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"Calibration of {files[0].shown}{more}"


class ProgressBar:
    """One bar on standard error, if that is a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show what is done, and how much of it."""
        self._progress.update(self._task, description=visible(what), completed=done, total=total)


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
