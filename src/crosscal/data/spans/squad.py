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
from crosscal.data.files.layout import is_folder
from crosscal.data.files.per_language import file_format
from crosscal.data.reader import Request
from crosscal.data.spans.spans import SPANS, SpanRow
from crosscal.exceptions import SettingsError

_NAMES = ("{split}-v1.1.json", "{split}-v2.0.json", "{split}.json")
# XTREME puts this in place of the answers of its tests, to be no temptation.
_WITHHELD = [Answer("", 0)]


def span_rows(file: Path, request: Request | None = None) -> list[SpanRow]:
    """Read all questions of a file in SQuAD's form; a row's `where` is its path in the file.

    Answers are None where the list is missing, empty although nothing says that the question is
    impossible, or the single empty answer at 0 that stands for a withheld one.
    """
    rows: list[SpanRow] = []
    for article in read_json(file).key("data").items():
        for paragraph in article.key("paragraphs").items():
            context = paragraph.key("context").text()
            for question in paragraph.key("qas").items():
                rows.append(
                    SpanRow(
                        index=len(rows),
                        where=question.location,
                        context=context,
                        question=question.key("question").text(),
                        answers=_answers(question),
                        row_id=question.key("id").text(),
                    )
                )
    return rows


def unless_withheld(answers: list[Answer]) -> tuple[Answer, ...] | None:
    """Return answers, or None if they are the placeholder of withheld ones."""
    return None if answers == _WITHHELD else tuple(answers)


def _answers(question: Node) -> tuple[Answer, ...] | None:
    answer_list = question.optional("answers")
    flag = question.optional("is_impossible")
    answers = [] if answer_list is None else list(_each(answer_list))
    if flag is None:
        return unless_withheld(answers) if answers else None
    if flag.flag() == bool(answers):
        says = "answers, but is_impossible is true"
        raise question.fault(
            f"the question has {says if answers else 'no answers, but is_impossible is false'}",
            "Correct one of the two",
        )
    return unless_withheld(answers)


def _each(answer_list: Node) -> Iterator[Answer]:
    for answer in answer_list.items():
        yield Answer(answer.key("text").text(), answer.key("answer_start").whole())


def _check_one_version(request: Request) -> None:
    path = request.source
    if "{" not in str(path) and is_folder(path) and request.split is not None:
        names = [name.replace("{split}", request.split) for name in _NAMES]
        present = [name for name in names if (path / name).exists()]
        if len(present) > 1:
            raise SettingsError(
                f"{' and '.join(present)} are both there",
                where=str(path),
                remedy="Name one of them: they are different data",
            )


FORMAT = file_format(
    SPANS,
    "squad",
    "SQuAD v1.1 or v2.0: {split}-v1.1.json, {split}-v2.0.json, or any file in their form; {split} "
    "and {language} may stand in the path",
    _NAMES,
    span_rows,
    check=_check_one_version,
)
