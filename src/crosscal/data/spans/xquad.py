"""Format ``xquad``: XQuAD, translations of part of SQuAD, one file a language.

Artetxe et al. (2020). ``xquad.{language}.json`` in SQuAD's form: 1,190 questions about 240
paragraphs, the same in all languages. It has one split, a test.
"""

from __future__ import annotations

from crosscal.data.files.naming import file_of
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS
from crosscal.data.spans.squad import span_rows
from crosscal.exceptions import SettingsError


def check_test(request: Request) -> None:
    """Refuse to hand out XQuAD as training or development data.

    Parameters
    ----------
    request : Request
        What is asked.

    Raises
    ------
    SettingsError
        If another split than the test is asked for.
    """
    if request.split not in (None, "test", "validation"):
        raise SettingsError(
            f"XQuAD has no split '{request.split}'",
            where="split",
            remedy="It is all 'test' (the Hub calls it 'validation'); train and develop on SQuAD",
        )


def _read(request: Request) -> ParsedFiles:
    check_test(request)
    parts = []
    for language in request.languages:
        file = file_of(request, language, ("xquad.{language}.json",))
        parts.append(LanguageRows(language=language, file=file, rows=span_rows(file)))
    return ParsedFiles(parts=parts, files=tuple(part.file for part in parts))


FORMAT = Format(
    schema=SPANS,
    name="xquad",
    description="XQuAD: folder of xquad.{language}.json in SQuAD's form; the same questions in "
    "every language",
    read=_read,
)
