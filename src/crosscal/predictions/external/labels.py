"""The labels of anyone's file as indices of classes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import codes
from crosscal.predictions.external.columns import ColumnMapping
from crosscal.predictions.external.sources import TableSource

_TRUTH = {"true": 1, "false": 0}
_WHOLE = re.compile(r"([+-]?\d+)\.0+")


def gold_of(
    source: TableSource,
    columns: ColumnMapping,
    column: pa.ChunkedArray,
    classes: tuple[str, ...] | None,
    values: NDArray[Any],
    own_number: NDArray[np.int64] | None,
    *,
    absent: bool,
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return the index of each row's right class, and notes.

    Labels are names where the classes have names and all labels are among them, else indices from 0
    in the order of the scores. `absent` allows -1, the right choice not being among them.
    """
    size = 2 if columns.layout == "confidence" else values.shape[1]
    if classes is not None and columns.layout != "confidence" and len(classes) != size:
        raise DataError(
            f"{len(classes)} names of classes ({', '.join(classes)}) for {size} scores",
            where=str(source.path),
            remedy="Give --classes one name for each score, in their order",
        )
    indices, dictionary = codes(source, columns.labels, column)
    labels = [_plain(value) for value in dictionary.to_pylist()]
    number = {_plain(name): i for i, name in enumerate(classes or ())}
    if set(number) == {"0", "1"}:
        number |= {"false": number["0"], "true": number["1"]}
    by_name = bool(number) and columns.layout != "confidence"
    if by_name and not all(label in number for label in labels):
        # Names that are not known are faults, unless all labels are indices.
        by_name = any(_index(label) is None for label in labels)
    if by_name:
        table = [number.get(label) for label in labels]
    else:
        table = [_index(label) for label in labels]
    low = -1 if absent else 0
    for number_of, index in enumerate(table):
        if index is None or not low <= index < size:
            raise _fault(source, columns, labels[number_of], indices == number_of, classes, size)
    gold = np.array(table, dtype=np.int32)[indices]
    # For ragged rows a label may be in range of the longest row only.
    if values.ndim == 2:
        at = np.maximum(gold, 0)
        missing = np.isneginf(values[np.arange(len(gold)), at])
        if own_number is not None:
            missing |= gold >= own_number
        if missing.any():
            row = int(missing.argmax())
            raise DataError(
                f"label {gold[row]}, but this row has no such choice",
                where=f"{source.path}: column '{columns.labels}', {source.locate(row)}",
                remedy="Give the index, from 0, of one of the row's own choices; leave out rows "
                "without a right one",
            )
    if classes and columns.layout != "confidence" and not by_name:
        return gold, ("labels: indices of the classes " + ", ".join(classes),)
    return gold, ()


def _plain(value: object) -> str:
    """Write a label as text: 1.0 as 1, True as true, whether stored as such or as text."""
    text = str(value).strip()
    if text.lower() in _TRUTH:
        return text.lower()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _index(label: str) -> int | None:
    if label.lower() in _TRUTH:
        return _TRUTH[label.lower()]
    try:
        number = float(label)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _fault(
    source: TableSource,
    columns: ColumnMapping,
    label: str,
    rows: NDArray[np.bool_],
    classes: tuple[str, ...] | None,
    size: int,
) -> DataError:
    where = f"{source.path}: column '{columns.labels}', {source.locate(int(rows.argmax()))}"
    if columns.layout == "confidence":
        what, remedy = f"{label!r} says neither right nor wrong", "Give 0 or 1, false or true"
    elif _index(label) is not None:
        what = f"label {label} with {size} classes"
        remedy = f"Give the index of the right class, 0 to {size - 1}; leave out rows without one"
    elif classes is not None:
        what = f"unknown label {label!r}"
        remedy = f"The classes are {', '.join(classes)}; --classes names them otherwise"
    else:
        what = f"the label is the name {label!r}, but the scores have no names"
        remedy = "Name the classes in the order of the scores, as --classes no,yes"
    return DataError(what, where=where, remedy=remedy)
