"""Translated examples in a Parquet file, and back."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crosscal.artifacts import write_aside
from crosscal.data.examples import (
    Answer,
    ChoiceExample,
    Example,
    PairExample,
    SpanExample,
    TextExample,
)
from crosscal.exceptions import ArtifactError

FILE = "examples.parquet"
_METADATA = b"crosscal"
_TYPES: dict[str, type[Example]] = {
    kind.__name__: kind for kind in (PairExample, ChoiceExample, SpanExample, TextExample)
}
_ANSWERS = pa.list_(pa.struct([("text", pa.string()), ("start", pa.int32())]))
# All other fields are text.
_COLUMNS = {"options": pa.list_(pa.string()), "answer": pa.int32(), "answers": _ANSWERS}


def write_examples(
    examples: Sequence[Example],
    kind: type[Example],
    path: Path,
    details: Mapping[str, Any],
) -> None:
    """Write examples of one type; equal examples give equal bytes under the same pyarrow."""
    schema = pa.schema(
        [(column.name, _COLUMNS.get(column.name, pa.string())) for column in fields(kind)],
        metadata={_METADATA: json.dumps({"type": kind.__name__, **details}, sort_keys=True)},
    )
    table = pa.Table.from_pylist([asdict(example) for example in examples], schema)
    stream = io.BytesIO()
    pq.write_table(table, stream, version="2.6", compression="zstd", row_group_size=65_536)
    write_aside(path, stream.getvalue())


def read_examples(folder: Path) -> tuple[Example, ...]:
    """Read what `translate_stage` left in a folder.

    Raises
    ------
    ArtifactError
        If the file is missing, truncated or of another kind.
    """
    path = folder / FILE
    try:
        with path.open("rb") as stream:
            table = pq.read_table(stream)
        kind = _TYPES[json.loads(table.schema.metadata[_METADATA])["type"]]
        return tuple(_example(kind, row) for row in table.to_pylist())
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            "the translated examples cannot be read",
            where=str(path),
            remedy="Remove the folder and run again: it will be computed anew",
        ) from error


def _example(kind: type[Example], row: dict[str, Any]) -> Example:
    if kind is SpanExample and row["answers"] is not None:
        row["answers"] = tuple(Answer(**answer) for answer in row["answers"])
    if kind is ChoiceExample:
        row["options"] = tuple(row["options"])
    return kind(**row)
