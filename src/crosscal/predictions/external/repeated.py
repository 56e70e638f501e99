"""Ids that should differ from row to row, and do not; several sets of predictions in one table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import Coded, Tables, coded, codes
from crosscal.predictions.external.columns import RUNS, ColumnMapping, is_named
from crosscal.predictions.external.first_rows import MOSTLY
from crosscal.predictions.external.sources.table_source import TableSource

# Rows of a value, on average, from which on its column says more than an id does.
_ROWS_EACH = 4
# More values than these are items or prompts rather than models.
_MOST_VALUES = 20


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

    Named clusters are an answer, and a named group is one for what it tells apart.
    """
    found: dict[str, Coded] = {}
    for name in columns.factors:
        factor = coded(source, name, tables)
        if factor is None or not 2 <= len(factor[1]) <= _MOST_VALUES:
            continue
        numbers, words = factor
        if len(numbers) < _ROWS_EACH * len(words):
            continue
        if group is not None:
            together = np.unique(group.astype(np.int64) * len(words) + numbers) // len(words)
            if len(np.unique(together)) == len(together):
                continue
        found[name] = factor
    runs = [name for name in found if is_named(name, RUNS)]
    ids = coded(source, columns.id, tables) if runs else None
    if ids and (size := _crossed(ids[0], [found[name] for name in runs], group)):
        _ask_for_clusters(source, str(columns.id), {n: found[n][1] for n in runs}, size, group)
    return tuple(
        f"column '{name}' has {len(words)} values ({_shown(words)}), measured together; --group "
        f"{name} measures each"
        for name, (_, words) in found.items()
    )


def _ask_for_clusters(
    source: TableSource,
    name: str,
    runs: Mapping[str, list[str]],
    size: int,
    group: NDArray[np.int32] | None,
) -> None:
    """Refuse to count several predictions of an item as independent."""
    first, words = next(iter(runs.items()))
    what = f"values of '{first}' ({_shown(words)})"
    if len(runs) > 1:
        what = "combinations of " + " and ".join(f"'{each}'" for each in runs)
    compare = f"--group {first} --cluster {name} to compare these, or " if group is None else ""
    raise DataError(
        f"there are several predictions for each '{name}', one for each of the {size} {what}",
        where=source.name,
        remedy=f"Give {compare}--cluster {name}{' alone' if compare else ''} to measure them "
        "together",
    )


def _shown(words: list[str]) -> str:
    more = f" and {len(words) - 4} more" if words[4:] else ""
    return ", ".join(word[:30] for word in words[:4]) + more


def _crossed(ids: NDArray[np.int64], factors: list[Coded], group: NDArray[np.int32] | None) -> int:
    """Return of how many combinations nearly every id of a group has each once; 0 if it has not."""
    if group is not None:
        ids = np.unique(ids * (int(group.max()) + 1) + group, return_inverse=True)[1]
    combined = np.zeros(len(ids), dtype=np.int64)
    for numbers, words in factors:
        combined = np.unique(combined * len(words) + numbers, return_inverse=True)[1]
    size = int(combined.max()) + 1
    pairs = np.unique(ids * size + combined)
    whole = float((np.bincount(ids) == size).mean()) >= MOSTLY
    return size if len(pairs) == len(ids) and whole else 0
