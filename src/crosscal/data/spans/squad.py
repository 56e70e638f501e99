"""Format ``squad``: SQuAD v1.1 and v2.0, and whatever has their form, one file a language.

Rajpurkar et al. (2016, 2018). JSON: ``data[].paragraphs[]`` with ``context`` and ``qas[]`` with
``id``, ``question``, ``answers[]`` (``text``, ``answer_start`` in code points) and, in v2.0,
``is_impossible``; ``plausible_answers``, which do not answer the question, are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crosscal.data.examples import Answer
from crosscal.data.files.json_tree import Node, read_json
from crosscal.data.files.naming import file_of, is_folder
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.spans.spans import SPANS, SpanRow
from crosscal.exceptions import SettingsError

_NAMES = ("{split}-v1.1.json", "{split}-v2.0.json", "{split}.json")
# XTREME puts this in place of the answers of its tests, to be no temptation.
_WITHHELD = [Answer("", 0)]


def span_rows(file: Path) -> list[SpanRow]:
    """Read all questions of a file in SQuAD's form.

    Parameters
    ----------
    file : pathlib.Path
        The file.

    Returns
    -------
    list of SpanRow
        In file order; the place of a row is its path in the file. Answers are None where the
        list is missing, empty although nothing says that the question is impossible, or the
        single empty answer at 0 that stands for a withheld one.

    Raises
    ------
    DataError
        If the file is no JSON (with the line) or of another structure (with the path).
    """
    rows: list[SpanRow] = []
    for article in read_json(file).key("data").items():
        for paragraph in article.key("paragraphs").items():
            context = paragraph.key("context").text()
            for question in paragraph.key("qas").items():
                rows.append(
                    SpanRow(
                        index=len(rows),
                        where=question.place,
                        context=context,
                        question=question.key("question").text(),
                        answers=_answers(question),
                        row_id=question.key("id").text(),
                    )
                )
    return rows


def answers_given(answers: list[Answer]) -> tuple[Answer, ...] | None:
    """Return answers, or None if they are the placeholder of withheld ones.

    Parameters
    ----------
    answers : list of Answer
        As in the file.

    Returns
    -------
    tuple of Answer or None
        All of them.
    """
    return None if answers == _WITHHELD else tuple(answers)


def _answers(question: Node) -> tuple[Answer, ...] | None:
    listed = question.optional("answers")
    flag = question.optional("is_impossible")
    answers = [] if listed is None else list(_each(listed))
    if flag is None:
        return answers_given(answers) if answers else None
    if flag.flag() == bool(answers):
        says = "answers, but is_impossible is true"
        raise question.fault(
            f"the question has {says if answers else 'no answers, but is_impossible is false'}",
            "Correct one of the two",
        )
    return answers_given(answers)


def _each(listed: Node) -> Iterator[Answer]:
    for answer in listed.items():
        yield Answer(answer.key("text").text(), answer.key("answer_start").whole())


def _read(request: Request) -> ParsedFiles:
    path = request.path
    assert path is not None
    if "{" not in str(path) and is_folder(path) and request.split is not None:
        names = [name.replace("{split}", request.split) for name in _NAMES]
        there = [name for name in names if (path / name).exists()]
        if len(there) > 1:
            raise SettingsError(
                f"{' and '.join(there)} are both there",
                where=str(path),
                remedy="Name one of them: they are different data",
            )
    files = [file_of(request, language, _NAMES) for language in request.languages]
    parts = [
        LanguageRows(language=language, file=file, rows=span_rows(file))
        for language, file in zip(request.languages, files, strict=True)
    ]
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(files)))


FORMAT = Format(
    schema=SPANS,
    name="squad",
    description="SQuAD v1.1 or v2.0: {split}-v1.1.json, {split}-v2.0.json, or any file in their "
    "form; {split} and {language} may stand in the path",
    read=_read,
    parallel=False,
)
