"""Predictions from anyone's files, and from tables in memory, as arrays.

Nothing is guessed silently: `ExternalPredictions.notes` tells which column was taken for what.
Nothing is mended silently either: a NaN, an unknown label or probabilities that do not sum to one
stop the reading, with file, row and remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.categorical import codes, sorted_codes
from crosscal.predictions.external.choosing import choose_columns
from crosscal.predictions.external.columns import ColumnMapping, ColumnOptions, ValueKind
from crosscal.predictions.external.first_rows import Head
from crosscal.predictions.external.labels import gold_of, right_of
from crosscal.predictions.external.plain_text import IGNORED, plain_text
from crosscal.predictions.external.repeated import pooled_runs, repeated_rows
from crosscal.predictions.external.row_checks import check_single_scores
from crosscal.predictions.external.sample_weights import weights_of
from crosscal.predictions.external.sense_checks import check_chosen
from crosscal.predictions.external.sources.harness import repeated_samples
from crosscal.predictions.external.sources.joined import with_labels_of
from crosscal.predictions.external.sources.opening import open_source
from crosscal.predictions.external.sources.table_source import TableSource
from crosscal.predictions.external.values import settle_values
from crosscal.predictions.external.votes import each_vote, votes_of
from crosscal.predictions.provenance import Provenance

Report = Callable[[int, int], None]
Tables = dict[str, pa.ChunkedArray]
Floats = NDArray[np.float64]


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
    cluster_names : tuple of str or None
        What the numbers stand for.
    classes : tuple of str or None
    votes : ndarray of shape (n, k), or None
        How many annotators chose each class; 0 throughout where that is not known, or said by
        another row of the same item.
    weights : ndarray of shape (n,), or None
        How many cases each row stands for.
    task : str or None
        Where the file is of one task by its form: its choices are no classes.
    notes : tuple of str
        What was taken for what, and why.
    warnings : tuple of str
        What speaks against this reading, or against the file.
    """

    values: NDArray[Any]
    value_kind: ValueKind
    gold: NDArray[np.int32]
    group: NDArray[np.int32] | None
    groups: tuple[str, ...]
    cluster: NDArray[np.int64] | None
    cluster_names: tuple[str, ...] | None
    classes: tuple[str, ...] | None
    votes: NDArray[np.float64] | None = None
    weights: NDArray[np.float64] | None = None
    task: str | None = None
    notes: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.gold)


def read_external(
    origin: Any,
    options: ColumnOptions,
    *,
    labelled: bool = True,
    report: Report | None = None,
    memory: int | None = None,
) -> ExternalPredictions:
    """Read predictions of any origin; what the options leave open is guessed.

    Parameters
    ----------
    origin : path, table or dictionary of arrays
        A file, ``-`` for standard input, a table of pandas, polars or Arrow, or arrays by name.
    options : ColumnOptions
    labelled : bool
        False: every row is kept. Gold is -1 where the file has no labels, and -100 where that is
        the label.
    report : callable, optional
        Called with how much is read, and the total.
    memory : int, optional
        Bytes beyond which columns are refused while they are read.

    Returns
    -------
    ExternalPredictions
        Of crosscal's own prediction files the test split is read; language becomes the group,
        cluster_id the cluster. Minus infinity says that a row has no such choice. Rows with label
        -100 are left out. Probabilities may be off a sum of 1, and off 0 and 1, by rounding to
        three decimals; they are then normalised.

    Raises
    ------
    DataError
        All else that is wrong, and every choice of columns that is not the only one.
    """
    source = open_source(origin, per_character=options.per_character, encoding=options.encoding)
    given = options
    source, options, joined = with_labels_of(source, options)
    own = source.provenance is not None and {"scores", "gold"} <= set(source.columns)
    choices = split = None
    if own:
        options, choices, split = _own(source, options)
    options = _filled(options, source.defaults)
    columns = choose_columns(_head(source), options, where=source.name, labelled=labelled)
    if own:  # these are of one run and split; whether they are logits, the values tell
        kind = columns.value_kind if given.name_values else None
        columns = replace(columns, factors=(), value_kind=kind)
    tables = _read(source, columns, split if own else None, report, memory)
    keep = _not_ignored(source, columns, tables)
    left_out: tuple[str, ...] = ()
    if keep is not None and labelled:
        tables, source, left_out = _without_ignored(source, columns, tables, keep)
        keep = None
    value_columns = [tables.pop(name) for name in columns.values]
    values, value_kind, notes, own_number = settle_values(source, columns, value_columns)
    del value_columns
    odd = check_single_scores(
        source, columns, tables, values, named=given.name_values, labelled=labelled
    )
    if columns.order and values.ndim == 2:
        values = np.ascontiguousarray(values[:, list(columns.order)])
    classes = choices if own and choices else columns.classes
    said_labels: tuple[str, ...] = ()
    votes, said_votes = votes_of(source, columns, tables, classes, values)
    if columns.labels is None:
        gold = np.full(len(values), -1, dtype=np.int32)
    elif keep is None:
        gold, said_labels = _gold(source, columns, tables, classes, values, own_number, absent=own)
    else:
        gold = np.full(len(values), int(IGNORED), dtype=np.int32)
        if keep.any():
            some, part, _ = _without_ignored(source, columns, tables, keep)
            own_kept = None if own_number is None else own_number[keep]
            gold[keep], said_labels = _gold(
                part, columns, some, classes, values[keep], own_kept, absent=own
            )
    if columns.layout == "highest":
        gold = np.where(gold < 0, gold, values.argmax(axis=1) == gold).astype(np.int32)
        values = values.max(axis=1)
    group, groups = sorted_codes(source, columns.group, tables)
    cluster = cluster_names = None
    if columns.cluster is not None:
        cluster, names = codes(source, columns.cluster, tables[columns.cluster])
        cluster_names = tuple(names)
    origin_note = (f"a prediction file of crosscal, split '{split}'",) if own and split else ()
    said = (*left_out, *notes, *said_votes, *said_labels)
    predictions = ExternalPredictions(
        values=values,
        value_kind=value_kind,
        gold=gold,
        group=group,
        groups=groups,
        cluster=cluster,
        cluster_names=cluster_names,
        classes=None if value_kind == "confidence" else classes,
        votes=votes,
        weights=weights_of(source, columns.weights, tables),
        task=source.defaults.get("task"),
        notes=(*source.notes, *origin_note, *columns.notes, *said),
        warnings=(
            *joined,
            *odd,
            *check_chosen(source, columns, tables, values, gold, named=given.name_values),
            *(pooled_runs(source, columns, tables, group) if labelled else ()),
            *repeated_rows(source, columns.id, tables, group, groups),
            *(() if given.cluster else repeated_samples(source.defaults, cluster, cluster_names)),
        ),
    )
    if votes is None or not labelled or columns.labels is not None:
        return predictions
    return _by_vote(predictions, votes, source.name)


def memory_left(memory: int | None, read: Iterable[ExternalPredictions]) -> int | None:
    """Return how many of so many bytes the predictions that were read leave."""
    return None if memory is None else max(0, memory - sum(each.values.nbytes for each in read))


def _read(
    source: TableSource,
    columns: ColumnMapping,
    split: str | None,
    report: Report | None,
    memory: int | None,
) -> Tables:
    words = [name for name in columns.names if name not in columns.numbers]
    filtered = [*words, "split"] if split else words
    every = (*columns.names, *columns.optional)
    parts: dict[str, list[Any]] = {name: [] for name in every}
    held = 0
    for batch, done in source.batches(columns.numbers, filtered, columns.optional):
        if split:
            batch = batch.filter(pc.equal(batch.column("split"), split))
        for name in every:
            parts[name].append(batch.column(batch.schema.names.index(name)))
        held += batch.nbytes
        if memory is not None and held > memory:
            raise SettingsError(
                f"the columns of {source.name} take more than the {memory:,} bytes allowed",
                where="memory",
                remedy="Allow more (--memory, or memory=), or give fewer rows",
            )
        if report:
            report(done, source.total)
    if not any(len(chunk) for chunk in parts[columns.names[0]]):
        raise _no_rows(source)
    return {name: pa.chunked_array(chunks) for name, chunks in parts.items()}


def _head(source: TableSource) -> Head:
    head = source.head()
    if head.cells and not any(map(len, head.cells.values())):
        raise _no_rows(source)
    return head


def _no_rows(source: TableSource) -> DataError:
    return DataError("no rows", where=source.name, remedy="Give at least one prediction")


def _by_vote(predictions: ExternalPredictions, votes: Floats, name: str) -> ExternalPredictions:
    """Make a row of each vote, which is its label; the votes of one row depend on each other."""
    # No class has to be the right one, and none with as many votes as another is left out.
    rows, gold = each_vote(votes)
    first = np.concatenate([[True], np.diff(rows) > 0])
    cluster, names = predictions.cluster, predictions.cluster_names
    if cluster is None:
        cluster = np.arange(len(predictions))
        names = tuple(f"{name}, row {row}" for row in range(len(predictions)))
    note = (
        f"labels: each of the {len(rows):,} votes is one, and those of one of the "
        f"{len(predictions):,} rows depend on each other"
    )
    return replace(
        predictions,
        values=predictions.values[rows],
        gold=gold,
        group=None if predictions.group is None else predictions.group[rows],
        cluster=cluster[rows],
        cluster_names=names,
        votes=np.where(first[:, None], votes[rows], 0.0),
        weights=None if predictions.weights is None else predictions.weights[rows],
        notes=(*predictions.notes, note),
    )


class _KeptRows:
    """A source of which rows were left out: places are those of the file."""

    def __init__(self, source: TableSource, kept: NDArray[np.intp]) -> None:
        self._source, self._kept = source, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def locate(self, row: int) -> str:
        """Say where a row is."""
        return self._source.locate(int(self._kept[row]))


def _not_ignored(
    source: TableSource, columns: ColumnMapping, tables: Tables
) -> NDArray[np.bool_] | None:
    """Return which rows have a label that is to be predicted; None if all have."""
    labels = None if columns.labels is None else tables[columns.labels]
    if labels is None or pa.types.is_nested(labels.type):
        return None
    different = pc.unique(labels).to_pylist()
    ignored = [value for value in different if value is not None and plain_text(value) == IGNORED]
    if not ignored:
        return None
    found = pc.is_in(labels, value_set=pa.array(ignored, type=labels.type))
    return ~np.asarray(pc.fill_null(found, False))


def _without_ignored(
    source: TableSource, columns: ColumnMapping, tables: Tables, keep: NDArray[np.bool_]
) -> tuple[Tables, TableSource, tuple[str, ...]]:
    """Leave out rows whose label says that nothing is to be predicted."""
    kept = np.flatnonzero(keep)
    if not len(kept):
        raise DataError(
            f"all labels are {IGNORED}, which says that nothing is to be predicted",
            where=f"{source.name}: column '{columns.labels}'",
            remedy="Give rows with labels",
        )
    note = f"{len(keep) - len(kept):,} rows with label {IGNORED} left out"
    mask = pa.array(keep)
    tables = {name: column.filter(mask) for name, column in tables.items()}
    return tables, _KeptRows(source, kept), (note,)


def _gold(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    classes: tuple[str, ...] | None,
    values: NDArray[Any],
    own_number: NDArray[np.int64] | None,
    *,
    absent: bool,
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    labels = tables[str(columns.labels)]
    if columns.predicted is not None:
        return right_of(source, columns, tables[columns.predicted], labels), ()
    return gold_of(source, columns, labels, classes, values, own_number, absent=absent)


def _filled(options: ColumnOptions, defaults: Mapping[str, str]) -> ColumnOptions:
    """Take what the format says for what the user does not."""
    roles = ["labels", "group", "cluster", *([] if options.name_values else ["scores"])]
    known: dict[str, Any] = {
        role: defaults[role] for role in roles if role in defaults and not getattr(options, role)
    }
    return replace(options, **known)


def _own(
    source: TableSource, options: ColumnOptions
) -> tuple[ColumnOptions, tuple[str, ...] | None, str | None]:
    """Return the columns of a file that crosscal wrote, its choices, and the split to read."""
    made = Provenance.from_json(source.provenance or b"", where=f"{source.name}: provenance")
    splits: set[str] = set()
    if "split" in source.columns:
        for batch, _ in source.batches(["split"]):
            splits |= set(pc.unique(batch.column(0)).to_pylist())
    roles = {"group": "language", "cluster": "cluster_id"}
    defaults = {role: name for role, name in roles.items() if name in source.columns}
    filled = _filled(options, {"scores": "scores", "labels": "gold", **defaults})
    split = "test" if "test" in splits else (min(splits) if len(splits) == 1 else None)
    if split is None and splits:
        raise DataError(
            f"the splits are {', '.join(sorted(splits))}, but there is no 'test'",
            where=source.name,
            remedy="Name the evaluated rows' split 'test'",
        )
    return filled, options.classes or made.choices, split
