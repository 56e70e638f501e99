"""The votes of several annotators as counts: columns of counts, or of each annotator's labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import Tables, codes
from crosscal.predictions.external.columns import ColumnMapping, listed
from crosscal.predictions.external.labels import demand_names, numbers_of
from crosscal.predictions.external.plain_text import index_of, plain_text
from crosscal.predictions.external.sources.table_source import TableSource
from crosscal.predictions.external.values import values_from_columns, values_from_lists

Floats = NDArray[np.float64]


def votes_of(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    classes: Sequence[str] | None,
    values: NDArray[Any],
) -> tuple[Floats | None, tuple[str, ...]]:
    """Return how many annotators chose each class, (n, k), and notes; None without any."""
    if not columns.votes and not columns.annotators:
        return None, ()
    if columns.layout in ("confidence", "highest"):
        raise DataError(
            "votes are for classes, and these predictions are confidences",
            where=source.name,
            remedy="Give the scores of all classes, or leave out the votes",
        )
    size = values.shape[1]
    demand_names(source, classes, size)
    if columns.annotators:
        votes = _tallied(source, columns, tables, classes or (), size)
        note = f"votes: labels of {len(columns.annotators)} annotators"
    else:
        votes, note = _counted(source, columns, tables, classes or (), values)
    _demand_votes(source, votes, some=columns.labels is None)
    _demand_own_choices(source, votes, values)
    return votes, (note,)


def each_vote(votes: Floats) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the row and the class of every single vote."""
    count = votes.astype(np.intp)
    rows = np.repeat(np.arange(len(votes)), count.sum(axis=1))
    classes = np.repeat(np.tile(np.arange(votes.shape[1]), len(votes)), count.ravel())
    return rows, classes.astype(np.int32)


def _counted(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    classes: Sequence[str],
    values: NDArray[Any],
) -> tuple[Floats, str]:
    names, size = columns.votes, values.shape[1]
    order: Sequence[int] | None = columns.order  # in which --classes puts the scores
    note = "votes: counts, in the order of the scores"
    if len(names) == 1 and pa.types.is_nested(tables[names[0]].type):
        read, _ = values_from_lists(source, names[0], tables[names[0]], 1)
        width = read.shape[1]
    else:
        read = values_from_columns(source, names, [tables[name] for name in names])
        width = len(names)
        by_name = _order(source, columns, classes)
        if by_name is not None:
            order, note = by_name, "votes: counts, by the names of the classes"
    if width != size:
        raise DataError(
            f"{width} counts of votes for {size} classes",
            where=f"{source.name}: votes",
            remedy="Give a count for each class; labels of single annotators are --annotators",
        )
    short = (np.isneginf(read) & ~np.isneginf(values)).any(axis=1)
    if short.any():
        row = int(short.argmax())
        raise DataError(
            "there are fewer counts of votes than choices",
            where=f"{source.name}: votes, {source.locate(row)}",
            remedy="Give a count for each choice, 0 where nobody chose it",
        )
    votes = np.where(np.isneginf(read), 0.0, read).astype(np.float64)
    return (votes if order is None else votes[:, list(order)]), note


def _order(source: TableSource, columns: ColumnMapping, classes: Sequence[str]) -> list[int] | None:
    """Return the columns in the order of the classes they are named after; None: as they stand."""
    names = [plain_text(name).casefold() for name in columns.votes]
    wanted = [plain_text(name).casefold() for name in classes] or list(map(str, range(len(names))))
    # What stands before the class, as ``votes_``, is the same in all.
    shared = next((n for n in range(len(names[0]), 0, -1) if len({m[:n] for m in names}) == 1), 0)
    starts = [0, *(n for n in range(1, shared + 1) if names[0][n - 1] in "_-. ")]
    contradicted = False
    for start in reversed(starts):
        own = [name[start:] for name in names]
        if sorted(own) == sorted(wanted):
            return [own.index(name) for name in wanted]
        # As a name with a slip in it: then places and names contradict each other.
        contradicted |= any(
            name in wanted and wanted.index(name) != i for i, name in enumerate(own)
        )
    if columns.votes_listed and not contradicted:
        return None
    raise DataError(
        f"the columns of votes ({listed(columns.votes)}) are not named after the classes "
        f"({', '.join(wanted)}), and which is which cannot be told",
        where=source.name,
        remedy="Call them after the classes, or list them with --votes in the order of the scores, "
        "with commas between",
    )


def _tallied(
    source: TableSource,
    columns: ColumnMapping,
    tables: Tables,
    classes: Sequence[str],
    size: int,
) -> Floats:
    """Count the labels in the columns of annotators; an empty cell is no vote."""
    given, index, labels = {}, {}, {}
    for name in columns.annotators:
        column = tables[name]
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            blank = pc.equal(pc.utf8_trim_whitespace(column), "")
            column = pc.if_else(blank, pa.scalar(None, column.type), column)
        rows = np.flatnonzero(np.asarray(pc.is_valid(column)))
        if len(rows):
            given[name] = rows
            index[name], labels[name] = codes(source, name, column.drop_null())
    # One reading of all columns: an annotator may never have given the first class.
    every = list(dict.fromkeys(label for each in labels.values() for label in each))
    number = dict(zip(every, numbers_of(every, classes), strict=True))
    _demand_one_numbering(source, columns, every, classes)
    votes = np.zeros((len(tables[columns.annotators[0]]), size))
    for name, rows in given.items():
        chosen = [number[label] for label in labels[name]]
        unknown = [i for i, each in enumerate(chosen) if each is None or not 0 <= each < size]
        if unknown:
            at = unknown[0]
            row = int(rows[(index[name] == at).argmax()])
            raise DataError(
                f"unknown label {labels[name][at]!r}",
                where=f"{source.name}: column '{name}', {source.locate(row)}",
                remedy=_known(labels[name][at], classes, size),
            )
        votes[rows, np.array(chosen, dtype=np.intp)[index[name]]] += 1
    return votes


def _known(label: str, classes: Sequence[str], size: int) -> str:
    """Say which labels there can be."""
    words = set(re.findall(r"\w+", label))
    if label.startswith("[") or len(words & {plain_text(name) for name in classes}) > 1:
        return "Give each annotator a column of labels, or counts with --votes"
    if classes:
        return f"The classes are {', '.join(classes)}; --classes names them otherwise"
    return f"Give indices from 0 to {size - 1}, or name the classes with --classes"


def _demand_one_numbering(
    source: TableSource, columns: ColumnMapping, labels: Sequence[str], classes: Sequence[str]
) -> None:
    """Ask where numbers could count from 0 or from 1, or stand for classes in another order."""
    names = [plain_text(name) for name in classes]
    numbers = [index_of(label) for label in labels]
    if None in numbers or columns.classes_named or not labels:
        return
    from_one = names == [str(i + 1) for i in range(len(names))]
    if names and not all(index_of(name) is not None for name in names):
        what = "are numbers, and the classes have names"
        remedy = f"Give --classes {','.join(classes)} if 0 is {classes[0]}, or the right order"
    elif str(len(names)) not in labels if names and from_one else 0 not in numbers:
        what, remedy = "can count from 0 or from 1", "Name the classes, as --classes 1,2,3"
    else:
        return
    raise DataError(
        f"the labels of the annotators ({', '.join(sorted(labels)[:8])}) {what}",
        where=f"{source.name}: column '{columns.annotators[0]}'",
        remedy=remedy,
    )


def _demand_own_choices(source: TableSource, votes: Floats, values: NDArray[Any]) -> None:
    """Refuse votes for a choice that a row does not have."""
    wrong = ((votes > 0) & np.isneginf(values)).any(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            "there are votes for a choice that this row does not have",
            where=f"{source.name}: votes, {source.locate(row)}",
            remedy="Give 0 votes where a score is minus infinity",
        )


def _demand_votes(source: TableSource, votes: Floats, *, some: bool) -> None:
    """Refuse what is no count; where the votes are the labels, each row has `some`."""
    broken = ~np.isfinite(votes) | (votes < 0) | (votes != np.floor(votes))
    none = np.where(broken, 0, votes).sum(axis=1) < 1
    wrong = broken.any(axis=1) | (none & (some or none.all()))
    if wrong.any():
        row = int(wrong.argmax())
        shown = ", ".join(f"{value:g}" for value in votes[row])
        raise DataError(
            f"the votes are {shown}",
            where=f"{source.name}: votes, {source.locate(row)}",
            remedy="Give whole numbers from 0 up, how many annotators chose each class; leave out "
            "rows without votes, or name a column of labels with --labels",
        )
