"""Ids that should differ from row to row, and do not; several sets of predictions in one table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import coded, codes
from crosscal.predictions.external.columns import RUNS, ColumnMapping, is_named
from crosscal.predictions.external.first_rows import MOSTLY
from crosscal.predictions.external.sources.table_source import TableSource

Tables = Mapping[str, pa.ChunkedArray]
# Rows of a value, on average, from which on its column says more than an id does.
_ROWS_EACH = 4


def repeated_rows(
    source: TableSource,
    name: str | None,
    tables: Tables,
    group: NDArray[np.int32] | None,
    groups: tuple[str, ...],
) -> tuple[str, ...]:
    """Warn of an id that occurs twice in one group; without a group, in the file."""
    if name is None or tables[name].null_count:
        return ()
    numbers, ids = codes(source, name, tables[name])
    whole = numbers if group is None else group.astype(np.int64) * len(ids) + numbers
    _, first, counts = np.unique(whole, return_index=True, return_counts=True)
    if counts.max() == 1:
        return ()
    at = int(first[counts.argmax()])
    within = "" if group is None else f" of group {groups[group[at]]}"
    rows = int(counts[counts > 1].sum())
    return (
        f"{rows:,} rows{within and ' of one group'} share their '{name}' with others (as "
        f"{ids[numbers[at]]}, {counts.max()} times{within}), and count as independent: if they "
        f"are of one item give --cluster {name}, if they were written twice take them out",
    )


def pooled_runs(
    source: TableSource, columns: ColumnMapping, tables: Tables, group: NDArray[np.int32] | None
) -> tuple[str, ...]:
    """Warn of models, seeds, splits, ... that are measured together; ask where items are the same.

    Named groups or clusters are an answer: nothing is asked then.
    """
    notes = []
    for name in columns.factors:
        factor = coded(source, name, tables)
        if factor is None or len(factor[1]) < 2 or len(factor[0]) < _ROWS_EACH * len(factor[1]):
            continue
        numbers, words = factor
        if group is not None:
            together = np.unique(group.astype(np.int64) * len(words) + numbers) // len(words)
            if len(np.unique(together)) == len(together):
                continue
        shown = ", ".join(word[:30] for word in words[:4])
        shown += f" and {len(words) - 4} more" if words[4:] else ""
        ids = coded(source, columns.id, tables)
        if group is None and is_named(name, RUNS) and ids and _crossed(ids[0], numbers, len(words)):
            raise DataError(
                f"there are several predictions for each '{columns.id}', one for each of the "
                f"{len(words)} values of '{name}' ({shown})",
                where=source.name,
                remedy=f"Give --group {name} --cluster {columns.id} to compare these, or --cluster "
                f"{columns.id} alone to measure them together",
            )
        notes.append(
            f"column '{name}' has {len(words)} values ({shown}), measured together; --group "
            f"{name} measures each"
        )
    return tuple(notes)


def _crossed(ids: NDArray[np.int64], factor: NDArray[np.int64], size: int) -> bool:
    """Whether nearly every id occurs with each value, and once with each."""
    counts = np.bincount(ids)
    pairs = np.unique(ids * size + factor)
    return len(pairs) == len(ids) and float((counts == size).mean()) >= MOSTLY
