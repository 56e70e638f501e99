"""How a file of columns is written: found where its content leaves one reading, else asked about.

The ending of a name says what to expect: commas and quotes around cells in ``.csv``, tabs and no
quoting in all others. What differs from it is told in a note.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosscal.data.files.lines import read_lines
from crosscal.data.files.quoted import LONGEST_CELL
from crosscal.data.text import shown
from crosscal.exceptions import DataError

Quoting = Literal["literal", "doubled"]
DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_NAMES = {sign: name for name, sign in DELIMITERS.items()}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a file of columns is written; what is unusual in it is said in `notes`."""

    delimiter: str
    quoting: Quoting
    notes: tuple[str, ...] = ()


def find_dialect(
    file: Path,
    names: Sequence[str],
    *,
    delimiter: str | None = None,
    quoting: Quoting | None = None,
) -> Dialect:
    """Find how a file is written whose header has these names; what is given is taken as it is."""
    notes = []
    expected = "," if _suffix(file) == ".csv" else "\t"
    header = next(read_lines(file))[1]
    if delimiter is None:
        delimiter = _delimiter(header, names, expected)
        if delimiter != expected:
            notes.append(f"{file.name} has a {_NAMES[delimiter]} between its columns")
    if quoting is None:
        usual: Quoting = "literal" if delimiter == "\t" else "doubled"
        quoting = _quoting(file, names, delimiter, usual)
        if quoting != usual:
            notes.append(
                f"{file.name} is quoted: quotes around cells are taken off"
                if quoting == "doubled"
                else f"{file.name} is not quoted: quotes are letters in it"
            )
    return Dialect(delimiter=delimiter, quoting=quoting, notes=tuple(notes))


def header_names(file: Path, dialect: Dialect) -> list[str]:
    """Return the names of the columns."""
    header = next(read_lines(file))[1]
    return _cells(header, dialect.delimiter, dialect.quoting)


def _suffix(file: Path) -> str:
    return (file.with_suffix("") if file.suffix == ".bz2" else file).suffix


def _delimiter(header: str, names: Sequence[str], expected: str) -> str:
    """Return the one sign between the names of a header."""
    fitting = [sign for sign in _NAMES if _is_header(header, names, sign)]
    return fitting[0] if len(fitting) == 1 and expected not in fitting else expected


def _is_header(header: str, names: Sequence[str], delimiter: str) -> bool:
    return any(
        set(names) <= set(_cells(header, delimiter, quoting)) for quoting in ("literal", "doubled")
    )


def _cells(header: str, delimiter: str, quoting: Quoting | str) -> list[str]:
    if quoting == "literal":
        return [cell.strip() for cell in header.split(delimiter)]
    return [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]


def _quoting(file: Path, names: Sequence[str], delimiter: str, usual: Quoting) -> Quoting:
    """Return the one reading of quotes under which every row has as many cells as the header."""
    lines = [line for _, line in read_lines(file)]
    if not any('"' in line for line in lines):
        return usual
    literal = [line.split(delimiter) for line in lines]
    doubled = _doubled(lines, delimiter)
    literal_fits = _is_table(literal, names)
    doubled_fits = doubled is not None and _is_table(doubled, names)
    if literal_fits != doubled_fits:
        return "literal" if literal_fits else "doubled"
    if not literal_fits or doubled is None:
        return usual  # whose error names the row
    if len(doubled) < len(literal) and usual == "doubled":
        row = next(i for i, (a, b) in enumerate(zip(literal, doubled, strict=False)) if a != b)
        raise DataError(
            f"{len(literal) - 1} rows if quotes are letters, {len(doubled) - 1} if they are around "
            f"cells, which then hold line breaks: '{shown(lines[row])}'",
            where=f"{file}:{row + 1}",
            remedy='Say which, as columns = { quoting = "literal" } or "doubled"',
        )
    # Programs that quote double a quote within; texts that merely begin and end with one do not.
    cells = (cell for row in literal for cell in row)
    inner = [cell[1:-1] for cell in cells if len(cell) > 1 and cell[0] == cell[-1] == '"']
    paired = all('"' not in text.replace('""', "") for text in inner)
    same_rows = len(doubled) == len(literal)
    return "doubled" if same_rows and paired and any('""' in text for text in inner) else usual


def _doubled(lines: Sequence[str], delimiter: str) -> list[list[str]] | None:
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return None if any(len(cell) > LONGEST_CELL for row in rows for cell in row) else rows


def _is_table(rows: Sequence[Sequence[str]], names: Sequence[str]) -> bool:
    header = {cell.strip() for cell in rows[0]}
    return set(names) <= header and all(len(row) == len(rows[0]) for row in rows)
