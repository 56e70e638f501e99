"""Format ``text``: running text in plain files.

``{language}.txt`` in a folder, or one file. A line with letters is a paragraph and one example; a
blank line ends a document, and several do so once. Documents are the clusters.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crosscal.data.files.lines import read_lines
from crosscal.data.files.per_language import file_format
from crosscal.data.reader import Request
from crosscal.data.texts.running_text import RUNNING_TEXT, TextRow


def paragraphs(lines: Iterable[tuple[int, str]], prefix: str) -> list[TextRow]:
    """Make rows of the lines that are not blank; a document is named by its first row."""
    rows: list[TextRow] = []
    document = ""
    for number, line in lines:
        if not line.strip():
            document = ""
            continue
        document = document or f"{prefix}-document-{len(rows):05d}"
        rows.append(TextRow(len(rows), number, line, cluster=document))
    return rows


def _rows(file: Path, request: Request) -> list[TextRow]:
    return paragraphs(read_lines(file), request.prefix)


FORMAT = file_format(
    RUNNING_TEXT,
    "text",
    "running text: {language}.txt or one file; a line is a paragraph, a blank line ends a document",
    ("{language}.txt", "{language}.txt.bz2"),
    _rows,
)
