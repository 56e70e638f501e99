"""Format ``masakhaner``: MasakhaNER as its authors publish it, in ten languages of Africa.

Adelani et al. (2021). ``{code}/{split}.txt`` with word and tag, a space between, and a blank line
between sentences. Folders are named by codes of three letters, on the Hub too: ``swa`` is Swahili.
"""

from __future__ import annotations

from crosscal.data.files.naming import file_of
from crosscal.data.files.published import check_languages
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.tags.tags import TAGS
from crosscal.data.tags.word_lines import tag_rows, word_lines

FOLDERS = {
    "am": "amh",
    "ha": "hau",
    "ig": "ibo",
    "lg": "lug",
    "luo": "luo",
    "pcm": "pcm",
    "rw": "kin",
    "sw": "swa",
    "wo": "wol",
    "yo": "yor",
}
"""Language to the name of its folder."""


def _read(request: Request) -> ParsedFiles:
    check_languages(request, tuple(FOLDERS), "masakhaner")
    parts = []
    for language in request.languages:
        file = file_of(request, language, ("{code}/{split}.txt",), code=FOLDERS[language])
        parts.append(
            LanguageRows(language=language, file=file, rows=tag_rows(word_lines(file, None)))
        )
    return ParsedFiles(parts=parts, files=tuple(part.file for part in parts))


FORMAT = Format(
    schema=TAGS,
    name="masakhaner",
    description="MasakhaNER: folder of {code}/{split}.txt, word SPACE tag, blank line between "
    "sentences; codes of three letters are found for its languages",
    read=_read,
    parallel=False,
)
