"""The verb that scores files in a benchmark's own layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crosscal.cli.options import AsJson
from crosscal.cli.screen import show, warn
from crosscal.metrics import Submission, score_submission
from crosscal.metrics.xtreme import benchmark_average, group_averages, transfer_gap
from crosscal.metrics.xtreme_tasks import TASKS


def xtreme_score(
    predictions: Annotated[Path, typer.Argument(help="folder of predictions, a folder a task")],
    labels: Annotated[Path, typer.Argument(help="folder of labels in the same layout")],
    as_json: AsJson = False,
) -> None:
    """Score files in XTREME's own layout for submissions, as its evaluator does."""
    submission = score_submission(predictions, labels)
    for note in submission.notes:
        warn(f"note: {note}")
    if as_json:
        print(json.dumps(submission.to_dict(), indent=1))
        return
    show(_tasks(submission))
    show(_averages(submission))


_METRICS = {
    "accuracy": "acc.",
    "f1": "F1",
    "precision": "prec.",
    "recall": "rec.",
    "exact_match": "EM",
}


def _tasks(submission: Submission) -> Table:
    table = Table(
        "task",
        title="XTREME: official scores in per cent",
        caption="n: languages, whose mean is shown; gap: English minus the mean of the others. "
        "Each language's scores: --json",
    )
    for heading in ("n", *_METRICS.values(), "gap"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, score in submission.tasks.items():
        averages = score.averages
        table.add_row(
            name,
            str(len(score.languages)),
            *(_percent(averages.get(metric)) for metric in _METRICS),
            _percent(transfer_gap(score)),
        )
    return table


def _averages(submission: Submission) -> Table:
    table = Table("average over")
    table.add_column("score", justify="right", no_wrap=True)
    averages = group_averages(submission.figures)
    for group in dict.fromkeys(task.group for task in TASKS.values()):
        members = ", ".join(name for name, task in TASKS.items() if task.group == group)
        table.add_row(f"{group} ({members})", _percent(averages.get(group)))
    table.add_row("all nine tasks", _percent(benchmark_average(submission.figures)))
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
