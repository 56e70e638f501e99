"""Formats ``squad-hub``, ``xquad-hub``, ``tydiqa-hub``: questions on the Hugging Face Hub.

Parquet with columns id, context, question and answers, a struct of two lists, ``text`` and
``answer_start``. An empty list of answers means that the context does not answer the question
(SQuAD v2.0). XQuAD has a folder a language, TyDiQA-GoldP all of them in one.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from crosscal.data.examples import Answer
from crosscal.data.files.columns_hub import hub_files
from crosscal.data.files.parquet import plain_values, read_table, texts
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS, SpanRow
from crosscal.data.spans.squad import answers_given
from crosscal.data.spans.tydiqa import of_language
from crosscal.data.spans.xquad import check_test
from crosscal.exceptions import DataError

_COLUMNS = ("id", "context", "question", "answers")


def _read(request: Request, *, folders: tuple[str, ...] = ()) -> ParsedFiles:
    parts = []
    read: dict[Path, None] = {}
    for language in request.languages:
        part, files = _part(request, language, folders)
        parts.append(part)
        read |= dict.fromkeys(files)
    return ParsedFiles(parts=parts, files=tuple(read))


def _part(
    request: Request, language: str, folders: tuple[str, ...]
) -> tuple[LanguageRows, list[Path]]:
    files = hub_files(request, language, folders)
    source = files[0] if len(files) == 1 else files[0].parent
    rows: list[SpanRow] = []
    for file in files:
        before = "" if file == source else f"{file.name}:"
        table = read_table(file, _COLUMNS)
        columns = [texts(table[name], name, file) for name in _COLUMNS[:3]]
        answers = plain_values(table["answers"], "answers", file)
        for number, (row_id, context, question, given) in enumerate(
            zip(*columns, answers, strict=True)
        ):
            where = f"row {number}"
            rows.append(
                SpanRow(
                    index=len(rows),
                    where=before + where,
                    context=context,
                    question=question,
                    answers=answers_given(_answers(given, f"{file}:{where}")),
                    row_id=row_id,
                )
            )
    return LanguageRows(language=language, file=source, rows=rows), files


def _answers(value: Any, where: str) -> list[Answer]:
    found = value if isinstance(value, dict) else {}
    given, starts = found.get("text"), found.get("answer_start")
    whole = (
        isinstance(given, list)
        and isinstance(starts, list)
        and len(given) == len(starts)
        and all(isinstance(text, str) for text in given)
        and all(type(start) is int for start in starts)
    )
    if not whole or given is None or starts is None:
        raise DataError(
            "column 'answers' holds no equally long lists 'text' and 'answer_start'",
            where=where,
            remedy="Check that the file is of this data set, and fetch it again",
        )
    return [Answer(text, start) for text, start in zip(given, starts, strict=True)]


def _read_xquad(request: Request) -> ParsedFiles:
    check_test(request)
    # The Hub has the one split as 'validation'.
    validation = replace(request, split="validation")
    return _read(validation, folders=("xquad.{language}", "XQuAD.{language}"))


def _read_tydiqa(request: Request) -> ParsedFiles:
    # All languages lie in one folder or file.
    together = replace(request, languages=request.languages[:1])
    whole, files = _part(together, together.languages[0], ())
    parts = [
        LanguageRows(
            language=language,
            file=whole.file,
            rows=of_language(whole.rows, language, whole.file),
        )
        for language in request.languages
    ]
    return ParsedFiles(parts=parts, files=tuple(files))


FORMATS = (
    Format(
        schema=SPANS,
        name="squad-hub",
        description="SQuAD's form from the Hugging Face Hub: {split}-*.parquet with id, context, "
        "question, answers; {language} may stand in the path",
        read=_read,
        parallel=False,
    ),
    Format(
        schema=SPANS,
        name="xquad-hub",
        description="XQuAD from the Hugging Face Hub: xquad.{language}/validation-*.parquet with "
        "id, context, question, answers",
        read=_read_xquad,
    ),
    Format(
        schema=SPANS,
        name="tydiqa-hub",
        description="TyDiQA-GoldP from the Hugging Face Hub: {split}-*.parquet of all languages "
        "with id, context, question, answers",
        read=_read_tydiqa,
        parallel=False,
    ),
)
