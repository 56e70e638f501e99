"""Tables of any origin, opened by what they hold: Parquet, Arrow and Feather, tables in memory.

Arrays are in `arrays`, text formats in `csv_source` and `json_source`. A source names its columns
without reading them, and then gives the wanted ones in batches. A column inside of a record is
named as ``doc.label``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnKind, named_twice
from crosscal.predictions.external.first_rows import Head
from crosscal.predictions.external.sources.plain_files import PlainFile
from crosscal.predictions.provenance import METADATA_KEY

BATCH = 500_000
"""Rows of a batch."""

HEAD = 1000
"""Rows that are looked at before the columns are chosen."""


class TableSource(Protocol):
    """A table file."""

    name: str  # of the file, in messages
    columns: dict[str, ColumnKind]  # in the file's order
    total: int  # what `batches` counts towards: rows, or bytes of text formats
    provenance: bytes | None  # of crosscal's own prediction files
    notes: tuple[str, ...]  # how the file was read
    class_names: dict[str, tuple[str, ...]]  # of list columns whose entries have names
    defaults: Mapping[str, str]  # columns by role, where the format leaves no doubt

    def batches(
        self, names: Sequence[str], words: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches, and how much of `total` is read.

        Text formats give `names` as numbers or lists of numbers, `words` as text; of `optional`
        words those that are missing, or no text, are null.
        """
        ...

    def locate(self, row: int) -> str:
        """Say where a row is: ``row 3``, or ``line 5`` of text formats (slow, for errors)."""
        ...

    def head(self) -> Head:
        """Return the first rows."""
        ...


class ArrowSource(ABC):
    """Record batches of any origin; see `TableSource`."""

    provenance: bytes | None = None
    defaults: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()

    def __init__(self, name: str, schema: pa.Schema, total: int) -> None:
        self.name = name
        self.total = total
        demand_unique(schema.names, name)
        self.provenance = (schema.metadata or {}).get(METADATA_KEY)
        self.columns = {path: _kind(kind) for path, kind in _leaves(schema)}
        self.class_names: dict[str, tuple[str, ...]] = {}

    @abstractmethod
    def _batches(self, roots: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]: ...

    def batches(
        self, names: Sequence[str], words: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches; no other column is read."""
        done, selected = 0, [*names, *words, *optional]
        for batch in self._batches(selected, BATCH):
            done += batch.num_rows
            yield self._picked(batch, selected), done

    def locate(self, row: int) -> str:
        """Say where a row is."""
        return f"row {row}"

    def head(self) -> Head:
        """Return the first rows of the columns that could mean something."""
        names = [name for name, kind in self.columns.items() if kind != "other"]
        cells: dict[str, list[Any]] = {name: [] for name in names}
        rows = 0
        for batch in islice(self._batches(names, HEAD), 1):
            picked = self._picked(batch.slice(0, HEAD), names)
            rows = picked.num_rows
            for name in names:
                cells[name] = picked.column(picked.schema.names.index(name)).to_pylist()
        if not rows:
            raise DataError("no rows", where=self.name, remedy="Give at least one prediction")
        for name in names:
            # Of one right choice a list, as lighteval's gold_index.
            if self.columns[name] == "list" and _are_single(cells[name]):
                self.columns[name] = "number"
                cells[name] = [each[0] for each in cells[name]]
        return Head(columns=self.columns, cells=cells, class_names=self.class_names)

    def _picked(self, batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
        # By position: names with points in them are no paths if there is such a column.
        arrays = [_plain_words(_column(batch, name, self.columns[name])) for name in names]
        return pa.RecordBatch.from_arrays(arrays, names=list(names))


class ParquetSource(ArrowSource):
    """A Parquet file."""

    def __init__(self, file: PlainFile) -> None:
        self._plain = file
        try:
            self._file = pq.ParquetFile(file.path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(file.name, error, "Parquet") from error
        super().__init__(file.name, self._file.schema_arrow, self._file.metadata.num_rows)
        self.notes = file.notes

    def _batches(self, roots: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        done = 0
        try:
            for batch in self._file.iter_batches(rows, columns=list(roots), use_threads=False):
                done += batch.num_rows
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self.name, error, "Parquet") from error
        if done != self.total:
            raise DataError(
                f"the file holds {done:,} rows, but its footer says {self.total:,}",
                where=self.name,
                remedy="It was altered: write it again",
            )


class FeatherSource(ArrowSource):
    """An Arrow file or stream; Feather is another name for it."""

    def __init__(self, file: PlainFile) -> None:
        self._plain = file
        reader = self._open()
        total = 0
        if isinstance(reader, pa.ipc.RecordBatchFileReader):
            batches = range(reader.num_record_batches)
            try:
                total = sum(reader.get_batch(i).num_rows for i in batches)
            except (pa.ArrowException, OSError) as error:
                raise unreadable(file.name, error, "Arrow") from error
        super().__init__(file.name, reader.schema, total)
        self.notes = file.notes

    def _open(self) -> Any:
        try:
            mapped = pa.memory_map(str(self._plain.path))
            if self._plain.start.startswith(b"ARROW1"):
                return pa.ipc.open_file(mapped)
            return pa.ipc.open_stream(mapped)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self._plain.name, error, "Arrow") from error

    def _batches(self, roots: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        reader = self._open()
        try:
            if isinstance(reader, pa.ipc.RecordBatchFileReader):
                found = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                found = iter(reader)
            for batch in found:
                batch.validate(full=True)  # Arrow follows offsets and indices wherever they lead
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self.name, error, "Arrow") from error


class TableInMemory(ArrowSource):
    """A table of pandas, polars or Arrow."""

    def __init__(self, table: Any) -> None:
        try:
            if hasattr(table, "iloc"):
                arrow = pa.Table.from_pandas(table, preserve_index=False)
            else:
                arrow = table if isinstance(table, pa.Table) else pa.table(table)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(
                f"not a table that can be read: {error}",
                where="table",
                remedy="Give columns of numbers (of 64 bits at most), of text, or of lists of "
                "numbers",
            ) from error
        self._table = arrow
        super().__init__("table", arrow.schema, arrow.num_rows)

    def _batches(self, roots: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        yield from self._table.to_batches(max_chunksize=rows)


def _leaves(fields: Any, prefix: str = "") -> Iterator[tuple[str, pa.DataType]]:
    """Yield the columns, and those inside of records."""
    for field in fields:
        if pa.types.is_struct(field.type):
            inner = [field.type.field(i) for i in range(field.type.num_fields)]
            yield from _leaves(inner, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field.type


def _column(batch: pa.RecordBatch, path: str, kind: ColumnKind) -> pa.Array:
    if path in batch.schema.names:
        array = batch.column(batch.schema.names.index(path))
    else:
        root = max(
            (n for n in batch.schema.names if path.startswith(f"{n}.")), key=len, default=path
        )
        array = batch.column(batch.schema.names.index(root))
        for name in _steps(array.type, path[len(root) + 1 :]):
            array = pc.struct_field(array, name)
    if not _is_list(array.type) or kind == "list":
        return array
    if pc.min_max(pc.list_value_length(array)).as_py() != {"min": 1, "max": 1}:
        raise DataError(
            "rows hold one value at first, and then lists of several",
            where=f"column '{path}'",
            remedy="Give one value a row; leave out rows with several right choices",
        )
    return pc.list_element(array, 0)


def _plain_words(array: pa.Array) -> pa.Array:
    """Return text as such: neither views nor categories, as polars has them, can be compared."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return pc.take(_plain_words(array.dictionary), array.indices)
    return array.cast(pa.large_string()) if pa.types.is_string_view(kind) else array


def _are_single(cells: Sequence[Any]) -> bool:
    return bool(cells) and all(
        each is not None and len(each) == 1 and isinstance(each[0], int) for each in cells
    )


def _steps(kind: pa.DataType, path: str) -> Iterator[str]:
    while path:
        names = [kind.field(i).name for i in range(kind.num_fields)]
        name = max((n for n in names if path == n or path.startswith(f"{n}.")), key=len)
        yield name
        kind, path = kind.field(name).type, path[len(name) + 1 :]


def _kind(dtype: pa.DataType) -> ColumnKind:
    if _is_list(dtype):
        return "list" if _is_number(dtype.value_type) else "other"
    if _is_number(dtype):
        return "number"
    if pa.types.is_dictionary(dtype):
        dtype = dtype.value_type
    textual = (
        pa.types.is_string(dtype)
        or pa.types.is_large_string(dtype)
        or pa.types.is_string_view(dtype)
        or pa.types.is_boolean(dtype)
    )
    return "text" if textual else "other"


def _is_list(dtype: pa.DataType) -> bool:
    return isinstance(dtype, pa.ListType | pa.LargeListType | pa.FixedSizeListType)


def _is_number(kind: pa.DataType) -> bool:
    types = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)
    return any(is_kind(kind) for is_kind in types)


def demand_unique(names: Sequence[str], where: str) -> None:
    """Refuse two columns of one name."""
    twice = named_twice(names)
    if twice is not None:
        raise DataError(
            f"column '{twice}' is there twice",
            where=where,
            remedy="Give every column a name of its own",
        )


def unreadable(where: str, error: Exception, kind: str) -> DataError:
    """Return the error of a file that is not what it seems."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"not a readable {kind} file, perhaps truncated or altered: {first}",
        where=where,
        remedy="Write it again, or look whether it was copied whole",
    )
