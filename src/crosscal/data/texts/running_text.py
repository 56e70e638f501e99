"""Rows of the masked-language-modelling family: pieces of running text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosscal.data.examples import TextExample
from crosscal.data.reader import Problem, Request, Row, RowSchema
from crosscal.data.text import text_problems


@dataclass(frozen=True, slots=True)
class TextRow(Row):
    """A piece of running text; the cluster is the document."""

    text: str


def _problems(row: TextRow, request: Request, label_map: Mapping[str, str]) -> Iterator[Problem]:
    yield from text_problems("text", row.text)


def _example(
    row: TextRow, unit: str, cluster: str, language: str, label_map: Mapping[str, str]
) -> TextExample:
    return TextExample(unit, cluster, language, row.text)


RUNNING_TEXT = RowSchema(
    family="masked language modelling",
    problems=_problems,
    example=_example,
)
