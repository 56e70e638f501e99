"""Arrays: NumPy's npy and npz files, and dictionaries of arrays; see `sources`."""

from __future__ import annotations

import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import LABELS, ColumnKind, is_named, listed
from crosscal.predictions.external.first_rows import Head
from crosscal.predictions.external.sources.plain_files import PlainFile, demand_unpackable
from crosscal.predictions.external.sources.table_source import (
    BATCH,
    HEAD,
    demand_unique,
    unreadable,
)

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

SENTENCE = "cluster"
"""Column that is made of the first dimension of three."""


class ArraySource(ABC):
    """Arrays of equal length: of two dimensions they are lists of scores, else columns.

    Of three dimensions (sentences, positions, classes), as `Trainer.predict` gives for tagging,
    each position is a row, and the sentence its cluster.
    """

    # Arrays of objects are pickles, and are never read: a pickle can run code.

    provenance: bytes | None = None
    defaults: Mapping[str, str] = {}

    def __init__(self, name: str, heads: Mapping[str, tuple[Shape, np.dtype[Any]]]) -> None:
        self.name = name
        self.class_names: dict[str, tuple[str, ...]] = {}
        if not heads:
            raise DataError("no arrays", where=name, remedy="Save them with numpy.savez")
        usable = {n: head for n, head in heads.items() if not head[1].hasobject and head[0]}
        deep = [shape[:2] for shape, kind in usable.values() if _is_deep(shape, kind)]
        self._positions = deep[0] if deep else None
        lengths = Counter(shape[0] for shape, _ in usable.values())
        rows = deep[0][0] if deep else _common(name, usable, lengths)
        left_out = [n for n in heads if n not in usable or usable[n][0][0] != rows]
        if not usable or (len(left_out) == len(heads)):
            raise _pickled(name, left_out[0])
        self.columns: dict[str, ColumnKind] = {
            n: self._kind(*head) for n, head in usable.items() if n not in left_out
        }
        self.total = rows * deep[0][1] if deep else rows
        notes = [
            f"left out, being objects (never unpickled) or of other lengths: {listed(left_out)}"
        ]
        self.notes = tuple(notes if left_out else [])
        self._made_sentences = bool(deep) and SENTENCE not in self.columns
        if self._positions:
            self.columns.setdefault(SENTENCE, "number")
            shape = " x ".join(map(str, deep[0]))
            self.notes += (
                f"three dimensions: {shape} positions are rows, the first dimension the cluster",
            )

    def _kind(self, shape: Shape, kind: np.dtype[Any]) -> ColumnKind:
        if self._positions and shape[:2] == self._positions:
            shape = (shape[0] * shape[1], *shape[2:])
        if len(shape) == 2 and kind.kind in "fiu":
            return "list"
        if len(shape) != 1:
            return "other"
        return "number" if kind.kind in "fiu" else "text" if kind.kind in "USb" else "other"

    @abstractmethod
    def _load(self, names: Sequence[str]) -> dict[str, Array]: ...

    def _first(self, names: Sequence[str], rows: int) -> dict[str, Array]:
        """Return the first rows of arrays, or more; all of them where that costs nothing."""
        return self._whole(names)

    def _whole(self, names: Sequence[str]) -> dict[str, Array]:
        made = {}
        if self._made_sentences and self._positions and SENTENCE in names:
            made = {SENTENCE: np.arange(self._positions[0])}
        return self._load([name for name in names if name not in made]) | made

    def _in_rows(self, array: Array) -> Array:
        if self._positions is None:
            return array
        positions = self._positions[1]
        if array.ndim > 1 and array.shape[1] == positions:
            return array.reshape(len(array) * positions, *array.shape[2:])
        return np.repeat(array, positions, axis=0)

    def batches(
        self, names: Sequence[str], words: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the arrays in batches."""
        arrays = {n: self._in_rows(a) for n, a in self._whole([*names, *words, *optional]).items()}
        for start in range(0, self.total, BATCH):
            parts = {n: self._column(n, a[start : start + BATCH]) for n, a in arrays.items()}
            yield pa.RecordBatch.from_pydict(parts), min(start + BATCH, self.total)

    def locate(self, row: int) -> str:
        """Say where a row is."""
        if self._positions is None:
            return f"row {row}"
        return f"row {row // self._positions[1]}, position {row % self._positions[1]}"

    def head(self) -> Head:
        """Return the first rows."""
        names = [name for name, kind in self.columns.items() if kind != "other"]
        rows = HEAD if self._positions is None else HEAD // self._positions[1] + 1
        arrays = {name: array[:rows] for name, array in self._first(names, rows).items()}
        if self._positions is not None:
            arrays = {n: self._in_rows(a) for n, a in arrays.items()}
        cells = {n: self._column(n, a[:HEAD]).to_pylist() for n, a in arrays.items()}
        return Head(columns=self.columns, cells=cells, class_names=self.class_names)

    def _column(self, name: str, array: Array) -> pa.Array:
        try:
            return _arrow(array)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(
                f"{array.dtype} of shape {array.shape} cannot be read: {error}",
                where=f"{self.name}: array '{name}'",
                remedy="Save numbers, or text in UTF-8: one value or one row of scores a unit",
            ) from error


class NpzSource(ArraySource):
    """An npz file."""

    def __init__(self, file: PlainFile) -> None:
        self._file = file
        try:
            with zipfile.ZipFile(file.path) as archive:
                demand_unique(archive.namelist(), file.name)
                unpacked = sum(entry.file_size for entry in archive.infolist())
                demand_unpackable(file.name, unpacked, file.path.stat().st_size)
                arrays = [n for n in archive.namelist() if n.endswith(".npy")]
                heads = {n.removesuffix(".npy"): _head_in(archive, n) for n in arrays}
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as error:
            raise unreadable(file.name, error, "npz") from error
        super().__init__(file.name, heads)
        self.notes = (*file.notes, *self.notes)

    def _first(self, names: Sequence[str], rows: int) -> dict[str, Array]:
        """Return the first rows without unpacking the others, which may be embeddings."""
        arrays: dict[str, Array] = {}
        with zipfile.ZipFile(self._file.path) as archive:
            for name in names:
                if name == SENTENCE and self._made_sentences:
                    arrays |= self._whole([name])
                    continue
                with archive.open(f"{name}.npy") as opened:
                    shape, fortran, kind = _header(cast(BinaryIO, opened))
                    if fortran:
                        arrays |= self._whole([name])
                        continue
                    shape = (min(rows, shape[0]), *shape[1:])
                    content = opened.read(int(np.prod(shape)) * kind.itemsize)
                try:
                    arrays[name] = np.frombuffer(content, dtype=kind).reshape(shape)
                except ValueError as error:
                    raise unreadable(self.name, error, "npz") from error
        return arrays

    def _load(self, names: Sequence[str]) -> dict[str, Array]:
        try:
            with np.load(self._file.path, allow_pickle=False) as archive:
                return {name: archive[name] for name in names}
        except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
            raise unreadable(self.name, error, "npz") from error


class NpySource(ArraySource):
    """An npy file: one array, called ``scores``; labels come from another file."""

    def __init__(self, file: PlainFile) -> None:
        try:
            array = np.load(file.path, allow_pickle=False, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            if "pickle" in str(error).lower() or "object" in str(error).lower():
                raise _pickled(file.name, "scores") from error
            raise unreadable(file.name, error, "npy") from error
        self._file = file
        self._array = array
        name = "label" if array.ndim == 1 and array.dtype.kind in "iuUSb" else "scores"
        super().__init__(file.name, {name: (array.shape, array.dtype)})
        self.notes = (*file.notes, *self.notes)

    def _load(self, names: Sequence[str]) -> dict[str, Array]:
        return {name: np.asarray(self._array) for name in names}


class ArraysInMemory(ArraySource):
    """A dictionary of arrays, or of lists."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        _demand_aligned(arrays)
        try:
            self._given = {str(name): _in_numpy(each) for name, each in arrays.items()}
        except (ValueError, TypeError) as error:
            raise DataError(
                f"not arrays: {error}", where="table", remedy="Give rows of one length"
            ) from error
        super().__init__("table", {n: (a.shape, a.dtype) for n, a in self._given.items()})

    def _load(self, names: Sequence[str]) -> dict[str, Array]:
        return {name: self._given[name] for name in names}


def _demand_aligned(arrays: Mapping[str, Any]) -> None:
    """Refuse columns of pandas whose indexes say that their rows are in different orders."""
    indexed = [(str(name), each.index) for name, each in arrays.items() if hasattr(each, "iloc")]
    for name, other in indexed[1:]:
        first, index = indexed[0]
        if len(other) == len(index) and not other.equals(index) and set(other) == set(index):
            raise DataError(
                f"'{first}' and '{name}' have the same index in another order",
                where="table",
                remedy=f"Align them first, as {name}.loc[{first}.index]; or give both with "
                "reset_index(drop=True) if their rows are in one order",
            )


def _in_numpy(array: Any) -> Array:
    """Return an array, or a tensor of any device and width, as NumPy's; what is masked is NaN."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
        if str(array.dtype) == "torch.bfloat16":
            array = array.float()
    if isinstance(array, np.ma.MaskedArray) and array.mask.any():
        array = np.ma.filled(array.astype(np.float64), np.nan)
    return np.asarray(array)


def _is_deep(shape: Shape, kind: np.dtype[Any]) -> bool:
    return len(shape) == 3 and kind.kind == "f"


def _common(
    where: str, heads: Mapping[str, tuple[Shape, np.dtype[Any]]], lengths: Counter[int]
) -> int:
    """Return the number of rows: that of the labels, if other arrays are longer or shorter."""
    if len(lengths) == 1:
        return next(iter(lengths))
    labels = {shape[0] for name, (shape, _) in heads.items() if is_named(name, LABELS)}
    scores = {
        shape[0] for _, (shape, kind) in heads.items() if len(shape) == 2 and kind.kind == "f"
    }
    if len(labels) == 1 and len(labels & scores) == 1:
        return labels.pop()
    shown = ", ".join(f"{n} {'x'.join(map(str, s))}" for n, (s, _) in heads.items())
    raise DataError(
        f"arrays have different lengths: {shown}" if shown else "no arrays of one length",
        where=where,
        remedy="Give one value (or one row of scores) a unit in every array",
    )


def _pickled(where: str, name: str) -> DataError:
    return DataError(
        f"array '{name}' holds Python objects; these are pickles, which are never read because "
        "they can run code",
        where=where,
        remedy="Save it as numbers or fixed-width text, as np.asarray(labels, dtype=str)",
    )


def _head_in(archive: zipfile.ZipFile, name: str) -> tuple[Shape, np.dtype[Any]]:
    """Return shape and type of an array without reading it."""
    with archive.open(name) as opened:
        shape, _, kind = _header(cast(BinaryIO, opened))
    return shape, kind


def _header(stream: BinaryIO) -> tuple[Shape, bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return read(stream)


def _arrow(array: Array) -> pa.Array:
    if array.dtype.kind in "fiu":
        # Arrow knows neither foreign byte orders nor floats of more than 64 bits.
        wide = array.dtype.itemsize > 8
        array = array.astype(np.float64 if wide else array.dtype.newbyteorder("="), copy=False)
    if array.ndim == 2:
        flat = pa.array(np.ascontiguousarray(array).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, array.shape[1])
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    return pa.array(array.tolist() if array.dtype.kind == "U" else array)
