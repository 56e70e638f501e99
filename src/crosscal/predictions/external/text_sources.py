"""Anyone's table files in text: CSV, TSV and JSON lines; see `sources`."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from pyarrow import csv as arrow_csv

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnKind

_PREVIEW = 1000
_MISSING = ("", "NA", "N/A", "null", "NULL", "None")
_JSON_BATCH = 50_000
_BLOCK = 1 << 23
_Read = TypeVar("_Read")


class CsvSource:
    """A text file of columns with a header line; see `sources.TableSource`."""

    provenance: bytes | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        _demand_utf8_start(path)
        self.total = path.stat().st_size
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = _decoded(path, stream.readline)
        if not first.strip():
            raise _empty(path)
        other = ";" if "," not in first and ";" in first else ","
        self._delimiter = other if path.suffix.lower() == ".csv" else "\t"
        rows = _decoded(path, lambda: list(islice(self._rows(), _PREVIEW + 1)))
        names = rows[0][1]
        self._demand_header(names)
        if len(rows) == 1:
            raise _empty(path)
        self._preview = [row for _, row in rows[1:]]
        self.columns: dict[str, ColumnKind] = {
            name: _text_kind([row[i] for row in self._preview if i < len(row)])
            for i, name in enumerate(names)
        }

    def batches(
        self, names: Sequence[str], words: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches: `names` as float64 or lists of it, `words` as text."""
        numbers = [name for name in names if self.columns[name] == "number"]
        lists = [name for name in names if self.columns[name] == "list"]
        types = dict.fromkeys([*lists, *words], pa.string())
        types |= dict.fromkeys(numbers, pa.float64())
        try:
            reader = arrow_csv.open_csv(
                self.path,
                read_options=arrow_csv.ReadOptions(block_size=_BLOCK, use_threads=False),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self._delimiter, newlines_in_values=True
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=[*names, *words],
                    column_types=types,
                    null_values=list(_MISSING),
                    strings_can_be_null=False,
                ),
            )
            done = 0
            for batch in reader:
                done = min(done + _BLOCK, self.total)
                yield _with_lists(batch, lists), done
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise self._explained(numbers, error) from error

    def locate(self, row: int) -> str:
        """Say on which line a row is."""
        entry = next(islice(self._rows(), row + 1, None), None)
        return f"line {entry[0]}" if entry else f"row {row}"

    def preview(self, name: str) -> set[str]:
        """Return texts of the first rows."""
        at = list(self.columns).index(name)
        return {row[at] for row in self._preview if at < len(row)}

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and fields of each row, the header first."""
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self._delimiter)
            for row in reader:
                if row:
                    yield reader.line_num, row

    def _demand_header(self, names: list[str]) -> None:
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise DataError(
                f"the header names column '{twice[0]}' twice",
                where=f"{self.path}:1",
                remedy="Give every column a name of its own",
            )
        if all(_number(name) is not None for name in names):
            raise DataError(
                "the first line holds numbers, not the names of columns",
                where=f"{self.path}:1",
                remedy="Write a header line, as p0,p1,p2,label",
            )

    def _explained(self, numbers: Sequence[str], error: Exception) -> DataError:
        """Look for the cell that Arrow stumbled over, to say where it is."""
        try:
            return self._stumbled(numbers, error)
        except UnicodeDecodeError:
            return _wrong_encoding(self.path)

    def _stumbled(self, numbers: Sequence[str], error: Exception) -> DataError:
        header = list(self.columns)
        for line, row in islice(self._rows(), 1, None):
            if len(row) != len(header):
                return DataError(
                    f"{len(row)} fields, but the header names {len(header)} columns",
                    where=f"{self.path}:{line}",
                    remedy="Give every row a value for every column, quoted if it holds a "
                    "delimiter",
                )
            for name in numbers:
                cell = row[header.index(name)]
                if cell not in _MISSING and _number(cell) is None:
                    return DataError(
                        f"{cell[:40]!r} is not a number",
                        where=f"{self.path}:{line}: column '{name}'",
                        remedy="Give a number, with a point before the decimals",
                    )
        return DataError(
            f"cannot be read: {str(error).splitlines()[0]}",
            where=str(self.path),
            remedy="Check the file's form",
        )


class JsonLinesSource:
    """A file with a JSON object on each line; see `sources.TableSource`."""

    provenance: bytes | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        _demand_utf8_start(path)
        self.total = path.stat().st_size
        self._preview = [record for _, record, _ in islice(self._records(), _PREVIEW)]
        if not self._preview:
            raise _empty(path)
        self.columns: dict[str, ColumnKind] = {
            name: _json_kind([record.get(name) for record in self._preview])
            for name in self._preview[0]
        }

    def batches(
        self, names: Sequence[str], words: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches: `names` as float64 or lists of it, `words` as text."""
        records = self._records()
        while part := list(islice(records, _JSON_BATCH)):
            columns = {name: self._column(name, part, self.columns[name]) for name in names}
            columns |= {name: self._column(name, part, "text") for name in words}
            yield pa.RecordBatch.from_pydict(columns), part[-1][2]

    def locate(self, row: int) -> str:
        """Say on which line a row is."""
        entry = next(islice(self._records(), row, None), None)
        return f"line {entry[0]}" if entry else f"row {row}"

    def preview(self, name: str) -> set[str]:
        """Return texts of the first rows."""
        return {_as_text(record.get(name)) or "" for record in self._preview}

    def _records(self) -> Iterator[tuple[int, dict[str, Any], int]]:
        """Yield line number, object and bytes read; blank lines are skipped."""
        done = 0
        with self.path.open("rb") as stream:
            for line, raw in enumerate(stream, start=1):
                done += len(raw)
                if not raw.strip():
                    continue
                try:
                    record = json.loads(raw.decode("utf-8-sig"))
                except UnicodeDecodeError as error:
                    raise _wrong_encoding(self.path) from error
                except (ValueError, RecursionError) as error:
                    raise self._bad(line, f"not JSON: {error}", "Give one object a line") from error
                if not isinstance(record, dict):
                    raise self._bad(line, "not a JSON object", 'Give {"scores": [...], ...}')
                yield line, record, done

    def _column(
        self, name: str, part: list[tuple[int, dict[str, Any], int]], kind: ColumnKind
    ) -> pa.Array:
        for line, record, _ in part:
            if name not in record:
                raise self._bad(line, f"no '{name}'", "Give every line the same keys")
        cells = [record[name] for _, record, _ in part]
        if kind not in ("list", "number"):
            return self._texts(name, part)
        arrow_type = pa.list_(pa.float64()) if kind == "list" else pa.float64()
        try:
            return pa.array(cells, type=arrow_type)
        except (pa.ArrowException, TypeError, OverflowError):
            for (line, _, _), cell in zip(part, cells, strict=True):
                if not _is(cell, kind):
                    what = "a list of numbers" if kind == "list" else "a number"
                    problem = f"'{name}' is not {what}: {json.dumps(cell)[:60]}"
                    raise self._bad(line, problem, f"Give {what}") from None
            # Arrow takes whole numbers to 2**63 only.
            return pa.array([_as_floats(cell) for cell in cells], type=arrow_type)

    def _texts(self, name: str, part: list[tuple[int, dict[str, Any], int]]) -> pa.Array:
        texts = [_as_text(record[name]) for _, record, _ in part]
        try:
            return pa.array(texts, type=pa.string())
        except UnicodeEncodeError:
            for (line, _, _), cell in zip(part, texts, strict=True):
                if cell is not None and any("\ud800" <= sign <= "\udfff" for sign in cell):
                    problem = f"'{name}' holds half of a surrogate pair, which is no text"
                    raise self._bad(line, problem, "Write the whole character") from None
            raise

    def _bad(self, line: int, what: str, remedy: str) -> DataError:
        return DataError(what, where=f"{self.path}:{line}", remedy=remedy)


def _with_lists(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    for name in names:
        lists = [_parsed_list(text) for text in batch.column(name).to_pylist()]
        column = pa.array(lists, type=pa.list_(pa.float64()))
        at = batch.schema.names.index(name)
        batch = batch.set_column(at, pa.field(name, column.type), column)
    return batch


def _number(text: str) -> float | None:
    # Python also reads 1_000 and digits of other scripts, which Arrow does not.
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _parsed_list(text: str | None) -> list[float] | None:
    """Read ``[0.1, 0.9]``; anything else is None."""
    try:
        entry = json.loads(text or "")
    except ValueError:
        return None
    return [float(x) for x in entry] if _is(entry, "list") else None


def _text_kind(cells: list[str]) -> ColumnKind:
    """Return what most cells hold, so that a stray word among numbers is named as a fault."""
    filled = [cell for cell in cells if cell not in _MISSING]
    if _mostly(filled, lambda cell: _number(cell) is not None):
        return "number"
    return "list" if _mostly(filled, lambda cell: bool(_parsed_list(cell))) else "text"


def _json_kind(cells: list[Any]) -> ColumnKind:
    present = [cell for cell in cells if cell is not None]
    if _mostly(present, lambda cell: _is(cell, "list")):
        return "list"
    return "number" if _mostly(present, lambda cell: _is(cell, "number")) else "text"


def _mostly(cells: list[Any], test: Callable[[Any], bool]) -> bool:
    """Return whether half of the cells or more pass."""
    return bool(cells) and 2 * sum(map(test, cells)) >= len(cells)


def _is(cell: object, kind: ColumnKind) -> bool:
    if kind == "list":
        return isinstance(cell, list) and all(x is None or _is(x, "number") for x in cell)
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _as_floats(cell: Any) -> Any:
    """Turn whole numbers of any size into floats, infinite if need be."""
    if isinstance(cell, list):
        return [_as_floats(x) for x in cell]
    return None if cell is None else float(str(cell))


def _as_text(cell: object) -> str | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _decoded(path: Path, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except UnicodeDecodeError as error:
        raise _wrong_encoding(path) from error
    except csv.Error as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from error


def _demand_utf8_start(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("encoded as UTF-16, not UTF-8", where=str(path), remedy="Save it as UTF-8")


def _wrong_encoding(path: Path) -> DataError:
    """Name the first line that is not UTF-8."""
    with path.open("rb") as stream:
        for line, raw in enumerate(stream, start=1):
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                return DataError(
                    f"not UTF-8 (byte 0x{raw[error.start]:02x} in column {error.start + 1})",
                    where=f"{path}:{line}",
                    remedy="Save it as UTF-8",
                )
    return DataError("not UTF-8", where=str(path), remedy="Save it as UTF-8")


def _empty(path: Path) -> DataError:
    return DataError(
        "no rows", where=str(path), remedy="Give a header line and a row for each prediction"
    )
