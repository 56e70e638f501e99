"""What a prediction table must fulfil before anything is computed from it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crosscal.exceptions import DataError

COLUMNS: dict[str, pa.DataType] = {
    "unit_id": pa.string(),
    "cluster_id": pa.string(),
    "language": pa.string(),
    "split": pa.string(),
    "scores": pa.list_(pa.float32()),
    "gold": pa.int32(),
}
TEXT = ("unit_id", "cluster_id", "language", "split")
ORDER = ("split", "language", "unit_id")


def validate(
    table: pa.Table,
    choices: tuple[str, ...] | None,
    *,
    parallel: bool | str = False,
    where: str = "predictions",
) -> None:
    """Check a table; return None or raise DataError at the first fault.

    Parameters
    ----------
    table : pyarrow.Table
    choices : tuple of str or None
        The choices common to all units, None if each unit has its own.
    parallel : bool or str
        Also demand that every language of a split has the same units in the same clusters; a string
        demands it of that split alone.
    where : str
        The file or object named in errors; rows are counted from 0 there.
    """
    _check_columns(table, where)
    if table.num_rows == 0:
        raise DataError("no rows", where=where, remedy="predict at least one unit")
    _check_present(table, where)
    _check_scores(table, choices, where)
    _check_order(table, where)
    if parallel:
        _check_parallel(table, None if parallel is True else str(parallel), where)


def _fail(what: str, where: str, column: str, row: int | None, remedy: str) -> DataError:
    location = f"{where}: column {column!r}" + ("" if row is None else f", row {row}")
    return DataError(what, where=location, remedy=remedy)


def _first(mask: pa.ChunkedArray | pa.Array | np.ndarray) -> int | None:
    """Return the index of the first true element, or None."""
    array = np.asarray(mask)
    return int(array.argmax()) if array.any() else None


def _check_columns(table: pa.Table, where: str) -> None:
    names = table.column_names
    for name, kind in COLUMNS.items():
        if names.count(name) != 1:
            problem = "missing" if name not in names else "there twice"
            raise _fail(f"column is {problem}", where, name, None, f"give one column of {kind}")
        actual = table.schema.field(name).type
        same = actual == kind or (
            pa.types.is_list(actual)
            and pa.types.is_list(kind)
            and actual.value_type == pa.float32()
        )
        if not same:
            raise _fail(f"type is {actual}, not {kind}", where, name, None, f"cast it to {kind}")


def _check_present(table: pa.Table, where: str) -> None:
    for name in COLUMNS:
        column = table[name]
        if column.null_count:
            row = _first(pc.is_null(column))
            raise _fail("value is missing", where, name, row, "fill it in or drop the unit")
    for name in TEXT:
        row = _first(pc.equal(table[name], ""))
        if row is not None:
            raise _fail("text is empty", where, name, row, "give every row a non-empty value")


def _check_scores(table: pa.Table, choices: tuple[str, ...] | None, where: str) -> None:
    column = table["scores"]
    counts = np.asarray(pc.list_value_length(column))
    if choices is not None:
        row = _first(counts != len(choices))
        what = f"{counts[row]} scores for {len(choices)} choices" if row is not None else ""
    else:
        row = _first(counts < 2)
        what = f"{counts[row]} scores, at least 2 are needed" if row is not None else ""
    if row is not None:
        raise _fail(what, where, "scores", row, "give one score for each choice")
    flat = pc.list_flatten(column)
    values = flat.to_numpy(zero_copy_only=False) if isinstance(flat, pa.Array) else flat.to_numpy()
    bad = _first(~np.isfinite(values)) if flat.null_count == 0 else _first(pc.is_null(flat))
    if bad is not None:
        row = int(np.searchsorted(np.cumsum(counts), bad, side="right"))
        raise _fail(
            f"score is {flat[bad].as_py()}", where, "scores", row, "scores must be finite numbers"
        )
    gold = np.asarray(table["gold"])
    row = _first((gold < -1) | (gold >= counts))
    if row is not None:
        raise _fail(
            f"gold is {gold[row]} with {counts[row]} choices",
            where,
            "gold",
            row,
            f"it must be -1 (not among the choices) to {counts[row] - 1}",
        )


def _check_order(table: pa.Table, where: str) -> None:
    """Demand rows strictly increasing in ORDER; UTF-8 bytes sort as code points do."""
    size = table.num_rows - 1
    increasing = np.zeros(size, dtype=bool)
    tied = np.ones(size, dtype=bool)
    for name in ORDER:
        before, after = table[name].slice(0, size), table[name].slice(1)
        increasing |= tied & np.asarray(pc.less(before, after))
        tied &= np.asarray(pc.equal(before, after))
    row = _first(tied)
    if row is not None:
        values = ", ".join(str(table[name][row + 1]) for name in ORDER)
        raise _fail(
            f"unit is there twice ({values})", where, "unit_id", row + 1, "make unit ids unique"
        )
    row = _first(~increasing)
    if row is not None:
        raise _fail(
            "rows are not sorted by split, language and unit_id",
            where,
            "unit_id",
            row + 1,
            "sort them by code point, or use Predictions.from_arrays, which does",
        )


def _check_parallel(table: pa.Table, only: str | None, where: str) -> None:
    # Rows are sorted, so that each (split, language) is one stretch of sorted units.
    splits, languages = (table[name].to_numpy() for name in ("split", "language"))
    change = (splits[1:] != splits[:-1]) | (languages[1:] != languages[:-1])
    starts = np.concatenate([[0], np.flatnonzero(change) + 1])
    ends = np.append(starts[1:], table.num_rows)
    first: dict[str, tuple[int, int]] = {}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        split = splits[start]
        if only is not None and split != only:
            continue
        begin, size = first.setdefault(split, (start, end - start))
        for name in ("unit_id", "cluster_id"):
            ours, theirs = table[name].slice(start, end - start), table[name].slice(begin, size)
            if ours.equals(theirs):
                continue
            raise _fail(
                f"{languages[start]} and {languages[begin]} differ in split {split!r} "
                f"({end - start} and {size} rows)",
                where,
                name,
                start,
                "give every language of the split the same units in the same clusters",
            )
