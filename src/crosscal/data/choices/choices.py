"""Rows of the multiple-choice family: a context, a question, options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import ChoiceExample
from crosscal.data.reader import Fault, Kind, Raw, Request
from crosscal.data.text import text_faults


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One row of a file, not yet checked.

    Attributes
    ----------
    index, where, cluster, identity
        See `crosscal.data.reader.Part`; without `cluster`, rows with equal context form one,
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
    identity: str | None = None


def _faults(row: ChoiceRow, raw: Raw, request: Request) -> Iterator[Fault]:
    if not row.context.strip() and not row.question.strip():
        yield Fault("context and question are both empty", "Fill in one of them")
    yield from text_faults("context", row.context, may_be_empty=True)
    yield from text_faults("question", row.question, may_be_empty=True)
    count = len(row.options)
    if count < 2:
        yield Fault(
            f"{count} option{'s' * (count != 1)}, at least 2 are needed",
            "Complete the row or remove it",
        )
    for number, option in enumerate(row.options):
        yield from text_faults(f"option {number}", option)
    if row.answer is None:
        if request.require_labels:
            yield Fault("the row has no answer", "Choose a split that has answers")
    elif not 0 <= row.answer < count:
        yield Fault(
            f"answer {row.answer} of {count} options",
            f"Answers are counted from 0: it must be 0 to {count - 1}",
        )


def _example(row: ChoiceRow, unit: str, cluster: str, language: str, raw: Raw) -> ChoiceExample:
    return ChoiceExample(
        unit, cluster, language, row.context, row.question, row.options, row.answer
    )


CHOICES = Kind(
    family="multiple choice",
    faults=_faults,
    shared=lambda row: row.context if row.context.strip() else None,
    example=_example,
)
