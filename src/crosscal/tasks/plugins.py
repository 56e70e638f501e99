"""Tasks from outside the package: from TOML files, and from other installed packages.

A TOML file holds data and nothing that runs. A package names its tasks in the entry-point group
``crosscal.tasks``; each entry point is a `Task` or a list of them, and loading it runs its package.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from crosscal.data.files.lines import opening
from crosscal.data.formats import FORMATS
from crosscal.exceptions import SettingsError
from crosscal.languages import language
from crosscal.spelling import did_you_mean
from crosscal.tasks.description import FAMILY_NAMES, SCORED_FAMILY, SCORINGS, Task

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

GROUP = "crosscal.tasks"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.+-]*")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_TASK = TypeAdapter(Task)
# What files call attributes that have another name.
_KEYS = {"published_settings": "facts"}
_REFUSALS = {
    "string_type": ("text is needed", "Write it in quotes"),
    "tuple_type": ("a list of texts is needed", 'Write it as ["one", "two"]'),
    "bool_type": ("true or false is needed", "Write one of them"),
    "dict_type": ("a table is needed", "Write { name = ... }"),
    "mapping_type": ("a table is needed", "Write { name = ... }"),
    "int_type": ("a whole number is needed", "Write it without quotes"),
}
_LABELLED = ("classification", "tagging")


def load_tasks(path: Path) -> list[Task]:
    """Read the tasks that a TOML file describes, one ``[[task]]`` table each.

    Parameters
    ----------
    path : pathlib.Path
        Its keys are the attributes of `Task`; what has a default may be left out.

    Returns
    -------
    list of Task
        At least one, none of them registered yet.

    Raises
    ------
    SettingsError
        If the file is no TOML (with the line), or holds an unknown key or a bad value (with the
        table and key).
    DataError
        If the file cannot be read.
    """
    if path.suffix != ".toml":
        raise SettingsError(
            "a task is described in TOML, and no code of a study is run",
            where=str(path),
            remedy=f"Write it as '{path.stem}.toml', or install a package with an entry point in "
            f"the group '{GROUP}'",
        )
    document = _document(path)
    unknown = sorted(set(document) - {"task"})
    tables = document.get("task")
    if unknown or not isinstance(tables, list) or not tables:
        raise SettingsError(
            f"unknown key '{unknown[0]}'" if unknown else "there is no [[task]] table",
            where=str(path),
            remedy="Describe each task in a table that begins with [[task]]",
        )
    return read_tasks(tables, where=str(path))


def read_tasks(
    tables: Sequence[object], *, where: str, usual: Mapping[str, Any] | None = None
) -> list[Task]:
    """Read the tasks that ``[[task]]`` tables describe; what they leave out is as in `usual`."""
    tasks: dict[str, Task] = {}
    for number, table in enumerate(tables):
        place = f"{where}: task[{number}]"
        task = _task({**(usual or {}), **table} if isinstance(table, dict) else table, place)
        if task.name in tasks:
            raise SettingsError(
                f"task '{task.name}' is described twice", where=place, remedy="Remove one"
            )
        tasks[task.name] = task
    return list(tasks.values())


def installed_tasks() -> list[Task]:
    """Load the tasks of installed packages, in order of the entry points' names."""
    installed: list[Task] = []
    points = importlib.metadata.entry_points(group=GROUP)
    for point in sorted(points, key=lambda point: point.name):
        package = point.dist.name if point.dist else "an unknown package"
        where = f"entry point '{point.name}' of {package}"
        try:
            loaded = point.load()
        # Whatever another package's code raises must not end in a traceback.
        except Exception as error:
            raise SettingsError(
                f"the plug-in cannot be loaded ({type(error).__name__}: {error})",
                where=where,
                remedy="Update that package or uninstall it",
            ) from error
        tasks = loaded if isinstance(loaded, (list, tuple)) else [loaded]
        for task in tasks:
            if not isinstance(task, Task):
                raise SettingsError(
                    f"the plug-in is a {type(task).__name__}, not a Task or a list of them",
                    where=where,
                    remedy="Name an object of crosscal.tasks.Task as the entry point",
                )
            check_task(task, where=where)
        installed += tasks
    return installed


def check_task(task: Task, *, where: str) -> None:
    """Refuse a description that no study could use; `where` is its place, for messages."""
    if not _NAME.fullmatch(task.name):
        raise SettingsError(
            f"'{task.name}' is no name of a task",
            where=f"{where}.name",
            remedy="Use small letters, digits, hyphens, dots, plus signs and underscores",
        )
    _known(task.family, FAMILY_NAMES, f"{where}.family")
    _check_labels(task, where)
    if not task.languages or not task.splits:
        raise SettingsError(
            "at least one language and one split with labels are needed",
            where=where,
            remedy="List them in 'languages' and 'splits'",
        )
    for code in task.languages:
        language(code, where=f"{where}.languages")
    if task.scoring:
        _known(task.scoring, SCORINGS, f"{where}.scoring")
    family = SCORED_FAMILY.get(task.scoring, task.family)
    if family != task.family:
        raise SettingsError(
            f"'{task.scoring}' scores {family}, not {task.family}",
            where=f"{where}.scoring",
            remedy="Leave it out for accuracy, or choose one of the task's family",
        )
    if task.texts not in ((None, 1, 2) if task.family == "classification" else (None,)):
        raise SettingsError(
            f"a task of {task.family} cannot have texts = {task.texts}",
            where=f"{where}.texts",
            remedy="Classification takes 1, or 2 for pairs; leave it out elsewhere",
        )
    for name in task.formats:
        _known(name, FORMATS, f"{where}.formats")
        if FORMATS[name].schema.family != task.family:
            raise SettingsError(
                f"format '{name}' holds {FORMATS[name].schema.family}, not {task.family}",
                where=f"{where}.formats",
                remedy="Choose formats of the task's family; `crosscal data formats` lists them",
            )
    for split, codes in task.missing.items():
        _known(split, task.splits, f"{where}.missing")
        for code in codes:
            _known(code, task.languages, f"{where}.missing.{split}")


def _check_labels(task: Task, where: str) -> None:
    labelled = task.family in _LABELLED
    count = len(task.labels)
    if not all(map(str.strip, task.labels)):
        raise SettingsError(
            "a label is empty", where=f"{where}.labels", remedy="Give each label a name"
        )
    if task.open_labels and (task.family != "tagging" or count):
        raise SettingsError(
            "only a tagging task without labels can take them from its training data",
            where=f"{where}.open_labels",
            remedy="Remove it, or the labels",
        )
    if labelled and not task.open_labels and (count < 2 or len(set(task.labels)) < count):
        raise SettingsError(
            f"a task of {task.family} needs two different labels at least, each once",
            where=f"{where}.labels",
            remedy="List them in the order of the scores",
        )
    if not labelled and count:
        raise SettingsError(
            f"a task of {task.family} has no labels: each unit has choices of its own",
            where=f"{where}.labels",
            remedy="Remove them",
        )


def _known(word: str, words: Sequence[str] | dict[str, Any], where: str) -> None:
    if word not in words:
        raise SettingsError(f"unknown '{word}'", where=where, remedy=did_you_mean(word, words))


def _document(path: Path) -> dict[str, Any]:
    with opening(path), path.open("rb") as handle:
        try:
            return tomllib.load(handle)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            line = _LINE.search(str(error))
            raise SettingsError(
                f"this is no TOML ({error})",
                where=f"{path}:{line[1]}" if line else str(path),
                remedy="Correct the file; texts stand in quotes, lists in brackets",
            ) from error


def _task(table: object, where: str) -> Task:
    if not isinstance(table, dict):
        raise SettingsError("this is no table", where=where, remedy="Begin it with [[task]]")
    attributes = {_KEYS.get(field.name, field.name): field.name for field in fields(Task)}
    for key in table:
        _known(key, attributes, where)
    try:
        # As JSON, for which strictness allows lists in the place of tuples; nothing else is turned
        # into another type.
        content = {attributes[key]: value for key, value in table.items()}
        task = _TASK.validate_json(json.dumps(content, default=_no_json), strict=True)
    except ValidationError as error:
        raise _refusal(error.errors()[0], where) from error
    for key, texts in _lists(task):
        if len(set(texts)) < len(texts):
            raise SettingsError(
                "an entry stands twice", where=f"{where}.{key}", remedy="Remove one"
            )
    check_task(task, where=where)
    return task


def _no_json(value: object) -> dict[str, str]:
    """Stand for a date or time of TOML, which no key takes."""
    return {type(value).__name__: str(value)}


def _lists(task: Task) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in ("labels", "languages", "splits", "formats", "roles"):
        yield key, getattr(task, key)
    for split, codes in task.missing.items():
        yield f"missing.{split}", codes


def _refusal(error: ErrorDetails, where: str) -> SettingsError:
    """Say in the words of TOML what pydantic found, and where."""
    path, kind = list(error["loc"]), error["type"]
    if path and isinstance(path[-1], int):  # an entry of a list
        path, kind = path[:-1], "tuple_type"
    keys = [_KEYS.get(str(key), str(key)) for key in path]
    if kind == "missing":
        return SettingsError(f"key '{keys[-1]}' is missing", where=where, remedy="Add it")
    what, remedy = _REFUSALS.get(kind, (error["msg"], "Correct it"))
    return SettingsError(what, where=".".join([where, *keys]), remedy=remedy)
