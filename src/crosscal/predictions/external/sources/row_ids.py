"""Which row of a labels file belongs to which row of the scores, by the ids that both have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import codes
from crosscal.predictions.external.columns import GROUPS, IDS, LABELS, PREDICTED, is_named, listed
from crosscal.predictions.external.sources.table_source import TableSource

Places = NDArray[np.intp]
Keys = Sequence[tuple[str, ...]]
NAMELESS = ("", "unnamed: 0", "__index_level_0__")
"""What an index of pandas is called in a file."""


def places_of_rows(
    source: TableSource, labels: TableSource, column: str
) -> tuple[str, Places] | None:
    """Return the ids and the labels' row of each row of the scores; None: by position.

    Ids of one name have to be the same. Ids of two names, an index and texts tell the order only
    where they are the same.
    """
    common = [n for n in source.columns if n in labels.columns and n != column]
    common = [n for n in common if {source.columns[n], labels.columns[n]} <= {"number", "text"}]
    ids = [name for name in common if is_named(name, IDS)]
    found = {}
    for name in ids:
        places = _demanded(source, labels, name, [n for n in common if is_named(n, GROUPS)])
        if places is not None:
            found[name] = places
    if ids:
        return _only(found, labels)
    others = [(n, n) for n in common if n.lower() in NAMELESS]
    both = [
        [n for n, kind in s.columns.items() if is_named(n, IDS) and kind in ("number", "text")]
        for s in (source, labels)
    ]
    if len(both[0]) == len(both[1]) == 1 and both[1][0] != column:
        others.insert(0, (both[0][0], both[1][0]))
    others += [
        (n, n)
        for n in common
        if source.columns[n] == labels.columns[n] == "text"
        and not is_named(n, (*LABELS, *PREDICTED))
        and n.lower() not in NAMELESS
    ]
    for own, other in others:
        keys, wanted = _keys(source, [own]), _keys(labels, [other])
        if keys and wanted and set(keys) == set(wanted) and len(keys) == len(wanted):
            if len(set(keys)) == len(keys):
                return own or "the index", _places(keys, wanted)
            if keys != wanted and Counter(keys) == Counter(wanted):
                raise DataError(
                    f"'{other}' holds the same values as in {source.name}, in another order, so "
                    "the labels are not in the order of the rows",
                    where=labels.name,
                    remedy="Give both files a column 'id', or the labels in the order of the rows",
                )
    return None


def _demanded(
    source: TableSource, labels: TableSource, name: str, groups: Sequence[str]
) -> Places | None:
    """Match ids, or ids and groups where ids repeat; None where they repeat, but in one order."""
    tried = [[name], [name, *groups]] if groups else [[name]]
    for columns in tried:
        keys, wanted = (
            _keys(source, columns, all_there=True),
            _keys(labels, columns, all_there=True),
        )
        if len(set(keys)) == len(keys) and len(set(wanted)) == len(wanted):
            _demand_same(source, labels, columns, keys, wanted)
            return _places(keys, wanted)
    if keys == wanted:
        return None
    for table, each in ((source, keys), (labels, wanted)):
        key, times = Counter(each).most_common(1)[0]
        if times > 1:
            raise DataError(
                f"{listed(columns)} holds {_shown(key)} {times} times, so the labels of "
                f"{labels.name} cannot be matched by it",
                where=table.name,
                remedy=f"Give each row an id of its own; or take '{name}' out of {labels.name} if "
                "its rows are in the order of the predictions",
            )
    return None


def _demand_same(
    source: TableSource, labels: TableSource, columns: Sequence[str], keys: Keys, wanted: Keys
) -> None:
    for table, each, other, there in (
        (labels, keys, source, set(wanted)),
        (source, wanted, labels, set(keys)),
    ):
        missing = [key for key in each if key not in there]
        if missing:
            fitting = (
                f"Give a label for each row of {source.name}"
                if table is labels
                else f"Keep those labels of {labels.name} that have a prediction"
            )
            raise DataError(
                f"{len(missing):,} of the {len(each):,} values of {listed(columns)} in "
                f"{other.name} are not there, the first is {_shown(missing[0])}",
                where=table.name,
                remedy=f"{fitting}; or take '{columns[0]}' out of {labels.name} if its rows are in "
                "the order of the predictions",
            )


def _only(found: dict[str, Places], labels: TableSource) -> tuple[str, Places] | None:
    if not found:
        return None
    (first, places), *rest = found.items()
    for name, other in rest:
        if (other != places).any():
            raise DataError(
                f"by '{first}' the labels have another order than by '{name}'",
                where=labels.name,
                remedy="Take out the one that is no id",
            )
    return first, places


def _keys(
    source: TableSource, columns: Sequence[str], *, all_there: bool = False
) -> list[tuple[str, ...]]:
    """Return what identifies each row; nothing where some have none, or an error if wanted."""
    parts = []
    for name in columns:
        column = pa.chunked_array([batch.column(0) for batch, _ in source.batches([], [name])])
        try:
            numbers, words = codes(source, name, column)
        except DataError:
            if all_there:
                raise
            return []
        parts.append([words[i] for i in numbers.tolist()])
    return list(zip(*parts, strict=True))


def _places(keys: Keys, wanted: Keys) -> Places:
    at = {key: i for i, key in enumerate(wanted)}
    return np.array([at[key] for key in keys], dtype=np.intp)


def _shown(key: tuple[str, ...]) -> str:
    return listed([part[:40] for part in key])
