"""The votes of several annotators as counts: columns of counts, or of each annotator's labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import codes
from crosscal.predictions.external.columns import ColumnMapping
from crosscal.predictions.external.labels import numbers_of
from crosscal.predictions.external.plain_text import plain_text
from crosscal.predictions.external.sources.table_source import TableSource
from crosscal.predictions.external.values import values_from_columns, values_from_lists

Floats = NDArray[np.float64]
Tables = Mapping[str, pa.ChunkedArray]


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
    if values.ndim != 2:
        raise DataError(
            "votes are for classes, and these predictions are confidences",
            where=source.name,
            remedy="Give the scores of all classes, or leave out the votes",
        )
    size = values.shape[1]
    if columns.annotators:
        votes = _tallied(source, columns.annotators, tables, classes, size)
        notes = [f"votes: labels of {len(columns.annotators)} annotators"]
    else:
        votes, notes = _counted(source, columns.votes, tables, classes, size)
    _demand_votes(source, votes, some=columns.labels is None)
    return votes, tuple(notes)


def each_vote(votes: Floats) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the row and the class of every single vote."""
    count = votes.astype(np.intp)
    rows = np.repeat(np.arange(len(votes)), count.sum(axis=1))
    classes = np.repeat(np.tile(np.arange(votes.shape[1]), len(votes)), count.ravel())
    return rows, classes.astype(np.int32)


def _counted(
    source: TableSource,
    names: Sequence[str],
    tables: Tables,
    classes: Sequence[str] | None,
    size: int,
) -> tuple[Floats, list[str]]:
    if len(names) == 1 and pa.types.is_nested(tables[names[0]].type):
        read, _ = values_from_lists(source, names[0], tables[names[0]], 1)
        order, width = None, read.shape[1]
    else:
        read = values_from_columns(source, names, [tables[name] for name in names])
        order, width = _order(names, classes), len(names)
    if width != size:
        raise DataError(
            f"{width} counts of votes for {size} classes",
            where=f"{source.name}: votes",
            remedy="Give a count for each class; labels of single annotators are --annotators",
        )
    votes = np.where(np.isneginf(read), 0.0, read).astype(np.float64)
    if order is not None:
        return votes[:, order], ["votes: counts, by the names of the classes"]
    return votes, ["votes: counts, in the order of the scores"]


def _order(names: Sequence[str], classes: Sequence[str] | None) -> list[int] | None:
    """Return the columns in the order of the classes they are named after, if they are."""
    # What stands before the class, as ``votes_``, is the same in all.
    parts = [re.fullmatch(r"(?:(.*?)[_\-. ])?(.*)", name) for name in names]
    same = len({part[1] for part in parts if part}) == 1
    own = [
        plain_text(part[2] if part and same else name)
        for part, name in zip(parts, names, strict=True)
    ]
    own = [name.casefold() for name in own]
    wanted = [plain_text(name).casefold() for name in classes or ()]
    if set(own) != set(wanted) or len(set(own)) != len(names):
        return None
    return [own.index(name) for name in wanted]


def _tallied(
    source: TableSource,
    names: Sequence[str],
    tables: Tables,
    classes: Sequence[str] | None,
    size: int,
) -> Floats:
    """Count the labels in the columns of annotators; an empty cell is no vote."""
    votes = np.zeros((len(tables[names[0]]), size))
    known = {*map(plain_text, classes or ()), *map(str, range(size))}
    for name in names:
        column = tables[name]
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            blank = pc.equal(pc.utf8_trim_whitespace(column), "")
            column = pc.if_else(blank, pa.scalar(None, column.type), column)
        given = np.flatnonzero(np.asarray(pc.is_valid(column)))
        if not len(given):
            continue
        index, labels = codes(source, name, column.drop_null())
        numbers = numbers_of(labels, classes or ())
        for label, number in zip(labels, numbers, strict=True):
            if number is None or not 0 <= number < size:
                row = int(given[(index == labels.index(label)).argmax()])
                remedy = (
                    f"The classes are {', '.join(classes)}; --classes names them otherwise"
                    if classes
                    else f"Give indices from 0 to {size - 1}, or name the classes with --classes"
                )
                if len(set(re.findall(r"\w+", label)) & known) > 1 or label.startswith("["):
                    remedy = "Give each annotator a column of labels, or counts with --votes"
                raise DataError(
                    f"unknown label {label!r}",
                    where=f"{source.name}: column '{name}', {source.locate(row)}",
                    remedy=remedy,
                )
        votes[given, np.array(numbers, dtype=np.intp)[index]] += 1
    return votes


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
