"""Format ``tydiqa-goldp``: the gold-passage task of TyDi QA, in SQuAD's form.

Clark et al. (2020). Published as ``tydiqa-goldp-v1.1-{split}.json`` with all languages in one
file, where an id begins with the name of its language (``arabic-2387335860751143628-1``), and
``tydiqa-goldp-dev-{name}.json``; XTREME has ``tydiqa.goldp.{language}.{split}.json``. XTREME cuts
the ids of its training files down to their last number, which then repeats: these are no ids and
are not used. It also empties the answers of the development files, its tests.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crosscal.data.files.naming import file_of, is_folder
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS, SpanRow
from crosscal.data.spans.squad import span_rows
from crosscal.exceptions import DataError
from crosscal.languages import LANGUAGES
from crosscal.spelling import did_you_mean

_CODES = {entry.name.lower(): code for code, entry in LANGUAGES.items()}
_FOLDERS = ("", "tydiqa-goldp-v1.1-{split}/")
_FILES = (
    "tydiqa.goldp.{language}.{split}.json",
    "tydiqa.{language}.{split}.json",
    "tydiqa-goldp-{split}-{name}.json",
)
_NAMES = (
    *(folder + file for folder in _FOLDERS for file in _FILES),
    "tydiqa-goldp-v1.1-{split}.json",
)


def of_language(rows: list[SpanRow], language: str, file: Path) -> list[SpanRow]:
    """Return the questions of one language, told by their ids.

    Parameters
    ----------
    rows : list of SpanRow
        Of a file with one language or several.
    language : str
        Code.
    file : pathlib.Path
        For the message.

    Returns
    -------
    list of SpanRow
        Numbered anew. Where no id names a language these are all rows, without ids if all
        are mere numbers.

    Raises
    ------
    DataError
        If ids name languages, but not in every row, or not this one.
    """
    named = [_CODES.get((row.row_id or "").partition("-")[0]) for row in rows]
    found = {code for code in named if code is not None}
    if not found:
        numbers = all((row.row_id or "").isdecimal() for row in rows)
        return [replace(row, row_id=None) for row in rows] if numbers else rows
    if None in named:
        row = rows[named.index(None)]
        raise DataError(
            "the id does not begin with the name of a language, as others of the file do",
            where=f"{file}:{row.where}",
            remedy="Fetch the file again",
        )
    if rows and language not in found:
        raise DataError(
            f"the file has no questions in language '{language}'",
            where=str(file),
            remedy=did_you_mean(language, sorted(code for code in found if code)),
        )
    own = [row for row, code in zip(rows, named, strict=True) if code == language]
    return [replace(row, index=index) for index, row in enumerate(own)]


def _read(request: Request) -> ParsedFiles:
    path = request.path
    assert path is not None
    rows: dict[Path, list[SpanRow]] = {}
    parts = []
    for language in request.languages:
        file = path
        if "{" in str(path) or is_folder(path):
            entry = LANGUAGES.get(language)
            name = entry.name.lower() if entry else language
            # One file holds all languages, or each has its own.
            alone = replace(request, languages=(language,))
            file = file_of(alone, language, _NAMES, name=name)
        if file not in rows:
            rows[file] = span_rows(file)
        parts.append(
            LanguageRows(language=language, file=file, rows=of_language(rows[file], language, file))
        )
    return ParsedFiles(parts=parts, files=tuple(rows))


FORMAT = Format(
    schema=SPANS,
    name="tydiqa-goldp",
    description="TyDiQA-GoldP: tydiqa-goldp-v1.1-{split}.json of all languages, or one file a "
    "language: tydiqa.goldp.{language}.{split}.json (XTREME)",
    read=_read,
    parallel=False,
)
