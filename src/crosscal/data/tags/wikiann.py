"""Format ``wikiann``: WikiANN (PAN-X) as its authors publish it.

Pan et al. (2017). ``{language}/{split}`` or ``{language}-{split}`` without extension holds
language:word TAB tag, a blank line between sentences. The language is checked and removed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crosscal.data.files.per_language import file_format
from crosscal.data.reader import Request
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.data.tags.word_lines import Line, tag_rows, word_lines
from crosscal.data.text import shown
from crosscal.exceptions import DataError


def _rows(file: Path, request: Request) -> list[TagRow]:
    prefix = f"{request.languages[0]}:"
    sentences = list(word_lines(file))
    for sentence in sentences:
        for line in sentence:
            _check_prefix(line, prefix, file)
    return [
        replace(row, words=tuple(word.removeprefix(prefix) for word in row.words))
        for row in tag_rows(iter(sentences))
    ]


def _check_prefix(line: Line, prefix: str, file: Path) -> None:
    number, cells = line
    if not cells[0].startswith(prefix):
        raise DataError(
            f"the word '{shown(cells[0])}' does not begin with '{prefix}'",
            where=f"{file}:{number}",
            remedy="Check the language; files without languages are read in format 'conll'",
        )


FORMAT = file_format(
    TAGS,
    "wikiann",
    "WikiANN (PAN-X) as published: {language}/{split} or {language}-{split}, language:word TAB "
    "tag, blank line between sentences",
    ("{language}/{split}", "{language}-{split}", "{split}"),
    _rows,
)
