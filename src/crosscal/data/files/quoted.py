r"""Comma-separated files with quoting: a quoted cell may hold commas, line breaks, doubled quotes.

As RFC 4180 says, and `csv` reads it in its strict mode. A line break inside a cell is read as
``\n``, however the file ends its lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from crosscal.data.files.columns import column_index
from crosscal.data.files.lines import read_lines
from crosscal.exceptions import DataError

# Characters of a cell: more is a quote that nobody closed. `csv` has the same limit, but it is one
# for all of a program, which other readers raise.
LONGEST_CELL = 131_072
_REMEDY = (
    "A cell with a quote in it stands in quotes, with each quote inside doubled; "
    "fetch the file again"
)


def quoted_rows(path: Path, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row, and the number of the line on which it begins."""
    rows = csv.reader(
        (line + "\n" for _, line in read_lines(path)), delimiter=separator, strict=True
    )
    while True:
        first_line = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"the row that begins here is not quoted properly ({error})",
                where=f"{path}:{first_line}",
                remedy=_REMEDY,
            ) from error
        if max(map(len, cells), default=0) > LONGEST_CELL:
            raise DataError(
                "the row that begins here is not quoted properly (a cell of more than "
                f"{LONGEST_CELL:,} characters)",
                where=f"{path}:{first_line}",
                remedy=_REMEDY,
            )
        if not cells:
            raise DataError(
                "the line is blank", where=f"{path}:{first_line}", remedy="Remove the blank line"
            )
        yield first_line, cells


def quoted_columns(
    path: Path,
    required: Sequence[str],
    optional: Sequence[str] = (),
    separator: str = ",",
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield cells by column where the first row names them, and the line on which a row begins."""
    rows = quoted_rows(path, separator)
    _, header = next(rows)
    header = [name.strip() for name in header]
    names = [*required, *(name for name in optional if name in header)]
    indices = [(name, column_index(path, header, name)) for name in names]
    number = 1
    for number, cells in rows:
        if len(cells) != len(header):
            raise DataError(
                f"{len(cells)} cell{'s' * (len(cells) != 1)} instead of {len(header)}, as in the "
                "header",
                where=f"{path}:{number}",
                remedy="A cell that holds the separator stands in quotes; fetch the file again",
            )
        yield number, {name: cells[index] for name, index in indices}
    if number == 1:
        raise DataError(
            "the file has a header and no rows",
            where=str(path),
            remedy="Fetch or write the file again",
        )
