"""Tables in text: CSV, TSV and their kin; delimiter, quoting and decimals are found out.

Rows that are read are compared with lines: one quote sign too many makes many lines one cell.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

import pyarrow as pa
from pyarrow import csv as arrow_csv

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnKind, named_twice
from crosscal.predictions.external.first_rows import Head
from crosscal.predictions.external.sources.plain_files import LONGEST_ROW, PlainFile
from crosscal.predictions.external.sources.table_source import HEAD

MISSING = ("", "NA", "N/A", "null", "NULL", "None")
_BLOCK = LONGEST_ROW
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_SNIFFED = 200
# Of very many columns fewer rows are looked at first: so many cells, and no fewer rows.
_CELLS, _LEAST_HEAD = 4_000_000, 20
csv.field_size_limit(LONGEST_ROW)  # a cell may have what a line may
_QUOTING: dict[bool, Literal[0, 3]] = {True: csv.QUOTE_MINIMAL, False: csv.QUOTE_NONE}


class CsvSource:
    """A text file of columns with a header line; see `sources.TableSource`."""

    provenance: bytes | None = None
    defaults: Mapping[str, str] = {}

    def __init__(self, file: PlainFile) -> None:
        self._file = file
        self.name, self._path = file.name, file.path
        self.total = self._path.stat().st_size
        self.class_names: dict[str, tuple[str, ...]] = {}
        first = self._first_line()
        self._delimiter, notes = _delimiter(self.name, first, self._sample(), file.suffix)
        self._quoted, said = self._quoting()
        rows = list(islice(self._rows(), 1))
        previewed = min(HEAD, max(_LEAST_HEAD, _CELLS // len(rows[0][1])))
        rows = list(islice(self._rows(), previewed + 1))
        names = [name.strip() for name in rows[0][1]]
        self._in_file = dict(zip(names, rows[0][1], strict=True))
        self._demand_header(names)
        if len(rows) == 1:
            raise _empty(self.name)
        self._preview = [row for _, row in rows[1:]]
        self._decimal = "," if self._delimiter != "," and self._has_decimal_commas() else "."
        if self._decimal == ",":
            said = (*said, "decimals are written with commas")
        self.notes = (*self._file.notes, *notes, *said)
        self.columns: dict[str, ColumnKind] = {
            name: self._kind([row[i] for row in self._preview if i < len(row)])
            for i, name in enumerate(names)
        }

    def batches(
        self, names: Sequence[str], words: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches: `names` as float64 or lists of it, `words` as text."""
        words = [*words, *optional]
        numbers = [name for name in names if self.columns[name] == "number"]
        lists = [name for name in names if self.columns[name] == "list"]
        types = dict.fromkeys([*lists, *words], pa.string())
        types |= dict.fromkeys(numbers, pa.float64())
        rows = done = 0
        try:
            for batch in self._open([*names, *words], types):
                done = min(done + _BLOCK, self.total)
                rows += batch.num_rows
                stripped = [name.strip() for name in batch.schema.names]
                batch = pa.RecordBatch.from_arrays(batch.columns, names=stripped)
                yield _with_lists(batch, lists), done
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise self._stumbled(numbers, error) from error
        if rows != self._expected:
            raise DataError(
                f"{rows:,} rows were read, but there are {self._expected:,} lines of them",
                where=self.name,
                remedy="Look for quote signs that are not closed",
            )

    def locate(self, row: int) -> str:
        """Say on which line a row is."""
        entry = next(islice(self._rows(), row + 1, None), None)
        return f"line {entry[0]}" if entry else f"row {row}"

    def head(self) -> Head:
        """Return the first rows; of text that is no number, as columns of numbers, None."""
        cells: dict[str, list[Any]] = {}
        for at, (name, kind) in enumerate(self.columns.items()):
            texts = [row[at] if at < len(row) else "" for row in self._preview]
            parse: Callable[[str], Any] = {
                "number": self._number,
                "list": parsed_list,
            }.get(kind, str)
            cells[name] = [parse(text) for text in texts]
        return Head(columns=self.columns, cells=cells, class_names={})

    def _open(self, wanted: Sequence[str], types: dict[str, pa.DataType]) -> Any:
        return arrow_csv.open_csv(
            self._path,
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._delimiter,
                quote_char='"' if self._quoted else False,
                newlines_in_values=self._quoted,
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=[self._in_file[name] for name in dict.fromkeys(wanted)],
                column_types={self._in_file[name]: kind for name, kind in types.items()},
                null_values=list(MISSING),
                strings_can_be_null=False,
                decimal_point=self._decimal,
            ),
        )

    def _first_line(self) -> str:
        with self._path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
        if not first.strip():
            raise _empty(self.name)
        return first

    def _sample(self) -> list[str]:
        with self._path.open(encoding="utf-8-sig") as stream:
            lines = list(islice(stream, 1))
            lines += islice(stream, min(_SNIFFED, max(_LEAST_HEAD, _CELLS // len(lines[0]))))
            return [line.rstrip("\n") for line in lines[:_SNIFFED] if line.strip()]

    def _rows(self, *, quoted: bool | None = None) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and fields of each row, the header first."""
        use = self._quoted if quoted is None else quoted
        with self._path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self._delimiter, quoting=_QUOTING[use])
            before = 0
            for row in reader:
                if row:
                    yield before + 1 if use else reader.line_num, row
                before = reader.line_num

    def _quoting(self) -> tuple[bool, tuple[str, ...]]:
        """Decide whether quote signs enclose cells, or are text, and count the rows."""
        lines = quotes = 0
        with self._path.open(encoding="utf-8-sig") as stream:
            for line in stream:
                lines += bool(line.strip("\r\n"))
                quotes += '"' in line
        self._expected = lines - 1
        if not quotes:
            return True, ()
        whole, runs = self._scan(quoted=True)
        if whole and not runs:
            return True, ()
        plain, _ = self._scan(quoted=False)
        if plain and (runs or not whole):
            return False, (f"quote signs in {quotes} lines are taken as text, not as enclosing",)
        for start, end in runs:
            self._demand_no_rows_within(start, end)
        self._expected = sum(1 for _ in self._rows(quoted=True)) - 1
        said = f"{len(runs)} cells run over several lines" if runs else ""
        return True, (said,) if said else ()

    def _scan(self, *, quoted: bool) -> tuple[bool, list[tuple[int, int]]]:
        """Return whether all rows are as wide as the header, and rows of more than a line."""
        width, runs, whole, before = None, [], True, 0
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.reader(
                    stream, delimiter=self._delimiter, quoting=_QUOTING[quoted], strict=True
                )
                for row in reader:
                    width = width or len(row)
                    whole = whole and (not row or len(row) == width)
                    if any("\n" in cell or "\r" in cell for cell in row):
                        runs.append((before + 1, reader.line_num))
                    before = reader.line_num
        except csv.Error:
            return False, runs
        return whole, runs

    def _demand_no_rows_within(self, start: int, end: int) -> None:
        """Refuse a cell that has swallowed lines which are rows themselves."""
        width = self._first_line().count(self._delimiter)
        with self._path.open(encoding="utf-8-sig") as stream:
            inside = list(islice(stream, start, end))
        swallowed = sum(line.count(self._delimiter) >= width > 0 for line in inside)
        if swallowed:
            raise DataError(
                f"a quote sign opens a cell that runs over {end - start} more lines, of which "
                f"{swallowed} look like rows",
                where=f"{self.name}:{start}",
                remedy="Close the quote, double it, or write the file without quoting",
            )

    def _demand_header(self, names: list[str]) -> None:
        twice = named_twice(names)
        if twice is not None:
            raise DataError(
                f"the header names column '{twice}' twice",
                where=f"{self.name}:1",
                remedy="Give every column a name of its own",
            )
        if all(as_number(name) is not None for name in names):
            raise DataError(
                "the first line holds numbers, not the names of columns",
                where=f"{self.name}:1",
                remedy="Write a header line, as p0,p1,p2,label",
            )

    def _has_decimal_commas(self) -> bool:
        cells = [cell for row in self._preview for cell in row if cell not in MISSING]
        commas = sum(bool(_DECIMAL_COMMA.fullmatch(cell.strip())) for cell in cells)
        points = sum("." in cell and as_number(cell) is not None for cell in cells)
        return commas > points

    def _number(self, cell: str) -> float | None:
        if self._decimal == ",":
            cell = "" if "." in cell else cell.replace(",", ".")
        return as_number(cell.strip())

    def _kind(self, cells: list[str]) -> ColumnKind:
        """Return what most cells hold, so that a stray word among numbers is named as a fault."""
        filled = [cell for cell in cells if cell not in MISSING]
        if mostly(filled, lambda cell: self._number(cell) is not None):
            return "number"
        return "list" if mostly(filled, lambda cell: bool(parsed_list(cell))) else "text"

    def _stumbled(self, numbers: Sequence[str], error: Exception) -> DataError:
        """Look for the cell that Arrow stumbled over, to say where it is."""
        header = list(self.columns)
        for line, row in islice(self._rows(), 1, None):
            if len(row) != len(header):
                return DataError(
                    f"{len(row)} fields, but the header names {len(header)} columns",
                    where=f"{self.name}:{line}",
                    remedy="Give every row a value for every column, quoted if it holds a "
                    "delimiter",
                )
            for name in numbers:
                cell = row[header.index(name)]
                if cell not in MISSING and self._number(cell) is None:
                    point = "comma" if self._decimal == "," else "point"
                    return DataError(
                        f"{cell[:40]!r} is not a number",
                        where=f"{self.name}:{line}: column '{name}'",
                        remedy=f"Give a number, with a {point} before the decimals",
                    )
        return DataError(
            f"cannot be read: {str(error).splitlines()[0]}",
            where=self.name,
            remedy="Check the file's form",
        )


def _delimiter(
    where: str, first: str, sample: Sequence[str], suffix: str
) -> tuple[str, tuple[str, ...]]:
    """Return what stands between cells, and a note if that is not what the ending says."""
    expected = "\t" if suffix in (".tsv", ".tab") else ","

    def regular(sign: str) -> bool:
        rows = list(csv.reader(sample, delimiter=sign))
        return len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows if row)

    present = [sign for sign in _DELIMITERS if sign in first]
    fitting = [sign for sign in present if regular(sign)] or present
    if not fitting or expected in fitting:
        return expected, ()
    if len(fitting) > 1:
        names = [_DELIMITERS[sign] for sign in fitting]
        raise DataError(
            f"cells could be divided by {' or by '.join(names)}",
            where=f"{where}:1",
            remedy="Write the file with commas, ending in .csv, or with tabs, ending in .tsv",
        )
    return fitting[0], (f"cells are divided by {_DELIMITERS[fitting[0]]}",)


def as_number(text: str) -> float | None:
    """Return a number that Arrow reads too; Python also knows 1_000 and other scripts' digits."""
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def mostly(cells: list[Any], test: Callable[[Any], bool]) -> bool:
    """Return whether half of the cells or more pass."""
    return bool(cells) and 2 * sum(map(test, cells)) >= len(cells)


def is_list(cell: object) -> bool:
    """Whether this is a list of numbers, some perhaps missing."""
    return isinstance(cell, list) and all(
        x is None or (isinstance(x, int | float) and not isinstance(x, bool)) for x in cell
    )


def parsed_list(text: str | None) -> list[float | None] | None:
    """Read ``[0.1, 0.9]``, or as NumPy prints it ``[0.1 0.9]``; anything else is None."""
    body = (text or "").strip()
    if not (body.startswith("[") and body.endswith("]")):
        return None
    try:
        entry = json.loads(body)
    except ValueError:
        if "," in body or "..." in body:
            return None
        numbers = [as_number(part) for part in body[1:-1].split()]
        return None if None in numbers else numbers
    if not is_list(entry):
        return None
    return [None if x is None else float(x) for x in entry]


def _with_lists(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    for name in names:
        lists = [parsed_list(text) for text in batch.column(name).to_pylist()]
        column = pa.array(lists, type=pa.list_(pa.float64()))
        at = batch.schema.names.index(name)
        batch = batch.set_column(at, pa.field(name, column.type), column)
    return batch


def _empty(where: str) -> DataError:
    return DataError(
        "no rows", where=where, remedy="Give a header line and a row for each prediction"
    )
