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
from crosscal.data.files.hub import hub_table
from crosscal.data.files.naming import hub_files
from crosscal.data.files.parquet import plain_values, texts
from crosscal.data.files.per_language import file_or_folder, read_languages
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS, SpanRow
from crosscal.data.spans.squad import unless_withheld
from crosscal.data.spans.tydiqa import of_language
from crosscal.data.spans.xquad import check_test
from crosscal.exceptions import DataError

_COLUMNS = ("id", "context", "question", "answers")


def _read(request: Request, folders: tuple[str, ...] = ()) -> ParsedFiles:
    return read_languages(
        request,
        lambda request, language: hub_files(request, language, folders),
        _rows,
        root=file_or_folder,
    )


def _rows(file: Path, request: Request) -> list[SpanRow]:
    table = hub_table(file, _COLUMNS)
    columns = [texts(table[name], name, file) for name in _COLUMNS[:3]]
    answers = plain_values(table["answers"], "answers", file)
    return [
        SpanRow(
            number,
            f"row {number}",
            context,
            question,
            unless_withheld(_answers(value, f"{file}:row {number}")),
            row_id=row_id,
        )
        for number, (row_id, context, question, value) in enumerate(
            zip(*columns, answers, strict=True)
        )
    ]


def _answers(value: Any, where: str) -> list[Answer]:
    answer = value if isinstance(value, dict) else {}
    words, starts = answer.get("text"), answer.get("answer_start")
    whole = (
        isinstance(words, list)
        and isinstance(starts, list)
        and len(words) == len(starts)
        and all(isinstance(text, str) for text in words)
        and all(type(start) is int for start in starts)
    )
    if not whole or words is None or starts is None:
        raise DataError(
            "column 'answers' holds no equally long lists 'text' and 'answer_start'",
            where=where,
            remedy="Check that the file is of this data set, and fetch it again",
        )
    return [Answer(text, start) for text, start in zip(words, starts, strict=True)]


def _read_xquad(request: Request) -> ParsedFiles:
    check_test(request)
    # The Hub has the one split as 'validation'.
    validation = replace(request, split="validation")
    return _read(validation, folders=("xquad.{language}", "XQuAD.{language}"))


def _read_tydiqa(request: Request) -> ParsedFiles:
    # All languages lie in one folder or file.
    parsed = _read(replace(request, languages=request.languages[:1]))
    (together,) = parsed.parts
    parts = [
        replace(
            together,
            language=language,
            rows=of_language(together.rows, language, together.file),
        )
        for language in request.languages
    ]
    return replace(parsed, parts=parts)


FORMATS = (
    Format(
        schema=SPANS,
        name="squad-hub",
        description="SQuAD's form from the Hugging Face Hub: {split}-*.parquet with id, context, "
        "question, answers; {language} may stand in the path",
        read=_read,
        hub=True,
        parallel=False,
    ),
    Format(
        schema=SPANS,
        name="xquad-hub",
        description="XQuAD from the Hugging Face Hub: xquad.{language}/validation-*.parquet with "
        "id, context, question, answers",
        read=_read_xquad,
        hub=True,
    ),
    Format(
        schema=SPANS,
        name="tydiqa-hub",
        description="TyDiQA-GoldP from the Hugging Face Hub: {split}-*.parquet of all languages "
        "with id, context, question, answers",
        read=_read_tydiqa,
        hub=True,
        parallel=False,
    ),
)
