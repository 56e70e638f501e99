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
from crosscal.predictions.external.first_rows import tolerance
from crosscal.predictions.external.score_scale import other_unit
from crosscal.predictions.external.sources.table_source import TableSource

Values = NDArray[Any]

_BLOCK = 1_000_000
_EXACT = 1e-6
_PERCENT = 1.0
# Share of rows that do not sum to one beyond which they are no faults of a few rows.
_MANY = 0.5


def settle_values(
    source: TableSource, columns: ColumnMapping, parts: list[pa.ChunkedArray]
) -> tuple[Values, ValueKind, tuple[str, ...], NDArray[np.int64] | None]:
    """Return the scores as an array, their kind, notes, and how many choices each row has.

    The columns are taken off `parts` one by one. The last is None where all rows have k choices; of
    confidences the array is (n,), else (n, k).
    """
    own_number = None
    if pa.types.is_nested(parts[0].type):
        least = 1 if columns.layout in ("positive", "logit") else 2
        values, own_number = values_from_lists(source, columns.values[0], parts.pop(), least)
    else:
        values = values_from_columns(source, columns.values, parts)
    _demand_numbers(source, columns, values, minus=columns.layout in ("list", "classes"))
    if columns.layout == "logit":
        note = "values: logits of the positive class (the other has 0)"
        return np.hstack([np.zeros_like(values), values]), "scores", (note,), None
    if columns.layout in ("confidence", "positive", "highest"):
        _demand_unit(source, columns, values)
        np.clip(values, 0, 1, out=values)
        if columns.layout == "confidence":
            return values[:, 0], "confidence", (), None
        if columns.layout == "highest":
            return values, "confidence", (), own_number
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


def values_from_columns(
    source: TableSource, names: Sequence[str], parts: list[pa.ChunkedArray]
) -> Values:
    """Return numbers of columns side by side; the columns are taken off `parts` one by one."""
    kind = np.result_type(*(_floats(part.slice(0, 0)).dtype for part in parts))
    values = np.empty((len(parts[0]), len(names)), dtype=kind)
    for at, name in enumerate(names):
        part = parts.pop(0)
        demand_present(source, name, part)
        values[:, at] = _floats(part)
    return values


def values_from_lists(
    source: TableSource, name: str, column: pa.ChunkedArray, least: int
) -> tuple[Values, NDArray[np.int64] | None]:
    """Return scores of a list column, and how many each row has if they differ."""
    demand_present(source, name, column)
    counts = np.concatenate([np.asarray(pc.list_value_length(c)) for c in column.chunks])
    width = int(counts.max())
    if int(counts.min()) < least:
        row = int(counts.argmin())
        raise DataError(
            f"{counts[row]} scores, at least {least} are needed",
            where=f"{source.name}: column '{name}', {source.locate(row)}",
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
    slack = tolerance(values.shape[1])
    outside = ((values < -slack) | (values > 1 + slack)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        at = int(((values[row] < -slack) | (values[row] > 1 + slack)).argmax())
        remedy = "Give numbers from 0 to 1, or name the columns with --scores if they are logits"
        if values.min() >= 0 and 2 < values.max() <= 100 + _PERCENT:
            remedy = "If they are per cent, divide them by 100; if logits, give --scores"
        raise DataError(
            f"the value is {_exact(values[row, at])}, which is no probability",
            where=_place(source, columns, row, at),
            remedy=remedy,
        )


def _exact(value: Any) -> str:
    """Write a number with all the digits that it has."""
    return str(value.item()) if value.dtype == np.float64 else str(value)


def _kind(source: TableSource, columns: ColumnMapping, values: Values) -> tuple[ValueKind, str]:
    """Say whether values are probabilities; demand it where their name or the user says so."""
    unit, sums = _looks(values)
    off = np.abs(sums - 1) > tolerance(values.shape[1])
    if columns.value_kind == "scores":
        if unit and not off.any():
            return "scores", (
                "values: logits as named, though they look like probabilities; if they are, name "
                "them with --probabilities"
            )
        doubt = other_unit(values)
        return "scores", f"values: logits (named{f', though {doubt[0]}' if doubt else ''})"
    stated = columns.value_kind == "probabilities"
    if stated:
        _replace_absent(values)
        _demand_unit(source, columns, values)
    if unit and not off.any():
        _replace_absent(values)
        if stated:
            return "probabilities", "values: probabilities (in [0, 1], rows sum to one)"
        return "probabilities", "values look like probabilities (in [0, 1], rows sum to one)"
    if unit or stated:
        raise _off(source, columns, sums, off)
    other = other_unit(values)
    if other:
        why, remedy = other
        raise DataError(
            f"{why}, not logits",
            where=_place(source, columns, 0, None),
            remedy=f"{remedy}, or name the columns with --scores if they are logits",
        )
    slack = tolerance(values.shape[1])
    inside = ((values >= -slack) & (values <= 1 + slack)).all(axis=1)
    if float((inside & ~off).mean()) > _MANY:
        _demand_unit(source, columns, values)
    return "scores", "values look like logits (not all are in [0, 1])"


def _looks(values: Values) -> tuple[bool, NDArray[np.float64]]:
    """Return whether all values are in [0, 1], but for rounding, and the rows' sums."""
    sums, unit = np.empty(len(values)), True
    slack = tolerance(values.shape[1])
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        absent = np.isneginf(block)
        if absent.any():
            block = np.where(absent, 0, block)
        unit = unit and bool(block.min() >= -slack) and bool(block.max() <= 1 + slack)
        sums[start : start + _BLOCK] = block.sum(axis=1, dtype=np.float64)
    return unit, sums


def _off(
    source: TableSource, columns: ColumnMapping, sums: NDArray[np.float64], off: NDArray[np.bool_]
) -> DataError:
    row, names = int(off.argmax()), ",".join(columns.values)
    if off.mean() <= _MANY:
        return DataError(
            f"probabilities sum to {float(sums[row])}, not 1",
            where=_place(source, columns, row, None),
            remedy="Normalise them, or name the columns with --scores if they are logits",
        )
    return DataError(
        f"values are in [0, 1], but {int(off.sum()):,} of {len(off):,} rows do not sum to one, as "
        f"this one, {float(sums[row])}: they can be probabilities of independent sigmoids, of "
        "which several may be high, or logits",
        where=_place(source, columns, row, None),
        remedy=f"For sigmoids give --confidence '{names}': the highest is the confidence of the "
        f"chosen class; for logits give --scores '{names}'",
    )


def _replace_absent(values: Values) -> None:
    """Give a choice that is not there the probability 0."""
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        block[np.isneginf(block)] = 0


def _normalise(values: Values) -> bool:
    """Divide rows by their sums, in place; return whether any row or value was off by rounding."""
    rounded = False
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        sums = block.sum(axis=1, dtype=np.float64)
        if (np.abs(sums - 1) > _EXACT).any() or block.min() < 0 or block.max() > 1:
            rounded = True
            np.clip(block, 0, 1, out=block)
            sums = block.sum(axis=1, dtype=np.float64)
            block /= sums[:, None].astype(block.dtype)
    return rounded


def _place(source: TableSource, columns: ColumnMapping, row: int, at: int | None) -> str:
    if len(columns.values) == 1:
        name = f"column '{columns.values[0]}'"
    elif at is None:
        name = f"columns '{columns.values[0]}' to '{columns.values[-1]}'"
    else:
        name = f"column '{columns.values[at]}'"
    return f"{source.name}: {name}, {source.locate(row)}"
