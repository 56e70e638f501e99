"""Format ``conll``: a word and its tag a line, as CoNLL-2003 and MasakhaNER have it.

The first column is the word and the last one the tag; others (part of speech and chunk in
CoNLL-2003) are not read. Columns are separated by a tab, or by spaces if the file has no tab.
"""

from __future__ import annotations

from crosscal.data.files.naming import file_of
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.tags.tags import TAGS
from crosscal.data.tags.word_lines import tag_rows, word_lines

_NAMES = ("{split}.txt", "{split}.conll", "{split}.tsv")


def _read(request: Request) -> ParsedFiles:
    files = [file_of(request, language, _NAMES) for language in request.languages]
    parts = [
        LanguageRows(language=language, file=file, rows=tag_rows(word_lines(file, None)))
        for language, file in zip(request.languages, files, strict=True)
    ]
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(files)))


FORMAT = Format(
    schema=TAGS,
    name="conll",
    description="word and tag as first and last column (tabs, or spaces), blank line between "
    "sentences; {split} and {language} may stand in the path",
    read=_read,
    parallel=False,
)
