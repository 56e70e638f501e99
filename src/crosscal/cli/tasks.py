"""The verb that lists and describes tasks."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from crosscal.cli.options import AsJson
from crosscal.cli.screen import say_json, show
from crosscal.languages import language
from crosscal.tasks import Task, all_tasks, task

_MANY = 4


def tasks(
    name: Annotated[str | None, typer.Argument(help="task to describe; none: list all")] = None,
    as_json: AsJson = False,
) -> None:
    """List the tasks, or describe one: its languages, splits, labels, formats, licence."""
    if name is not None:
        entry = task(name)
        if as_json:
            say_json(json.dumps(asdict(entry), indent=1, ensure_ascii=False))
        else:
            _describe(entry)
        return
    entries = all_tasks()
    if as_json:
        print(json.dumps({name: entry.description for name, entry in entries.items()}, indent=1))
        return
    table = Table("task", "family", "languages", "what")
    for entry in entries.values():
        table.add_row(entry.name, entry.family, _few(entry.languages), entry.description)
    show(table)


def _few(codes: tuple[str, ...]) -> str:
    return ", ".join(codes) if len(codes) <= _MANY else str(len(codes))


def _describe(entry: Task) -> None:
    table = Table(entry.name, entry.description, title_justify="left")
    for title, text in _lines(entry):
        table.add_row(title, text)
    show(table)


def _lines(entry: Task) -> list[tuple[str, str]]:
    labels = ", ".join(entry.labels) or (
        "those of the training data" if entry.open_labels else "none: each unit has its own choices"
    )
    languages = [f"{code} {language(code).name}" for code in entry.languages]
    lines = [
        ("family", entry.family),
        ("labels", labels),
        (f"languages ({len(languages)})", ", ".join(languages)),
        ("splits with labels", ", ".join(entry.splits)),
        *((f"no {split}", ", ".join(codes)) for split, codes in entry.missing.items()),
        ("trained on", f"English training data of '{entry.train_task}'" * bool(entry.train_task)),
        ("formats", ", ".join(entry.formats)),
        ("metric", entry.metric),
        ("scoring", entry.scoring),
        ("in Phang et al. 2020", ", ".join(entry.roles)),
        *entry.published_settings.items(),
        ("licence", entry.licence),
        ("citation", entry.citation),
    ]
    return [(title, text) for title, text in lines if text]
