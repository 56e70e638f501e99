"""The scores of anyone's file as one array, and whether they are probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import demand_present
from crosscal.predictions.external.columns import ColumnMapping, ValueKind
from crosscal.predictions.external.sources import TableSource

Values = NDArray[Any]

_BLOCK = 1_000_000
_EXACT = 1e-6
_PERCENT = 1.0


def settle_values(
    source: TableSource, columns: ColumnMapping, parts: list[pa.ChunkedArray]
) -> tuple[Values, ValueKind, tuple[str, ...], NDArray[np.int64] | None]:
    """Return the scores as an array, their kind, notes, and how many choices each row has.

    The columns are taken off `parts` one by one. The last is None where all rows have k choices; of
    confidences the array is (n,), else (n, k).
    """
    own_number = None
    if columns.layout == "list":
        values, own_number = _from_lists(source, columns.values[0], parts.pop())
    else:
        values = _from_columns(source, columns.values, parts)
    _demand_numbers(source, columns, values, minus=columns.layout in ("list", "classes"))
    if columns.layout in ("confidence", "positive"):
        _demand_unit(source, columns, values)
        if columns.layout == "confidence":
            return values[:, 0], "confidence", (), None
        return np.hstack([1 - values, values]), "probabilities", (), None
    value_kind, why = _kind(source, columns, values)
    notes = [why]
    if value_kind == "probabilities" and _normalise(values):
        notes.append("normalised, since they were rounded")
    if own_number is not None:
        notes.append(f"rows have up to {values.shape[1]} choices of their own")
    return values, value_kind, tuple(notes), own_number


def _floats(array: pa.Array | pa.ChunkedArray) -> Values:
    """Return numbers as float32 if that is how they are stored, else as float64."""
    narrow = pa.types.is_float32(array.type) or pa.types.is_float16(array.type)
    return np.asarray(array).astype(np.float32 if narrow else np.float64)


def _from_columns(
    source: TableSource, names: Sequence[str], parts: list[pa.ChunkedArray]
) -> Values:
    kind = np.result_type(*(_floats(part.slice(0, 0)).dtype for part in parts))
    values = np.empty((len(parts[0]), len(names)), dtype=kind)
    for at, name in enumerate(names):
        part = parts.pop(0)
        demand_present(source, name, part)
        values[:, at] = _floats(part)
    return values


def _from_lists(
    source: TableSource, name: str, column: pa.ChunkedArray
) -> tuple[Values, NDArray[np.int64] | None]:
    """Return scores of a list column, and how many each row has if they differ."""
    demand_present(source, name, column)
    counts = np.concatenate([np.asarray(pc.list_value_length(c)) for c in column.chunks])
    width = int(counts.max())
    if int(counts.min()) < 2:
        row = int(counts.argmin())
        raise DataError(
            f"{counts[row]} scores, at least 2 are needed",
            where=f"{source.path}: column '{name}', {source.locate(row)}",
            remedy="Give a score for each choice",
        )
    ragged = int(counts.min()) != width
    narrow = pa.types.is_float32(column.type.value_type)
    values = np.full(
        (len(counts), width), -np.inf if ragged else 0, dtype=np.float32 if narrow else np.float64
    )
    start = 0
    for chunk in column.chunks:
        flat = pc.list_flatten(chunk)
        numbers = np.asarray(flat.cast(pa.float64()) if flat.null_count else flat)
        rows = values[start : start + len(chunk)]
        if ragged:
            rows[np.arange(width) < counts[start : start + len(chunk), None]] = numbers
        else:
            rows[:] = numbers.reshape(-1, width)
        start += len(chunk)
    return values, counts.astype(np.int64) if ragged else None


def _demand_numbers(
    source: TableSource, columns: ColumnMapping, values: Values, *, minus: bool
) -> None:
    """Refuse NaN and infinity; minus infinity is no such choice, if two others are there."""
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        finite = np.isfinite(block)
        if finite.all():
            continue
        bad = ~finite & ~(np.isneginf(block) if minus else False)
        few = finite.sum(axis=1) < 2 if minus else np.zeros(len(block), dtype=bool)
        wrong = bad.any(axis=1) | few
        if wrong.any():
            row = int(wrong.argmax())
            at = int(bad[row].argmax()) if bad[row].any() else int((~finite[row]).argmax())
            value = block[row, at]
            shown = "NaN" if np.isnan(value) else f"{value}"
            raise DataError(
                f"the value is {shown}" + ("" if bad[row].any() else ", of fewer than two others"),
                where=_place(source, columns, start + row, at),
                remedy="Give finite numbers; look where in the model it comes from",
            )


def _demand_unit(source: TableSource, columns: ColumnMapping, values: Values) -> None:
    outside = ((values < 0) | (values > 1)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        at = int(((values[row] < 0) | (values[row] > 1)).argmax())
        raise DataError(
            f"the value is {values[row, at]:.6g}, which is no probability",
            where=_place(source, columns, row, at),
            remedy="Give numbers from 0 to 1, or name the columns with --scores if they are logits",
        )


def _kind(source: TableSource, columns: ColumnMapping, values: Values) -> tuple[ValueKind, str]:
    """Say whether values are probabilities; demand it where their name or the user says so."""
    unit, sums = _looks(values)
    off = np.abs(sums - 1) > _tolerance(values.shape[1])
    if columns.value_kind == "probabilities":
        _replace_absent(values)
        _demand_unit(source, columns, values)
        if off.any():
            raise _off(source, columns, sums, off)
        return "probabilities", "values: probabilities (in [0, 1], rows sum to one)"
    if columns.value_kind == "scores":
        if unit and not off.any():
            return "scores", (
                "values: logits as named, though they look like probabilities; if they are, name "
                "them with --probabilities"
            )
        return "scores", "values: logits (named)"
    if unit and not off.any():
        _replace_absent(values)
        return "probabilities", "values look like probabilities (in [0, 1], rows sum to one)"
    if unit and off.mean() < 0.5:
        raise _off(source, columns, sums, off)
    if (np.abs(sums - 100) <= _PERCENT).all() and not ((values < 0) & np.isfinite(values)).any():
        raise DataError(
            "rows sum to 100; these look like probabilities in per cent",
            where=_place(source, columns, 0, None),
            remedy="Divide them by 100, or name the columns with --scores if they are logits",
        )
    why = "rows do not sum to one" if unit else "not all are in [0, 1]"
    return "scores", f"values look like logits ({why})"


def _looks(values: Values) -> tuple[bool, NDArray[np.float64]]:
    """Return whether all values are in [0, 1], and the rows' sums."""
    sums, unit = np.empty(len(values)), True
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        absent = np.isneginf(block)
        if absent.any():
            block = np.where(absent, 0, block)
        unit = unit and bool(block.min() >= 0) and bool(block.max() <= 1)
        sums[start : start + _BLOCK] = block.sum(axis=1, dtype=np.float64)
    return unit, sums


def _tolerance(classes: int) -> float:
    """Return how far probabilities written with three decimals may be from a sum of one."""
    return min(0.01, max(1e-3, classes * 5e-4)) + 1e-9


def _off(
    source: TableSource, columns: ColumnMapping, sums: NDArray[np.float64], off: NDArray[np.bool_]
) -> DataError:
    row = int(off.argmax())
    return DataError(
        f"probabilities sum to {sums[row]:.6g}, not 1",
        where=_place(source, columns, row, None),
        remedy="Normalise them, or name the columns with --scores if they are logits",
    )


def _replace_absent(values: Values) -> None:
    """Give a choice that is not there the probability 0."""
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        block[np.isneginf(block)] = 0


def _normalise(values: Values) -> bool:
    """Divide rows by their sums, in place; return whether any was off by rounding."""
    rounded = False
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        sums = block.sum(axis=1, dtype=np.float64)
        if (np.abs(sums - 1) > _EXACT).any():
            rounded = True
            block /= sums[:, None].astype(block.dtype)
    return rounded


def _place(source: TableSource, columns: ColumnMapping, row: int, at: int | None) -> str:
    if len(columns.values) == 1:
        name = f"column '{columns.values[0]}'"
    elif at is None:
        name = f"columns '{columns.values[0]}' to '{columns.values[-1]}'"
    else:
        name = f"column '{columns.values[at]}'"
    return f"{source.path}: {name}, {source.locate(row)}"
