"""Format ``text``: running text in plain files.

``{language}.txt`` in a folder, or one file. A line with letters is a paragraph and one example; a
blank line ends a document, and several do so once. Documents are the clusters.
"""

from __future__ import annotations

from collections.abc import Iterable

from crosscal.data.files.lines import read_lines
from crosscal.data.files.naming import file_of
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.texts.running_text import RUNNING_TEXT, TextRow

_NAMES = ("{language}.txt", "{language}.txt.bz2")


def _read(request: Request) -> ParsedFiles:
    parts = []
    for language in request.languages:
        file = file_of(request, language, _NAMES)
        rows = paragraphs(read_lines(file), request.split or "row")
        parts.append(LanguageRows(language=language, file=file, rows=rows))
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(part.file for part in parts)))


def paragraphs(lines: Iterable[tuple[int, str]], prefix: str, *, first: int = 0) -> list[TextRow]:
    """Make rows of the paragraphs of a text.

    Parameters
    ----------
    lines : iterable of (int, str)
        Numbered lines; a blank one ends a document.
    prefix : str
        Begins the names of documents.
    first : int, default 0
        Index of the first row; the first document is numbered so too.

    Returns
    -------
    list of TextRow
        One a line that is not blank; a document is named by its first row.
    """
    rows: list[TextRow] = []
    document = ""
    for number, line in lines:
        if not line.strip():
            document = ""
            continue
        document = document or f"{prefix}-document-{first + len(rows):05d}"
        rows.append(TextRow(first + len(rows), number, line, document))
    return rows


FORMAT = Format(
    schema=RUNNING_TEXT,
    name="text",
    description="running text: {language}.txt or one file; a line is a paragraph, a blank line "
    "ends a document",
    read=_read,
    parallel=False,
)
