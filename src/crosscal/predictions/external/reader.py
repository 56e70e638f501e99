"""Predictions from anyone's files: Parquet, CSV, TSV, JSON lines or npz, as arrays.

Nothing is guessed silently: `ExternalPredictions.notes` tells which column was taken for what.
Nothing is mended silently either: a NaN, an unknown label or probabilities that do not sum to one
stop the reading, with file, row and remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import codes, sorted_codes
from crosscal.predictions.external.columns import (
    ColumnMapping,
    ColumnOptions,
    ValueKind,
    choose_columns,
)
from crosscal.predictions.external.labels import gold_of
from crosscal.predictions.external.sources import NpzSource, ParquetSource, TableSource
from crosscal.predictions.external.text_sources import CsvSource, JsonLinesSource
from crosscal.predictions.external.values import settle_values
from crosscal.predictions.provenance import Provenance

Report = Callable[[int, int], None]

_OPENERS: dict[str, Callable[[Path], TableSource]] = {
    ".parquet": ParquetSource,
    ".pq": ParquetSource,
    ".csv": CsvSource,
    ".tsv": CsvSource,
    ".tab": CsvSource,
    ".jsonl": JsonLinesSource,
    ".ndjson": JsonLinesSource,
    ".npz": NpzSource,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ExternalPredictions:
    """Predictions as arrays.

    Attributes
    ----------
    values : ndarray of shape (n, k), or (n,) for confidences
        Scores or probabilities, float32 where the file has no more, else float64. Minus
        infinity (or probability 0) where a unit has fewer choices than others.
    value_kind : {"scores", "probabilities", "confidence"}
    gold : ndarray of int32, shape (n,)
        Index of the right choice; for confidences 1 if the chosen label is right, else 0.
    group : ndarray of int32, shape (n,), or None
        Number of each row's group.
    groups : tuple of str
        Names of the groups, sorted; empty without groups.
    cluster : ndarray of int64, shape (n,), or None
        Equal numbers mean dependent rows; None: every row by itself.
    cluster_names : pyarrow.Array or None
        What the numbers stand for.
    classes : tuple of str or None
    notes : tuple of str
        What was taken for what, and why.
    """

    values: NDArray[Any]
    value_kind: ValueKind
    gold: NDArray[np.int32]
    group: NDArray[np.int32] | None
    groups: tuple[str, ...]
    cluster: NDArray[np.int64] | None
    cluster_names: pa.Array | None
    classes: tuple[str, ...] | None
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.gold)


def read_external(
    path: Path, options: ColumnOptions, *, report: Report | None = None
) -> ExternalPredictions:
    """Read predictions of any origin; what the options leave open is guessed.

    Of crosscal's own prediction files the test split is read; language becomes the group,
    cluster_id the cluster. Minus infinity says that a row has no such choice. Probabilities may be
    off a sum of 1 by rounding to three decimals; they are then normalised. All else that is wrong
    is a DataError.
    """
    source = _open(path)
    own = source.provenance is not None and {"scores", "gold"} <= set(source.columns)
    if own:
        options, choices, split = _own(source, options)
    columns = _choose(source, options)
    words = [name for name in columns.names if name not in columns.values]
    filtered = [*words, "split"] if own and split else words
    parts: dict[str, list[Any]] = {name: [] for name in columns.names}
    for batch, done in source.batches(columns.values, filtered):
        if own and split:
            batch = batch.filter(pc.equal(batch.column("split"), split))
        for name in columns.names:
            parts[name].append(batch.column(name))
        if report:
            report(done, source.total)
    if not any(len(chunk) for chunk in parts[columns.labels]):
        raise DataError("no rows", where=str(path), remedy="Give at least one prediction")
    tables = {name: pa.chunked_array(chunks) for name, chunks in parts.items()}
    del parts
    value_columns = [tables.pop(name) for name in columns.values]
    values, value_kind, notes, own_number = settle_values(source, columns, value_columns)
    del value_columns
    classes = choices if own and choices else columns.classes
    gold, said_labels = gold_of(
        source, columns, tables[columns.labels], classes, values, own_number, absent=own
    )
    group, groups = sorted_codes(source, columns.group, tables)
    cluster = cluster_names = None
    if columns.cluster is not None:
        cluster, cluster_names = codes(source, columns.cluster, tables[columns.cluster])
    origin = (f"a prediction file of crosscal, split '{split}'",) if own and split else ()
    return ExternalPredictions(
        values=values,
        value_kind=value_kind,
        gold=gold,
        group=group,
        groups=groups,
        cluster=cluster,
        cluster_names=cluster_names,
        classes=classes,
        notes=(*origin, *columns.notes, *notes, *said_labels),
    )


def _open(path: Path) -> TableSource:
    if path.is_dir():
        raise DataError("this is a folder", where=str(path), remedy="Name the files in it")
    if not path.is_file():
        raise DataError("no such file", where=str(path), remedy="Check the path")
    opener = _OPENERS.get(path.suffix.lower())
    if opener is None:
        raise DataError(
            f"unknown kind of file '{path.suffix}'",
            where=str(path),
            remedy=f"Give a file that ends in one of {', '.join(_OPENERS)}",
        )
    if path.stat().st_size == 0:
        raise DataError("the file is empty", where=str(path), remedy="Write it again")
    return opener(path)


def _own(
    source: TableSource, options: ColumnOptions
) -> tuple[ColumnOptions, tuple[str, ...] | None, str | None]:
    """Return the columns of a file that crosscal wrote, its choices, and the split to read."""
    made = Provenance.from_json(source.provenance or b"", where=f"{source.path}: provenance")
    splits: set[str] = set()
    if "split" in source.columns:
        for batch, _ in source.batches(["split"]):
            splits |= set(pc.unique(batch.column(0)).to_pylist())
    free = not (options.scores or options.probabilities or options.confidence)
    filled = replace(
        options,
        scores="scores" if free else options.scores,
        labels=options.labels or "gold",
        group=options.group or ("language" if "language" in source.columns else None),
        cluster=options.cluster or ("cluster_id" if "cluster_id" in source.columns else None),
    )
    split = "test" if "test" in splits else (min(splits) if len(splits) == 1 else None)
    if split is None and splits:
        raise DataError(
            f"the splits are {', '.join(sorted(splits))}, but there is no 'test'",
            where=str(source.path),
            remedy="Name the evaluated rows' split 'test'",
        )
    return filled, options.classes or made.choices, split


def _choose(source: TableSource, options: ColumnOptions) -> ColumnMapping:
    label_values = {}
    if not (options.scores or options.probabilities or options.confidence):
        names = [n for n, kind in source.columns.items() if kind == "text"]
        labels = [n for n in names if n == options.labels] or [
            n for n in names if n.lower() in ("gold", "gold_label", "label", "labels", "target")
        ]
        label_values = {name: source.preview(name) for name in labels}
    return choose_columns(
        source.columns, options, label_values=label_values, where=str(source.path)
    )
