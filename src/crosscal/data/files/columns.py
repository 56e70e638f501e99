"""Tab-separated files: columns by position or by header, quotes taken literally."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crosscal.data.files.lines import read_lines
from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean

_QUOTES_REMEDY = (
    "Columns are separated by one sign each, a tab as a rule, without quoting, and no text may "
    "hold it"
)


def plain_columns(
    path: Path, names: Sequence[str], *, optional: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of a file without header, `optional` cells of which may lack."""
    most, least = len(names), len(names) - optional
    for number, line in read_lines(path):
        cells = line.split("\t")
        if not least <= len(cells) <= most:
            raise _wrong_count(path, number, cells, " TAB ".join(names), most)
        yield number, cells


def named_columns(
    path: Path,
    names: Sequence[str],
    *,
    absent_at_end: int = 0,
    on_wrong_count: Callable[[int], None] | None = None,
    separator: str = "\t",
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and the named cells of a file whose first line names its columns.

    A row may lack `absent_at_end` cells at its end, none of them a named one. Another number of
    columns is an error, or a call of `on_wrong_count`, and the row is dropped.
    """
    lines = read_lines(path)
    _, first = next(lines)
    header = [cell.strip() for cell in first.split(separator)]
    indices = [column_index(path, header, name) for name in names]
    last = max(indices)
    number = 1
    for number, line in lines:
        cells = line.split(separator)
        if len(cells) != len(header):
            short = len(header) - len(cells)
            if not (0 < short <= absent_at_end and len(cells) > last):
                if on_wrong_count is None:
                    raise _wrong_count(path, number, cells, "as in the header", len(header))
                on_wrong_count(number)
                continue
        yield number, [cells[index] for index in indices]
    if number == 1:
        raise DataError(
            "the file has a header and no rows",
            where=str(path),
            remedy="Fetch or write the file again",
        )


def column_index(path: Path, header: Sequence[str], name: str) -> int:
    """Return where a column stands in a header that names it once."""
    header = list(header)
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise DataError(
            f"the header names column '{name}' twice",
            where=f"{path}:1",
            remedy="Give each column its own name",
        )
    raise DataError(
        f"the header has no column '{name}'",
        where=f"{path}:1",
        remedy=f"{did_you_mean(name, [h[:40] for h in header[:24]])}; or choose another format",
    )


def _wrong_count(path: Path, number: int, cells: list[str], expected: str, most: int) -> DataError:
    if cells == [""]:
        return DataError(
            "the line is blank", where=f"{path}:{number}", remedy="Remove the blank line"
        )
    return DataError(
        f"{len(cells)} column{'s' * (len(cells) != 1)} instead of {most} ({expected})",
        where=f"{path}:{number}",
        remedy=_QUOTES_REMEDY,
    )
