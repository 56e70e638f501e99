"""Ids that should differ from row to row, and do not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.predictions.external.categorical import codes
from crosscal.predictions.external.sources.table_source import TableSource


def repeated_rows(
    source: TableSource,
    name: str | None,
    tables: Mapping[str, pa.ChunkedArray],
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
