"""Format ``mlqa``: MLQA with question and context in the same language.

Lewis et al. (2020). ``{split}-context-{language}-question-{language}.json`` in SQuAD's form, in
the folder given, or in ``{split}`` or ``MLQA_V1/{split}`` within it (as archives unpack, and as
XTREME has it). Questions across languages are read in format ``squad``, whose path may say
``test-context-en-question-{language}.json``. Its languages share only some of their questions.
"""

from __future__ import annotations

from crosscal.data.files.naming import file_of
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS
from crosscal.data.spans.squad import span_rows

_FILE = "{split}-context-{language}-question-{question}.json"
_NAMES = (_FILE, "{split}/" + _FILE, "MLQA_V1/{split}/" + _FILE)


def _read(request: Request) -> ParsedFiles:
    parts = []
    for language in request.languages:
        file = file_of(request, language, _NAMES, question=language)
        parts.append(LanguageRows(language=language, file=file, rows=span_rows(file)))
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(part.file for part in parts)))


FORMAT = Format(
    schema=SPANS,
    name="mlqa",
    description="MLQA, same-language pairs: {split}-context-{language}-question-{language}.json, "
    "also in {split}/ or MLQA_V1/{split}/",
    read=_read,
    parallel=False,
)
