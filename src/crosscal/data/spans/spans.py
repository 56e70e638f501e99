"""Rows of the span family: a question, a context, and where the answer stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosscal.data.examples import Answer, SpanExample
from crosscal.data.reader import Problem, Request, Row, RowSchema
from crosscal.data.text import shown, text_problems


@dataclass(frozen=True, slots=True)
class SpanRow(Row):
    """A question about a context; without `cluster`, equal contexts form one."""

    context: str
    question: str
    answers: tuple[Answer, ...] | None  # None if the file does not say


def _problems(row: SpanRow, request: Request, label_map: Mapping[str, str]) -> Iterator[Problem]:
    yield from text_problems("context", row.context)
    yield from text_problems("question", row.question)
    if row.answers is None and request.require_labels:
        yield Problem("the question has no answers", "Choose a split that has answers")
    for answer in row.answers or ():
        yield from text_problems("answer", answer.text)
        end = answer.start + len(answer.text)
        actual = row.context[max(0, answer.start) : max(0, end)]
        if answer.start < 0 or actual != answer.text:
            yield Problem(
                f"the answer '{shown(answer.text)}' does not stand at character {answer.start} "
                f"of its context, where '{shown(actual)}' stands",
                "Offsets count characters (code points) from 0, not bytes",
            )


def _example(
    row: SpanRow, unit: str, cluster: str, language: str, label_map: Mapping[str, str]
) -> SpanExample:
    return SpanExample(
        unit, cluster, language, row.row_id or unit, row.context, row.question, row.answers
    )


SPANS = RowSchema(
    family="span", problems=_problems, cluster_key=lambda row: str(row.context), example=_example
)
