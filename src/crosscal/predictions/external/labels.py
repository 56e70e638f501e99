"""The labels of anyone's file as indices of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.categorical import codes
from crosscal.predictions.external.columns import ColumnMapping
from crosscal.predictions.external.plain_text import TRUTHS, index_of, plain_text, unnumbered
from crosscal.predictions.external.sources.table_source import TableSource

Gold = NDArray[np.int32]
Notes = tuple[str, ...]

# Standard errors by which one reading of numbers must beat another to be believed.
_CLEAR = 4.0


def gold_of(
    source: TableSource,
    columns: ColumnMapping,
    column: pa.ChunkedArray,
    classes: tuple[str, ...] | None,
    values: NDArray[Any],
    own_number: NDArray[np.int64] | None,
    *,
    absent: bool,
) -> tuple[Gold, Notes]:
    """Return the index of each row's right class, and notes.

    Labels are names where the classes have names and all labels are among them, else indices from 0
    in the order of the scores. `absent` allows -1, the right choice not being among them.
    """
    size = 2 if columns.layout == "confidence" else values.shape[1]
    if columns.layout != "confidence":
        demand_names(source, classes, size)
    indices, labels = codes(source, str(columns.labels), column)
    named, folded = _by_name(labels, () if columns.layout == "confidence" else classes or ())
    numbers = [index_of(label) for label in labels]
    low = -1 if absent else 0
    counted = all(i is not None and low <= i < size for i in numbers)
    # Names that are not known are faults, unless all labels are indices.
    by_name = named is not None and (None not in named or not counted)
    table = named if by_name and named is not None else numbers
    for number_of, index in enumerate(table):
        if index is None or not low <= index < size:
            raise _fault(source, columns, labels, number_of, indices == number_of, classes, size)
    gold = np.array(table, dtype=np.int32)[indices]
    if values.ndim == 2:
        _demand_own_choice(source, columns, gold, values, own_number)
    if columns.layout != "confidence" and not absent:
        other = np.array(numbers if by_name else table, dtype=object)
        _demand_one_reading(source, columns, classes, values, gold, labels, by_name, other[indices])
    if by_name and folded:
        return gold, ("labels: names of the classes, in other letters",)
    if classes and columns.layout != "confidence" and not by_name:
        return gold, ("labels: indices of the classes " + ", ".join(classes),)
    return gold, ()


def demand_names(source: TableSource, classes: Sequence[str] | None, size: int) -> None:
    """Refuse names of more or fewer classes than there are scores."""
    if classes is not None and len(classes) != size:
        raise DataError(
            f"{len(classes)} names of classes ({', '.join(classes)}) for {size} scores",
            where=source.name,
            remedy="Give --classes one name for each score, in their order",
        )


def right_of(
    source: TableSource,
    columns: ColumnMapping,
    predicted: pa.ChunkedArray,
    labels: pa.ChunkedArray,
) -> Gold:
    """Return 1 where the chosen label is the right one, else 0."""
    if columns.predicted is None:
        raise ValueError("no column of chosen labels")
    chosen, chosen_names = codes(source, columns.predicted, predicted)
    right, right_names = codes(source, str(columns.labels), labels)
    one, other = (_folded(names) for names in (chosen_names, right_names))
    if not set(one) & set(other):
        one, other = ([unnumbered(name) for name in names] for names in (one, other))
    if not set(one) & set(other):
        numbers = {str(i): name.casefold() for i, name in enumerate(columns.classes or ())}
        one, other = ([numbers.get(name, name) for name in names] for names in (one, other))
    if not _one_vocabulary(one, other):
        raise DataError(
            f"'{columns.predicted}' ({', '.join(chosen_names[:4])}) and '{columns.labels}' "
            f"({', '.join(right_names[:4])}) are not labels of one kind",
            where=source.name,
            remedy="Write both in the same way; --classes says which number is which name",
        )
    found = np.array(one, dtype=object)[chosen] == np.array(other, dtype=object)[right]
    return np.asarray(found, dtype=np.int32)


def _one_vocabulary(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns seem to name the same classes: numbers from 0 and from 1 do not."""
    first, second = set(one), set(other)
    if all(name.isdecimal() for name in first | second):
        lowest = {min(map(int, names), default=0) for names in (first, second)}
        return first == second or (len(lowest) == 1 and (first <= second or second <= first))
    return 2 * len(first & second) >= min(len(first), len(second)) > 0


def numbers_of(labels: Sequence[str], classes: Sequence[str]) -> list[int | None]:
    """Return labels as numbers of the classes: by name where all are names, else as indices."""
    named, _ = _by_name(labels, classes)
    if named is not None and None not in named:
        return named
    indices = [index_of(label) for label in labels]
    return indices if named is None or None not in indices else named


def _folded(names: Sequence[str]) -> list[str]:
    """Return names without case, unless two of them differ in nothing else."""
    folded = [name.casefold() for name in names]
    return folded if len(set(folded)) == len(names) else list(names)


def _by_name(labels: Sequence[str], classes: Sequence[str]) -> tuple[list[int | None] | None, bool]:
    """Return labels as numbers of the classes by name, and whether only case had to be left out."""
    if not classes:
        return None, False
    number = {plain_text(name): i for i, name in enumerate(classes)}
    if set(number) == {"0", "1"}:
        number |= {"false": number["0"], "true": number["1"]}
    exact = [number.get(label) for label in labels]
    if None not in exact:
        return exact, False
    folded = {name.casefold(): i for name, i in number.items()}
    if len(folded) < len(number):
        return exact, False
    return [folded.get(label.casefold()) for label in labels], True


def _demand_own_choice(
    source: TableSource,
    columns: ColumnMapping,
    gold: Gold,
    values: NDArray[Any],
    own_number: NDArray[np.int64] | None,
) -> None:
    """For ragged rows a label may be in range of the longest row only."""
    at = np.maximum(gold, 0)
    missing = np.isneginf(values[np.arange(len(gold)), at])
    if own_number is not None:
        missing |= gold >= own_number
    if missing.any():
        row = int(missing.argmax())
        raise DataError(
            f"label {gold[row]}, but this row has no such choice",
            where=f"{source.name}: column '{columns.labels}', {source.locate(row)}",
            remedy="Give the index, from 0, of one of the row's own choices; leave out rows "
            "without a right one",
        )


def _demand_one_reading(
    source: TableSource,
    columns: ColumnMapping,
    classes: tuple[str, ...] | None,
    values: NDArray[Any],
    gold: Gold,
    labels: Sequence[str],
    by_name: bool,
    numbers: NDArray[Any],
) -> None:
    """Ask where numbers as labels can be read in two ways, and the data do not decide."""
    if columns.classes_named or source.defaults:
        return
    size = values.shape[1]
    names = [plain_text(name) for name in classes or ()]
    from_one = names == [str(i + 1) for i in range(size)]
    from_zero = names == [str(i) for i in range(size)]
    where = f"{source.name}: column '{columns.labels}'"
    counted = [index_of(name) for name in names] == list(range(size)) or from_one
    unnamed = not names or counted or columns.values_named
    if not by_name and not unnamed and not _ordered(values, gold):
        shown = ", ".join(f"{i} is {name}" for i, name in enumerate(classes or ()))
        raise DataError(
            f"labels are numbers, classes have names; that {shown} is not clear from the data",
            where=where,
            remedy=f"Give --classes {','.join(classes or ())} if so, or these in the right order",
        )
    if by_name and not (from_one or from_zero):
        # Labels 0 and 1 of classes -1 to 1: names, or numbers from 0.
        whole = all(name.removeprefix("-").isdecimal() for name in names)
        counted = all(number is not None and 0 <= number < size for number in numbers)
        if not (whole and counted) or (numbers == gold).all():
            return
    low, high = int(gold.min()), int(gold.max())
    if by_name and not from_zero:
        # Labels 1 and 2 of classes 1 to 3: names, or numbers from 0.
        numbers = numbers.astype(np.int64)
        doubtful, other = bool(numbers.max() < size), numbers
    else:
        doubtful, other = low >= 1 and high < size, gold - 1
    if doubtful and not _clearly(values, gold, other.astype(np.int64)):
        raise DataError(
            f"labels are {', '.join(sorted(labels)[:8])}, which can count from 0 or from 1",
            where=where,
            remedy=f"Give --classes {','.join(map(str, range(size)))} or --classes "
            f"{','.join(map(str, range(1, size + 1)))}",
        )


def _clearly(values: NDArray[Any], gold: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether one reading of the labels is right clearly more often than the other."""
    best = values.argmax(axis=1)
    one, two = best == gold, best == other
    parted = int((one != two).sum())
    return bool(int(one.sum()) - int(two.sum()) >= _CLEAR * np.sqrt(max(parted, 1)))


def _ordered(values: NDArray[Any], gold: Gold) -> bool:
    """Whether no two classes could change places without clear loss."""
    best, size = values.argmax(axis=1), values.shape[1]
    centred = values - values.mean(axis=0)
    if size == 2 and (centred[:, 0] * centred[:, 1]).sum() > 0:
        return False  # high together: of two models rather than of two classes
    table = np.zeros((size, size))
    np.add.at(table, (best, gold), 1)
    kept = np.add.outer(np.diag(table), np.diag(table))
    swapped = table + table.T
    apart = kept - swapped >= _CLEAR * np.sqrt(np.maximum(kept + swapped, 1))
    return bool(apart[~np.eye(size, dtype=bool)].all())


def _fault(
    source: TableSource,
    columns: ColumnMapping,
    labels: Sequence[str],
    number_of: int,
    rows: NDArray[np.bool_],
    classes: tuple[str, ...] | None,
    size: int,
) -> DataError:
    label = labels[number_of]
    where = f"{source.name}: column '{columns.labels}', {source.locate(int(rows.argmax()))}"
    numbers = [index_of(each) for each in labels]
    if columns.layout == "confidence":
        what, remedy = f"{label!r} says neither right nor wrong", "Give 0 or 1, false or true"
    elif index_of(label) is not None or _is_fraction(label):
        what = f"label {label} with {size} classes"
        remedy = f"Give the index of the right class, 0 to {size - 1}; leave out rows without one"
        if all(number is not None and 1 <= number <= size for number in numbers):
            from_one = ",".join(map(str, range(1, size + 1)))
            remedy += f"; if labels count from 1, give --classes {from_one}"
    elif columns.layout in ("positive", "logit") and len(labels) > 2:
        what = f"one column of scores is too few for the labels {', '.join(labels[:6])}"
        remedy = "Name a column for each class, with commas between"
    elif columns.layout in ("positive", "logit") and len(set(labels) - set(TRUTHS)) == 2:
        what = f"the label is the name {label!r}, but it is not known which name is class 1"
        remedy = f"Name both, class 1 last, as --classes {','.join(sorted(labels))}"
    elif classes is not None:
        what = f"unknown label {label!r}"
        remedy = f"The classes are {', '.join(classes)}; --classes names them otherwise"
    else:
        what = f"the label is the name {label!r}, but the scores have no names"
        remedy = "Name the classes in the order of the scores, as --classes no,yes"
    return DataError(what, where=where, remedy=remedy)


def _is_fraction(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True
