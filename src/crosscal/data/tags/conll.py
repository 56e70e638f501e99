"""Format ``conll``: a word and its tag a line, as CoNLL-2003 and MasakhaNER have it.

The first column is the word and the last one the tag; others (part of speech and chunk in
CoNLL-2003) are not read. Columns are separated by a tab, or by spaces if the file has no tab.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.files.per_language import file_format
from crosscal.data.reader import Request
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.data.tags.word_lines import tag_rows, word_lines


def conll_rows(file: Path, request: Request) -> list[TagRow]:
    """Read the sentences of one file."""
    return tag_rows(word_lines(file, None))


FORMAT = file_format(
    TAGS,
    "conll",
    "word and tag as first and last column (tabs, or spaces), blank line between sentences; "
    "{split} and {language} may stand in the path",
    ("{split}.txt", "{split}.conll", "{split}.tsv"),
    conll_rows,
)
