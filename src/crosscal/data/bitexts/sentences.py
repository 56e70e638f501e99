"""Rows of the retrieval family: sentences of two sides, and which translate which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import SentenceExample
from crosscal.data.reader import ParsedFiles, Problem, Request, RowSchema
from crosscal.data.text import text_problems


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """One sentence, not yet checked.

    Attributes
    ----------
    index, where, cluster, row_id
        See `LanguageRows`; the other-language side comes first, the English side
        goes on counting. Translations of each other share a cluster.
    english : bool
        Which side.
    sentence_id : str
        The file's own id.
    text : str
        The sentence.
    partners : tuple of int or None
        Indices of the rows that translate it; None if the files do not say.
    """

    index: int
    where: int | str
    english: bool
    sentence_id: str
    text: str
    partners: tuple[int, ...] | None
    cluster: str | None = None
    row_id: str | None = None


def _problems(row: SentenceRow, parsed: ParsedFiles, request: Request) -> Iterator[Problem]:
    yield from text_problems("sentence", row.text)
    if row.partners is None and request.require_labels:
        yield Problem("the sentence has no gold translation", "Choose a split that has gold pairs")


def _example(
    row: SentenceRow, unit: str, cluster: str, language: str, parsed: ParsedFiles
) -> SentenceExample:
    partners = None
    if row.partners is not None:
        prefix, digits = unit.rsplit("-", 1)
        partners = tuple(f"{prefix}-{partner:0{len(digits)}d}" for partner in row.partners)
    return SentenceExample(
        unit, cluster, language, row.english, row.sentence_id, row.text, partners
    )


SENTENCES = RowSchema(
    family="retrieval", problems=_problems, shared=lambda row: None, example=_example
)
