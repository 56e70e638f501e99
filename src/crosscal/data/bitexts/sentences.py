"""Rows of the retrieval family: sentences of two sides, and which translate which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosscal.data.examples import SentenceExample
from crosscal.data.reader import Problem, Request, Row, RowSchema
from crosscal.data.text import text_problems


@dataclass(frozen=True, slots=True)
class SentenceRow(Row):
    """A sentence of a pair of languages; the English side goes on counting after the other."""

    english: bool
    sentence_id: str
    text: str
    partners: tuple[int, ...] | None  # indices of its translations; None if the files do not say


def _problems(
    row: SentenceRow, request: Request, label_map: Mapping[str, str]
) -> Iterator[Problem]:
    yield from text_problems("sentence", row.text)
    if row.partners is None and request.require_labels:
        yield Problem("the sentence has no gold translation", "Choose a split that has gold pairs")


def _example(
    row: SentenceRow, unit: str, cluster: str, language: str, label_map: Mapping[str, str]
) -> SentenceExample:
    partners = None
    if row.partners is not None:
        prefix, digits = unit.rsplit("-", 1)
        partners = tuple(f"{prefix}-{partner:0{len(digits)}d}" for partner in row.partners)
    return SentenceExample(
        unit, cluster, language, row.english, row.sentence_id, row.text, partners
    )


SENTENCES = RowSchema(family="retrieval", problems=_problems, example=_example)
