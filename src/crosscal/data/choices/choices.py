"""Rows of the multiple-choice family: a context, a question, options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import ChoiceExample
from crosscal.data.reader import ParsedFiles, Problem, Request, RowSchema
from crosscal.data.text import text_problems


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One row of a file, not yet checked.

    Attributes
    ----------
    index, where, cluster, row_id
        See `LanguageRows`; without `cluster`, rows with equal context form one,
        and rows without context stand alone.
    context, question : str
        Either may be empty, not both.
    options : tuple of str
        The options.
    answer : int or None
        Zero-based place of the right option; None if the file says that there is none.
    """

    index: int
    where: int | str
    context: str
    question: str
    options: tuple[str, ...]
    answer: int | None
    cluster: str | None = None
    row_id: str | None = None


def _problems(row: ChoiceRow, parsed: ParsedFiles, request: Request) -> Iterator[Problem]:
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
    row: ChoiceRow, unit: str, cluster: str, language: str, parsed: ParsedFiles
) -> ChoiceExample:
    return ChoiceExample(
        unit, cluster, language, row.context, row.question, row.options, row.answer
    )


CHOICES = RowSchema(
    family="multiple choice",
    problems=_problems,
    shared=lambda row: row.context if row.context.strip() else None,
    example=_example,
)
