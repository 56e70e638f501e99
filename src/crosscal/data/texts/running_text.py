"""Rows of the masked-language-modelling family: pieces of running text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import TextExample
from crosscal.data.reader import ParsedFiles, Problem, Request, RowSchema
from crosscal.data.text import text_problems


@dataclass(frozen=True, slots=True)
class TextRow:
    """One piece of text, not yet checked.

    Attributes
    ----------
    index, where, cluster, row_id
        See `LanguageRows`; the cluster is the document.
    text : str
        The text.
    """

    index: int
    where: int | str
    text: str
    cluster: str | None = None
    row_id: str | None = None


def _problems(row: TextRow, parsed: ParsedFiles, request: Request) -> Iterator[Problem]:
    yield from text_problems("text", row.text)


def _example(
    row: TextRow, unit: str, cluster: str, language: str, parsed: ParsedFiles
) -> TextExample:
    return TextExample(unit, cluster, language, row.text)


RUNNING_TEXT = RowSchema(
    family="masked language modelling",
    problems=_problems,
    shared=lambda row: None,
    example=_example,
)
