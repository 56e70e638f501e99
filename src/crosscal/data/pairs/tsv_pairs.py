"""Formats ``tsv-pairs`` and ``tsv-texts``: texts, then the label, without header or quoting."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from crosscal.data.files.columns import plain_columns
from crosscal.data.files.per_language import file_format
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Request

COLUMNS = ("text_a", "text_b", "label")
TEXT_COLUMNS = ("text", "label")


def tsv_rows(file: Path, request: Request, columns: tuple[str, ...] = COLUMNS) -> list[PairRow]:
    """Read one file; the last column may be missing where no labels are required."""
    optional = 0 if request.require_labels else 1
    n_texts = len(columns) - 1
    return [
        PairRow(
            number - 1,
            number,
            cells[0],
            cells[1] if n_texts == 2 else None,
            cells[n_texts] if len(cells) > n_texts else None,
        )
        for number, cells in plain_columns(file, columns, optional=optional)
    ]


FORMATS = (
    file_format(
        PAIRS,
        "tsv-pairs",
        "text_a TAB text_b TAB label without header; {split} and {language} may stand in the file "
        "name; rows that repeat text_a form a cluster",
        (),
        tsv_rows,
        parallel=True,
    ),
    file_format(
        PAIRS,
        "tsv-texts",
        "text TAB label without header, otherwise as tsv-pairs",
        (),
        partial(tsv_rows, columns=TEXT_COLUMNS),
        parallel=True,
    ),
)
