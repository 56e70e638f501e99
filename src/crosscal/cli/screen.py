"""What verbs print, fitted to the terminal: neither numbers nor names are broken or cut."""

from __future__ import annotations

import sys
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosscal.report.characters import visible
from crosscal.report.terminal.fitting import SHORTEST, fitting_tables

LEAST_WIDTH = 80
"""A narrower terminal breaks the lines itself."""
ANY_WIDTH = 10_000
"""Of what is no terminal: nothing needs to fit."""
REPORT_WIDTH = 120
"""The same, of tables that are drawn with lines and looked at in files."""


def open_console(*, elsewhere: int | None = None, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; where none is, as wide as asked for."""
    found = Console(stderr=stderr)
    width = max(LEAST_WIDTH, found.width) if found.is_terminal else elsewhere or found.width
    # What is printed is shown, not obeyed: a label such as [red] is no style, :cat: no picture.
    return Console(width=width, stderr=stderr, markup=False, emoji=False)


def say(words: str, console: Console | None = None) -> None:
    """Print prose: in a terminal its lines end between words, elsewhere it is not broken."""
    console = console or open_console(elsewhere=ANY_WIDTH)
    words = visible(words)
    text = filled(words, console.width) if console.is_terminal else words
    console.print(Text(text), soft_wrap=True)


def filled(words: str, width: int = LEAST_WIDTH) -> str:
    """Break lines between words; a path longer than a line stays in one piece, to be copied."""
    lines: list[str] = []
    for paragraph in words.split("\n"):
        shifted = paragraph.lstrip(" ")  # as commands are, in what an error says to do
        lines.append(paragraph[: len(paragraph) - len(shifted)])
        for word in shifted.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1].strip() else lines[-1] + word
            if cell_len(longer) <= width or not lines[-1].strip():
                lines[-1] = longer
            else:
                lines.append(word)
    return "\n".join(lines)


def warn(words: str) -> None:
    """Print prose on standard error."""
    console, words = open_console(stderr=True), visible(words)
    text = filled(words, console.width) if console.is_terminal else words
    # Not by the console, which knows nothing of a bar of progress that stands there.
    print(text, file=sys.stderr)


def show(table: Table, console: Console | None = None, *, shortest: int = SHORTEST) -> None:
    """Print a table whole: columns for which there is no room follow below."""
    console = console or open_console()
    for part in fitting_tables(visible_table(table), console.width, shortest=shortest):
        console.print(part)


def say_json(text: str) -> None:
    """Print a JSON document, in which no character is one that a terminal obeys."""
    print(visible(text))


def visible_table(table: Table) -> Table:
    """Write out what a terminal would obey in the names and cells of a table."""
    table.title = _visible_part(table.title)
    for column in table.columns:
        column.header = _visible_part(column.header)
        column._cells = [_visible_part(part) for part in column.cells]
    return table


def _visible_part(part: Any) -> Any:
    if isinstance(part, Text):
        return Text(visible(part.plain), style=part.style)
    return visible(part) if isinstance(part, str) else part
