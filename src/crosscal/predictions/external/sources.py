"""Anyone's table files, opened by what they hold: Parquet, and NumPy's npz.

Text formats are in `crosscal.predictions.external.text_sources`. A source names its columns without
reading them, and then gives the wanted ones in batches.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnKind
from crosscal.predictions.provenance import METADATA_KEY

BATCH = 500_000
"""Rows of a batch."""


class TableSource(Protocol):
    """A table file."""

    path: Path
    columns: dict[str, ColumnKind]  # in the file's order
    total: int  # what `batches` counts towards: rows, or bytes of text formats
    provenance: bytes | None  # of crosscal's own prediction files

    def batches(
        self, names: Sequence[str], words: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches, and how much of `total` is read.

        Text formats give `names` as numbers or lists of numbers, `words` as text.
        """
        ...

    def locate(self, row: int) -> str:
        """Say where a row is: ``row 3``, or ``line 5`` of text formats (slow, for errors)."""
        ...

    def preview(self, name: str) -> set[str]:
        """Return texts of the column near the top of the file."""
        ...


class ParquetSource:
    """A Parquet file; see `TableSource`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error
        schema = self._file.schema_arrow
        _demand_unique(schema.names, path)
        self.columns: dict[str, ColumnKind] = {field.name: _kind(field.type) for field in schema}
        self.total = self._file.metadata.num_rows
        self.provenance: bytes | None = (schema.metadata or {}).get(METADATA_KEY)

    def batches(
        self, names: Sequence[str], words: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches; no other column is read."""
        done, selected = 0, [*names, *words]
        try:
            for batch in self._file.iter_batches(BATCH, columns=selected, use_threads=False):
                done += batch.num_rows
                yield batch, done
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from error

    def locate(self, row: int) -> str:
        """Say where a row is."""
        return f"row {row}"

    def preview(self, name: str) -> set[str]:
        """Return texts of the first rows."""
        for batch, _ in self.batches([name]):
            return {str(value) for value in batch.column(0).slice(0, 1000).to_pylist()}
        return set()


class NpzSource:
    """An npz file: two-dimensional arrays are lists of scores, the others columns."""

    # Arrays of objects are pickles, and are never read: a pickle can run code.

    provenance: bytes | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                heads = {n.removesuffix(".npy"): _head(archive, n) for n in archive.namelist()}
        except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
            raise _unreadable(path, error, "npz") from error
        if not heads:
            raise DataError("no arrays", where=str(path), remedy="Save them with numpy.savez")
        pickled = [name for name, (_, kind) in heads.items() if kind.hasobject]
        if pickled:
            raise DataError(
                f"array '{pickled[0]}' holds Python objects; these are pickles, which are never "
                "read because they can run code",
                where=str(path),
                remedy="Save it as numbers or fixed-width text, as np.asarray(labels, dtype=str)",
            )
        rows = {shape[0] if shape else 0 for shape, _ in heads.values()}
        if len(rows) > 1:
            lengths = ", ".join(f"{n} {'x'.join(map(str, s))}" for n, (s, _) in heads.items())
            raise DataError(
                f"arrays have different lengths: {lengths}",
                where=str(path),
                remedy="Give one value (or one row of scores) a unit in every array",
            )
        self.columns: dict[str, ColumnKind] = {
            name: _npz_kind(*head) for name, head in heads.items()
        }
        self.total = rows.pop()

    def batches(
        self, names: Sequence[str], words: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the arrays in batches."""
        with np.load(self.path, allow_pickle=False) as archive:
            try:
                arrays = {name: archive[name] for name in (*names, *words)}
            except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
                raise _unreadable(self.path, error, "npz") from error
        for start in range(0, self.total, BATCH):
            parts = {n: self._column(n, a[start : start + BATCH]) for n, a in arrays.items()}
            yield pa.RecordBatch.from_pydict(parts), min(start + BATCH, self.total)

    def locate(self, row: int) -> str:
        """Say where a row is."""
        return f"row {row}"

    def preview(self, name: str) -> set[str]:
        """Return texts of the first rows."""
        for batch, _ in self.batches([name]):
            return {str(value) for value in batch.column(0).slice(0, 1000).to_pylist()}
        return set()

    def _column(self, name: str, array: np.ndarray[Any, Any]) -> pa.Array:
        try:
            return _arrow(array)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(
                f"{array.dtype} of shape {array.shape} cannot be read: {error}",
                where=f"{self.path}: array '{name}'",
                remedy="Save numbers, or text in UTF-8: one value or one row of scores a unit",
            ) from error


def _head(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array without reading it."""
    with archive.open(name) as stream:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, kind = read(stream)
    return shape, kind


def _npz_kind(shape: tuple[int, ...], kind: np.dtype[Any]) -> ColumnKind:
    if len(shape) == 2 and kind.kind in "fiu":
        return "list"
    if len(shape) != 1:
        return "other"
    return "number" if kind.kind in "fiu" else "text" if kind.kind in "US" else "other"


def _arrow(array: np.ndarray[Any, Any]) -> pa.Array:
    if array.dtype.kind in "fiu":
        # Arrow knows neither foreign byte orders nor floats of more than 64 bits.
        wide = array.dtype.itemsize > 8
        array = array.astype(np.float64 if wide else array.dtype.newbyteorder("="), copy=False)
    if array.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(array.ravel()), array.shape[1])
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    return pa.array(array.tolist() if array.dtype.kind == "U" else array)


def _kind(dtype: pa.DataType) -> ColumnKind:
    if isinstance(dtype, pa.ListType | pa.LargeListType | pa.FixedSizeListType):
        return "list" if _is_number(dtype.value_type) else "other"
    if _is_number(dtype):
        return "number"
    if pa.types.is_dictionary(dtype):
        dtype = dtype.value_type
    textual = pa.types.is_string(dtype) or pa.types.is_large_string(dtype)
    return "text" if textual else "other"


def _is_number(kind: pa.DataType) -> bool:
    types = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)
    return any(is_kind(kind) for is_kind in types)


def _demand_unique(names: Sequence[str], path: Path) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(
            f"column '{twice[0]}' is there twice",
            where=str(path),
            remedy="Give every column a name of its own",
        )


def _unreadable(path: Path, error: Exception, kind: str = "Parquet") -> DataError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"not a readable {kind} file, perhaps truncated or altered: {first}",
        where=str(path),
        remedy="Write it again, or look whether it was copied whole",
    )
