"""Rows of the multiple-choice family: a context, a question, options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosscal.data.examples import ChoiceExample
from crosscal.data.reader import Problem, Request, Row, RowSchema
from crosscal.data.text import text_problems


@dataclass(frozen=True, slots=True)
class ChoiceRow(Row):
    """A question and its options; without `cluster`, rows with equal context form one."""

    context: str  # context and question may be empty, not both
    question: str
    options: tuple[str, ...]
    answer: int | None  # index of the right option; None if the file says that there is none


def _problems(row: ChoiceRow, request: Request, label_map: Mapping[str, str]) -> Iterator[Problem]:
    if not row.context.strip() and not row.question.strip():
        yield Problem("context and question are both empty", "Fill in one of them")
    yield from text_problems("context", row.context, may_be_empty=True)
    yield from text_problems("question", row.question, may_be_empty=True)
    count = len(row.options)
    if count < 2:
        yield Problem(
            f"{count} option{'s' * (count != 1)}, at least 2 are needed",
            "Complete the row or remove it",
        )
    for number, option in enumerate(row.options):
        yield from text_problems(f"option {number}", option)
    if row.answer is None:
        if request.require_labels:
            yield Problem("the row has no answer", "Choose a split that has answers")
    elif not 0 <= row.answer < count:
        yield Problem(
            f"answer {row.answer} of {count} options",
            f"Answers are counted from 0: it must be 0 to {count - 1}",
        )


def _example(
    row: ChoiceRow, unit: str, cluster: str, language: str, label_map: Mapping[str, str]
) -> ChoiceExample:
    return ChoiceExample(
        unit, cluster, language, row.context, row.question, row.options, row.answer
    )


CHOICES = RowSchema(
    family="multiple choice",
    problems=_problems,
    cluster_key=lambda row: row.context if row.context.strip() else None,
    example=_example,
)
