"""Tables of the terminal that fit its width: numbers stay whole, and so do the names of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

SHORTEST = 12
"""Names are folded where there is no room, but not to columns narrower than this."""
_ANY_WIDTH = 1_000_000


def fitting_tables(table: Table, width: int, *, shortest: int = SHORTEST) -> list[Table]:
    """Return the table, or where it does not fit several with the same first columns.

    Columns with `no_wrap` are numbers, which are never broken. The columns before them name the
    rows: they are folded, and stand in each of the tables. A table of words alone is folded.
    """
    first = next((i for i, c in enumerate(table.columns) if c.no_wrap), len(table.columns))
    names, numbers = table.columns[:first], table.columns[first:]
    narrowest = [replace(column, width=min(_cells(column), shortest)) for column in names]
    parts: list[list[Column]] = [[]]
    for column in numbers:
        if parts[-1] and _width(table, [*narrowest, *parts[-1], column]) > width:
            parts.append([])
        parts[-1].append(column)
    fitted = [
        _part(table, [*_folded(table, names, part, width, shortest), *part]) for part in parts
    ]
    for each in fitted[:-1]:
        each.caption = None
    return fitted


def natural_width(table: Table) -> int:
    """Return how wide a table is where there is room."""
    console = Console()
    return console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum


def _part(table: Table, columns: Iterable[Column]) -> Table:
    """Return a table of some of the columns."""
    part = Table(
        title=table.title,
        caption=table.caption,
        box=table.box,
        show_edge=table.show_edge,
        pad_edge=table.pad_edge,
        show_header=table.show_header,
        title_justify=table.title_justify,
        caption_justify=table.caption_justify,
    )
    chosen = list(columns)
    part.columns = [replace(column, _index=i) for i, column in enumerate(chosen)]
    part.rows = table.rows
    return part


def _width(table: Table, columns: Sequence[Column]) -> int:
    return natural_width(_part(table, columns))


def _folded(
    table: Table, names: Sequence[Column], numbers: Sequence[Column], width: int, shortest: int
) -> list[Column]:
    """Return the columns of names as wide as there is room, the widest folded first."""
    folded = [replace(column, overflow="fold") for column in names]
    widths = [_cells(column) for column in folded]
    excess = _width(table, [*folded, *numbers]) - width
    while excess > 0 and folded and max(widths) > shortest:
        widest = widths.index(max(widths))
        widths[widest] -= 1
        excess -= 1
        folded[widest].width = widths[widest]
    return folded


def _cells(column: Column) -> int:
    """Return the width of the widest line of a column."""
    return max(cell_len(line) for cell in (column.header, *column.cells) for line in _lines(cell))


def _lines(cell: RenderableType) -> list[str]:
    return (cell.plain if isinstance(cell, Text) else str(cell)).splitlines() or [""]
