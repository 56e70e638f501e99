"""Labels that lie in another file than the scores: matched by ids, or in the same order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import (
    IDS,
    ColumnKind,
    ColumnOptions,
    demand_column,
    is_named,
    listed,
)
from crosscal.predictions.external.first_rows import Head
from crosscal.predictions.external.layouts import label_columns
from crosscal.predictions.external.sources.arrays import ArraySource
from crosscal.predictions.external.sources.opening import open_source
from crosscal.predictions.external.sources.plain_files import in_utf8, open_plain
from crosscal.predictions.external.sources.row_ids import NAMELESS, places_of_rows
from crosscal.predictions.external.sources.table_source import HEAD, TableSource

_NAME = "labels file"


def with_labels_of(
    source: TableSource, options: ColumnOptions
) -> tuple[TableSource, ColumnOptions, tuple[str, ...]]:
    """Join the labels if the option names a file, as ``gold.npy`` or ``gold.csv:label``.

    Last comes what everyone has to know who sees the numbers.
    """
    name = options.labels
    if name is None or name in source.columns:
        return source, options, ()
    file, column = _divided(name)
    if file is None:
        return source, options, ()
    how = f"in the order of the rows, of {name}"
    warnings: tuple[str, ...] = ()
    if file.lower().endswith(".txt"):
        labels = _lines(file, options.encoding)
    else:
        other = open_source(file, encoding=options.encoding)
        column = _chosen(other, column, file)
        labels = _column(other, column)
        matched = None
        if not pa.types.is_nested(labels.type):
            matched = places_of_rows(source, other, column)
        if matched is not None:
            ids, places = matched
            labels, how = labels.take(pa.array(places)), f"by '{ids}', of {name}"
            if (places != np.arange(len(places))).any():
                how = f"matched by '{ids}', of {name}, whose rows are in another order"
                warnings = (f"labels were {how}",)
    if pa.types.is_nested(labels.type) and isinstance(source, ArraySource):
        # Of sentences and positions, as the scores are; or of one column.
        flat = labels.flatten()
        labels = flat if len(flat) == source.total else labels
    return _WithLabels(source, labels, name, how), replace(options, labels=_NAME), warnings


def labels_file(name: str | None) -> Path | None:
    """Return the file that an option for labels names, if it names one."""
    file, _ = _divided(name or "")
    return None if file is None else Path(file)


def _divided(name: str) -> tuple[str | None, str | None]:
    if name and os.path.isfile(name):
        return name, None
    file, _, column = name.rpartition(":")
    return (file, column) if file and os.path.isfile(file) else (None, None)


def _lines(file: str, encoding: str | None) -> pa.Array:
    """Return one label a line, of a text without a header."""
    plain = in_utf8(open_plain(file), encoding)
    text = plain.path.read_text(encoding="utf-8-sig")
    return pa.array(text.rstrip("\n").split("\n"))


def _chosen(other: TableSource, column: str | None, file: str) -> str:
    """Return the column of labels; not by an index nor an id is it ever meant."""
    if column is None:
        head, names = other.head(), list(other.columns)
        found = names if len(names) == 1 else label_columns(head, ())
        if len(found) != 1:
            names = found or [n for n in names if n.lower() not in NAMELESS] or names
            likely = [n for n in names if not is_named(n, IDS)] or names
            raise DataError(
                f"more than one column could be the labels: {listed(names)}"
                if names[1:]
                else f"no column is named like labels, but there is '{names[0]}'",
                where=file,
                remedy=f"Name it, as --labels {file}:{likely[0]}",
            )
        column = found[0]
    demand_column(other.columns, column, file)
    return column


def _column(other: TableSource, column: str) -> pa.Array:
    parts = [batch.column(0) for batch, _ in other.batches([], [column])]
    return pa.chunked_array(parts).combine_chunks()


class _WithLabels:
    """A source with a column of labels more; see `TableSource`."""

    def __init__(self, source: TableSource, labels: Any, file: str, how: str) -> None:
        self._source, self._labels, self._file = source, labels, file
        self.columns: dict[str, ColumnKind] = {**source.columns, _NAME: "text"}
        self.notes = (*source.notes, f"labels: {how}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def batches(
        self, names: Sequence[str], words: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches, the labels beside them."""
        start, others = 0, [name for name in words if name != _NAME]
        for batch, done in self._source.batches(names, others, optional):
            part = self._labels.slice(start, batch.num_rows)
            start += batch.num_rows
            if len(part) < batch.num_rows:
                break
            yield batch.append_column(_NAME, part), done
        if start != len(self._labels):
            rows = sum(batch.num_rows for batch, _ in self._source.batches(names, others))
            raise DataError(
                f"{len(self._labels):,} labels for {rows:,} rows",
                where=self._file,
                remedy="Give one label for each row, in the same order",
            )

    def head(self) -> Head:
        """Return the first rows."""
        head = self._source.head()
        cells = {**head.cells, _NAME: self._labels.slice(0, HEAD).to_pylist()}
        return Head(columns=self.columns, cells=cells, class_names=head.class_names)
