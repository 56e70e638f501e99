"""Rows of the masked-language-modelling family: pieces of running text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import TextExample
from crosscal.data.reader import Fault, Kind, Raw, Request
from crosscal.data.text import text_faults


@dataclass(frozen=True, slots=True)
class TextRow:
    """One piece of text, not yet checked.

    Attributes
    ----------
    index, where, cluster, identity
        See `crosscal.data.reader.Part`; the cluster is the document.
    text : str
        The text.
    """

    index: int
    where: int | str
    text: str
    cluster: str | None = None
    identity: str | None = None


def _faults(row: TextRow, raw: Raw, request: Request) -> Iterator[Fault]:
    yield from text_faults("text", row.text)


def _example(row: TextRow, unit: str, cluster: str, language: str, raw: Raw) -> TextExample:
    return TextExample(unit, cluster, language, row.text)


RUNNING_TEXT = Kind(
    family="masked language modelling",
    faults=_faults,
    shared=lambda row: None,
    example=_example,
)
