"""Files of anyone's predictions as a command line names them: ``FILE``, ``NAME=FILE``, or ``-``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from crosscal.cli.screen import warn
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import NamedFile, demand_different, join_files
from crosscal.predictions.external.reader import ExternalPredictions, memory_left, read_external
from crosscal.predictions.external.sources.plain_files import STANDARD_INPUT


def named_files(texts: Sequence[str]) -> list[NamedFile]:
    """Tell names from files; each file may be given once."""
    files = []
    for text in texts:
        name, equals, path = text.partition("=")
        if equals and name and path and not os.path.exists(text):  # False of names too long
            files.append(NamedFile(Path(path), name))
        else:
            files.append(NamedFile(Path(text)))
    demand_different(files)
    return files


def read_files(
    files: Sequence[NamedFile],
    columns: ColumnOptions,
    report: Callable[[str, int, int], None],
    memory: int | None = None,
) -> ExternalPredictions:
    """Read files as one, and say on standard error how each was read."""
    parts: list[ExternalPredictions] = []
    for file in files:
        origin = STANDARD_INPUT if str(file.path) == STANDARD_INPUT else file.path
        left = memory_left(memory, parts)
        part = read_external(origin, columns, report=partial(report, file.shown), memory=left)
        warn(f"crosscal: {file.path}: {'; '.join(part.notes)}")
        parts.append(part)
    return join_files(parts, files, pooled=columns.group is not None)
