"""Format ``tsv-pairs``: text_a TAB text_b TAB label, without header or quoting."""

from __future__ import annotations

from pathlib import Path

from crosscal.data.files.columns import plain_columns
from crosscal.data.files.per_language import file_format
from crosscal.data.pairs.pairs import PAIRS, PairRow
from crosscal.data.reader import Request

COLUMNS = ("text_a", "text_b", "label")


def tsv_rows(file: Path, request: Request) -> list[PairRow]:
    """Read one file of pairs; the third column may be missing where no labels are required."""
    optional = 0 if request.require_labels else 1
    return [
        PairRow(number - 1, number, cells[0], cells[1], cells[2] if len(cells) == 3 else None)
        for number, cells in plain_columns(file, COLUMNS, optional=optional)
    ]


FORMAT = file_format(
    PAIRS,
    "tsv-pairs",
    "text_a TAB text_b TAB label without header; {split} and {language} may stand in the file "
    "name; rows that repeat text_a form a cluster",
    (),
    tsv_rows,
    parallel=True,
)
