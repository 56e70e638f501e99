"""Predictions whose right classes nobody knows yet: read as others are, with a label made up."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import ExternalPredictions, read_external

_NAME = "label"


def read_perhaps_unlabelled(
    path: Path, options: ColumnOptions, *, classes: Sequence[str] | None = None
) -> tuple[ExternalPredictions, bool]:
    """Read predictions, and say whether they have labels; `classes` are those expected."""
    try:
        return read_external(path, options), True
    except DataError as error:
        if options.labels is not None or not path.is_file():
            raise
        names = options.classes or classes
        without = _read_copy(path, options, names[0] if names else "0", error)
    notes = [note for note in without.notes if not note.startswith("labels:")]
    return replace(without, notes=(*notes, "no labels are read")), False


def _read_copy(
    path: Path, options: ColumnOptions, label: str, error: DataError
) -> ExternalPredictions:
    """Read a copy in which all rows have one label."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            _COPIES[path.suffix.lower()](path, copy, label)
        except (KeyError, OSError, ValueError, pa.ArrowException):
            raise error from None
        try:
            return read_external(copy, replace(options, labels=_NAME))
        except DataError as other:
            where = (other.where or "").replace(str(copy), str(path))
            raise DataError(other.what, where=where, remedy=other.remedy) from None


def _text(path: Path, copy: Path, label: str) -> None:
    """Add a column to lines of cells."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    delimiter = max("\t;,", key=head.count)
    if _NAME in head.replace('"', "").split(delimiter):
        raise ValueError("there is such a column")
    plain = label.isalnum()
    cell = label if plain else '"{}"'.format(label.replace('"', '""'))
    lines = [f"{line}{delimiter}{cell}" for line in lines if line.strip()]
    copy.write_text("\n".join([f"{head}{delimiter}{_NAME}", *lines, ""]), encoding="utf-8")


def _json_lines(path: Path, copy: Path, label: str) -> None:
    lines = [line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()]
    if any(f'"{_NAME}"' in line or not line.endswith("}") for line in lines if line):
        raise ValueError("there is such a field, or a line is no object")
    lines = [f'{line[:-1]}, "{_NAME}": {json.dumps(label)}}}' for line in lines if line]
    copy.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _parquet(path: Path, copy: Path, label: str) -> None:
    table = pq.read_table(path)
    if _NAME in table.column_names:
        raise ValueError("there is such a column")
    pq.write_table(table.append_column(_NAME, pa.array([label] * len(table))), copy)


def _npz(path: Path, copy: Path, label: str) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        columns: dict[str, Any] = dict(arrays)
    if _NAME in columns:
        raise ValueError("there is such an array")
    columns[_NAME] = np.full(len(next(iter(columns.values()))), label)
    np.savez(copy, **columns)


_COPIES: dict[str, Callable[[Path, Path, str], None]] = {
    ".csv": _text,
    ".tsv": _text,
    ".tab": _text,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".npz": _npz,
}
