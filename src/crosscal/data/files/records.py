"""Rows as named values, whichever way a file is written: TSV, CSV, JSON or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crosscal.data.files.columns import named_columns
from crosscal.data.files.dialect import Dialect, Quoting, header_names
from crosscal.data.files.json_lines import json_lines
from crosscal.data.files.json_tree import NOT_TEXT, Node, read_json
from crosscal.data.files.lines import read_lines
from crosscal.data.files.parquet import is_table, parquet_names, plain_values, read_table
from crosscal.data.files.quoted import quoted_columns

SUFFIXES = (".tsv", ".txt", ".csv", ".jsonl", ".json", ".parquet")


def read_records(
    file: Path,
    required: Sequence[str],
    optional: Sequence[str] = (),
    *,
    read_as: str | None = None,
    quoting: Quoting | None = None,
    dialect: Dialect | None = None,
    absent_at_end: int = 0,
    on_wrong_count: Callable[[int], None] | None = None,
) -> Iterator[Node]:
    """Yield the rows of a file by the ending of its name, ``.bz2`` behind it allowed.

    ``.csv``: commas, a header, quotes around cells. ``.jsonl``: an object a line. ``.json``: a list
    of objects, or an object a line. ``.parquet``. Anything else: tabs, a header, quotes as letters.
    `read_as` is the ending that counts for all but Parquet; `quoting` changes what quotes are, and
    a `dialect` all that the ending says of columns.
    """
    kind = file_kind(file)
    if read_as and not is_table(file):
        kind = read_as
    if is_table(file):
        return _parquet_rows(file, required, optional)
    if kind in (".jsonl", ".json"):
        return _objects(file, required, is_list=kind == ".json" and _begins_list(file))
    if dialect is None:
        usual: Quoting = "doubled" if kind == ".csv" else "literal"
        dialect = Dialect(delimiter="," if kind == ".csv" else "\t", quoting=quoting or usual)
    if dialect.quoting == "doubled":
        rows = quoted_columns(file, required, optional, dialect.delimiter)
        return (Node(file, str(number), cells) for number, cells in rows)
    return _plain_rows(file, required, optional, dialect, absent_at_end, on_wrong_count)


def file_kind(file: Path) -> str:
    """Return the ending that says how a file is written."""
    return (file.with_suffix("") if file.suffix == ".bz2" else file).suffix


def column_names(file: Path, dialect: Dialect | None) -> list[str]:
    """Return the names of a file's columns, in files of objects those of the first one."""
    kind = file_kind(file)
    if is_table(file):
        return parquet_names(file)
    if kind in (".jsonl", ".json") or dialect is None:
        objects = _objects(file, (), is_list=kind == ".json" and _begins_list(file))
        first = next(objects, None)
        return list(first.value) if first is not None and isinstance(first.value, dict) else []
    return header_names(file, dialect)


def text(record: Node, name: str) -> str:
    """Return a text as it stands; what a text must be is for the schema of the row to say."""
    value = record.key(name).value
    if isinstance(value, str):
        return value
    what = "has no value" if value is None else "is no text"
    raise record.fault(
        f"'{name}' {what}", "Check that the file is of this data set, and fetch it again"
    )


def word(record: Node, name: str) -> str | None:
    """Return a label or an id: text or a whole number written out, None if there is none."""
    node = record.optional(name)
    if node is None or node.value is None:
        return None
    value = str(node.value) if type(node.value) is int else node.value
    if not isinstance(value, str):
        raise record.fault(f"'{name}' is neither a word nor a number", "Fetch the file again")
    if NOT_TEXT.search(value):
        raise record.fault(
            f"'{name}' holds a NUL character or half a surrogate pair",
            "The text was damaged when it was converted; fetch the file again",
        )
    return value


def _plain_rows(
    file: Path,
    required: Sequence[str],
    optional: Sequence[str],
    dialect: Dialect,
    absent_at_end: int,
    on_wrong_count: Callable[[int], None] | None,
) -> Iterator[Node]:
    header = header_names(file, dialect)
    names = [*required, *(name for name in optional if name in header)]
    rows = named_columns(
        file,
        names,
        absent_at_end=absent_at_end,
        on_wrong_count=on_wrong_count,
        separator=dialect.delimiter,
    )
    for number, cells in rows:
        yield Node(file, str(number), dict(zip(names, cells, strict=True)))


def _objects(file: Path, required: Sequence[str], *, is_list: bool) -> Iterator[Node]:
    for item in read_json(file).items() if is_list else json_lines(file):
        for name in required:
            item.key(name)
        yield item


def _begins_list(file: Path) -> bool:
    for _, line in read_lines(file):
        if line.strip():
            return line.lstrip().startswith("[")
    return False


def _parquet_rows(file: Path, required: Sequence[str], optional: Sequence[str]) -> Iterator[Node]:
    table = read_table(file, required, optional)
    names = table.column_names
    columns = [plain_values(table[name], name, file) for name in names]
    for number, values in enumerate(zip(*columns, strict=True)):
        yield Node(file, f"row {number}", dict(zip(names, values, strict=True)))
