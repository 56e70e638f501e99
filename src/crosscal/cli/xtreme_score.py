"""The function behind the verb that scores files in a benchmark's own layout."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from crosscal.metrics import Submission, score_submission
from crosscal.metrics.xtreme import benchmark_average, group_averages, transfer_gap
from crosscal.metrics.xtreme_tasks import TASKS


def xtreme_score(predictions: Path, labels: Path, *, as_json: bool) -> None:
    """Score a submission to XTREME and print a table, or JSON.

    Notes go to standard error.

    Raises
    ------
    DataError
        See `score_submission`.
    """
    found = score_submission(predictions, labels)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
        return
    console = Console()
    console.print(_tasks(found))
    console.print(_averages(found))


_METRICS = {
    "accuracy": "acc.",
    "f1": "F1",
    "precision": "prec.",
    "recall": "rec.",
    "exact_match": "EM",
}


def _tasks(found: Submission) -> Table:
    table = Table(
        "task",
        title="XTREME: official scores in per cent",
        caption="n: languages, whose mean is shown; gap: English minus the mean of the others. "
        "Each language's scores: --json",
    )
    for heading in ("n", *_METRICS.values(), "gap"):
        table.add_column(heading, justify="right")
    for name, score in found.tasks.items():
        averages = score.averages
        table.add_row(
            name,
            str(len(score.languages)),
            *(_shown(averages.get(metric)) for metric in _METRICS),
            _shown(transfer_gap(score)),
        )
    return table


def _averages(found: Submission) -> Table:
    table = Table("average over")
    table.add_column("score", justify="right")
    averages = group_averages(found.figures)
    for group in dict.fromkeys(task.group for task in TASKS.values()):
        members = ", ".join(name for name, task in TASKS.items() if task.group == group)
        table.add_row(f"{group} ({members})", _shown(averages.get(group)))
    table.add_row("all nine tasks", _shown(benchmark_average(found.figures)))
    return table


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
