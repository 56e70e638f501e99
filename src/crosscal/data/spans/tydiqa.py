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

from crosscal.data.files.layout import is_folder
from crosscal.data.files.naming import file_of
from crosscal.data.files.per_language import read_languages
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS, SpanRow
from crosscal.data.spans.squad import span_rows
from crosscal.exceptions import DataError
from crosscal.languages import LANGUAGES, find_language
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
    """Return the questions of one language, named at the beginning of their ids, numbered anew.

    Where no id names a language these are all rows, without ids if all are mere numbers.
    """
    codes = [_CODES.get((row.row_id or "").partition("-")[0]) for row in rows]
    known = {code for code in codes if code is not None}
    if not known:
        numbers = all((row.row_id or "").isdecimal() for row in rows)
        return [replace(row, row_id=None) for row in rows] if numbers else rows
    if None in codes:
        row = rows[codes.index(None)]
        raise DataError(
            "the id does not begin with the name of a language, as others of the file do",
            where=f"{file}:{row.where}",
            remedy="Fetch the file again",
        )
    if rows and language not in known:
        raise DataError(
            f"the file has no questions in language '{language}'",
            where=str(file),
            remedy=did_you_mean(language, sorted(code for code in known if code)),
        )
    own = [row for row, code in zip(rows, codes, strict=True) if code == language]
    return [replace(row, index=index) for index, row in enumerate(own)]


def _read(request: Request) -> ParsedFiles:
    rows_of: dict[Path, list[SpanRow]] = {}

    def rows(file: Path, request: Request) -> list[SpanRow]:
        if file not in rows_of:
            rows_of[file] = span_rows(file)
        return of_language(rows_of[file], request.languages[0], file)

    return read_languages(request, _files, rows)


def _files(request: Request, language: str) -> list[Path]:
    path = request.source
    if "{" not in str(path) and not is_folder(path):
        return [path]
    entry = find_language(language)
    name = entry.name.lower() if entry else language
    # One file holds all languages, or each has its own.
    alone = replace(request, languages=(language,))
    return [file_of(alone, language, _NAMES, name=name)]


FORMAT = Format(
    schema=SPANS,
    name="tydiqa-goldp",
    description="TyDiQA-GoldP: tydiqa-goldp-v1.1-{split}.json of all languages, or one file a "
    "language: tydiqa.goldp.{language}.{split}.json (XTREME)",
    read=_read,
    parallel=False,
)
