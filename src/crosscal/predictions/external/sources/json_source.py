"""Tables in JSON: an object on each line, or one document; see `sources`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnKind
from crosscal.predictions.external.first_rows import Head
from crosscal.predictions.external.sources.csv_source import is_list, mostly
from crosscal.predictions.external.sources.harness import HarnessSamples
from crosscal.predictions.external.sources.json_shapes import Record, Shape, find_shape, records_of
from crosscal.predictions.external.sources.plain_files import LONGEST_DOCUMENT, PlainFile
from crosscal.predictions.external.sources.table_source import HEAD

_BATCH = 50_000
Located = tuple[int, Record, int]  # line or number, record, bytes read


class JsonSource:
    """Records in JSON."""

    provenance: bytes | None = None

    def __init__(self, file: PlainFile, *, per_character: bool = False) -> None:
        self._file = file
        self.name = file.name
        self.total = self._file.path.stat().st_size
        self._document: list[Record] | None = None
        if file.suffix not in (".jsonl", ".ndjson"):
            self._document = self._whole()
        raw = [record for _, record, _ in islice(self._raw(), HEAD)]
        if not raw:
            raise DataError("no rows", where=self.name, remedy="Give an object for each prediction")
        harness = HarnessSamples.of(raw, self.name, per_character=per_character)
        self._shape: Shape | HarnessSamples = harness or find_shape(raw, self.name)
        self._head = [record for _, record, _ in islice(self._records(), HEAD)]
        self.class_names: dict[str, tuple[str, ...]] = dict(self._shape.class_names)
        self.notes = (*self._file.notes, *self._shape.notes)
        self.defaults: Mapping[str, str] = harness.defaults if harness else {}
        names = list(dict.fromkeys(name for record in self._head for name in record))
        self.columns: dict[str, ColumnKind] = {
            name: _kind([record.get(name) for record in self._head]) for name in names
        }

    def batches(
        self, names: Sequence[str], words: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Iterator[tuple[pa.RecordBatch, int]]:
        """Yield the columns in batches: `names` as float64 or lists of it, `words` as text."""
        records = self._records()
        while part := list(islice(records, _BATCH)):
            columns = {name: self._column(name, part, self.columns[name]) for name in names}
            columns |= {name: self._column(name, part, "text") for name in words}
            columns |= {name: _as_far_as_there(name, part) for name in optional}
            yield pa.RecordBatch.from_pydict(columns), part[-1][2]

    def locate(self, row: int) -> str:
        """Say on which line a row is."""
        entry = next(islice(self._records(), row, None), None)
        if entry is None or self._document is not None:
            return f"row {row}"
        return f"line {entry[0]}"

    def head(self) -> Head:
        """Return the first rows; None where a cell is not what its column holds."""
        cells: dict[str, list[Any]] = {}
        for name, kind in self.columns.items():
            column = [record.get(name) for record in self._head]
            if kind in ("list", "number"):
                cells[name] = [_as_floats(c) if _is(c, kind) else None for c in column]
            else:
                cells[name] = [_as_text(c) for c in column]
        return Head(columns=self.columns, cells=cells, class_names=self.class_names)

    def _whole(self) -> list[Record] | None:
        """Return the records of one document; None if it is a document on each line."""
        if self.total > LONGEST_DOCUMENT:
            with self._file.path.open(encoding="utf-8-sig") as stream:
                first = stream.readline(LONGEST_DOCUMENT).strip()
            if first.startswith("{") and first.endswith("}"):
                return None
            raise DataError(
                f"one JSON document of {self.total:,} bytes, which has to be held in memory",
                where=self.name,
                remedy="Write JSON lines, an object for each prediction, ending in .jsonl; or "
                "Parquet",
            )
        text = self._file.path.read_text(encoding="utf-8-sig")
        try:
            document = json.loads(text, object_pairs_hook=_object)
        except RecursionError as error:
            raise DataError(
                "not JSON: nested too deeply", where=self.name, remedy="Give a list of records"
            ) from error
        except ValueError as error:
            if str(error).startswith("Extra data") and text.lstrip()[:1] in "{[":
                return None
            raise DataError(
                f"not JSON: {error}", where=self.name, remedy="Give a list of records"
            ) from error
        if (
            isinstance(document, dict)
            and "\n" not in text.strip()
            and not any(isinstance(value, list | dict) for value in document.values())
        ):
            return [document]
        return records_of(document, self.name)

    def _raw(self) -> Iterator[Located]:
        """Yield line number, object and bytes read; blank lines are skipped."""
        if self._document is not None:
            for number, row in enumerate(self._document):
                yield number, row, self.total
            return
        done = 0
        with self._file.path.open("rb") as stream:
            for line, raw in enumerate(stream, start=1):
                done += len(raw)
                if not raw.strip():
                    continue
                try:
                    record: Any = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_object)
                except (ValueError, RecursionError) as error:
                    raise self._bad(line, f"not JSON: {error}", "Give one object a line") from error
                if isinstance(record, list):
                    record = records_of([record], self.name)[0] if record else record
                if not isinstance(record, dict):
                    raise self._bad(line, "not a JSON object", 'Give {"scores": [...], ...}')
                yield line, record, done

    def _records(self) -> Iterator[Located]:
        for line, record, done in self._raw():
            try:
                yield line, self._shape.flat(record), done
            except DataError as error:
                raise self._bad(line, error.what, error.remedy or "") from error

    def _column(self, name: str, part: list[Located], kind: ColumnKind) -> pa.Array:
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
                if cell is not None and not _is(cell, kind):
                    what = "a list of numbers" if kind == "list" else "a number"
                    problem = f"'{name}' is not {what}: {json.dumps(cell)[:60]}"
                    raise self._bad(line, problem, f"Give {what}") from None
            # Arrow takes whole numbers to 2**63 only.
            return pa.array([_as_floats(cell) for cell in cells], type=arrow_type)

    def _texts(self, name: str, part: list[Located]) -> pa.Array:
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
        return DataError(what, where=f"{self.name}:{line}", remedy=remedy)


def _object(pairs: list[tuple[str, Any]]) -> Record:
    """Return an object; of one that names something twice nobody knows what it means."""
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object names '{twice}' twice")
    return record


def _as_far_as_there(name: str, part: list[Located]) -> pa.Array:
    """Return a column of text, null where it is missing or no text can be made of it."""
    texts = [_as_text(record.get(name)) for _, record, _ in part]
    try:
        return pa.array(texts, type=pa.string())
    except UnicodeEncodeError:
        return pa.nulls(len(texts), pa.string())


def _kind(cells: list[Any]) -> ColumnKind:
    present = [cell for cell in cells if cell is not None]
    if mostly(present, is_list):
        return "list"
    if mostly(present, lambda cell: _is(cell, "number")):
        return "number"
    return "other" if mostly(present, lambda cell: isinstance(cell, list | dict)) else "text"


def _is(cell: object, kind: ColumnKind) -> bool:
    if kind == "list":
        return is_list(cell)
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
