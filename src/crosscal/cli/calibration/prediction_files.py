"""Files of anyone's predictions as a command line names them: ``FILE``, ``NAME=FILE``, or ``-``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from crosscal.exceptions import SettingsError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.concat import concat_predictions
from crosscal.predictions.external.plain_files import STANDARD_INPUT
from crosscal.predictions.external.reader import ExternalPredictions, read_external


@dataclass(frozen=True)
class NamedFile:
    """A file, and what it is called in the output if the user says so."""

    path: Path
    name: str | None = None

    @property
    def shown(self) -> str:
        """What it is called in a title."""
        return self.name or ("standard input" if str(self.path) == "-" else self.path.name)


def named_files(texts: Sequence[str]) -> list[NamedFile]:
    """Tell names from files; each file may be given once."""
    files = []
    for text in texts:
        name, equals, path = text.partition("=")
        if equals and name and path and not Path(text).exists():
            files.append(NamedFile(Path(path), name))
        else:
            files.append(NamedFile(Path(text)))
    if len({file.path.resolve() for file in files}) < len(files):
        raise SettingsError("a file is given twice", where="files", remedy="Give each file once")
    return files


def read_files(
    files: Sequence[NamedFile], columns: ColumnOptions, report: Callable[[str, int, int], None]
) -> ExternalPredictions:
    """Read files as one, and say on standard error how each was read."""
    parts = []
    for file in files:
        origin = STANDARD_INPUT if str(file.path) == STANDARD_INPUT else file.path
        part = read_external(origin, columns, report=partial(report, file.shown))
        print(f"crosscal: {file.path}: {'; '.join(part.notes)}", file=sys.stderr)
        parts.append(part)
    pooled = columns.group is not None
    if all(part.task for part in parts) and not pooled:
        pooled = True
        parts = _by_task(parts, files)
    elif len(parts) == 1 and files[0].name:
        zeros = np.zeros(len(parts[0]), np.int32)
        names = tuple(f"{files[0].name}/{group}" for group in parts[0].groups)
        group = zeros if parts[0].group is None else parts[0].group
        return replace(parts[0], group=group, groups=names or (files[0].name,))
    if len(parts) == 1:
        return parts[0]
    return concat_predictions(parts, _names(files), pooled=pooled)


def _by_task(
    parts: Sequence[ExternalPredictions], files: Sequence[NamedFile]
) -> list[ExternalPredictions]:
    """Call the groups of samples by language, and by task where there are several."""
    several = len({part.task for part in parts}) > 1
    renamed = []
    for part, file in zip(parts, files, strict=True):
        groups = [f"{part.task}/{g}" if several and g != part.task else g for g in part.groups]
        if file.name:
            groups = [file.name] * len(groups)
        renamed.append(replace(part, groups=tuple(groups)))
    return renamed


def _names(files: Sequence[NamedFile]) -> list[str]:
    """Return short names of files, all different: without folder and ending if that suffices."""
    for names in ([f.path.stem for f in files], [f.path.name for f in files]):
        shown = [f.name or name for f, name in zip(files, names, strict=True)]
        if len(set(shown)) == len(shown):
            return shown
    return [f.name or str(f.path) for f in files]
