"""Rows of the tagging family: a sentence in words, a tag a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import TagExample
from crosscal.data.reader import Fault, Kind, Raw, Request
from crosscal.data.text import shown, text_faults
from crosscal.spelling import did_you_mean


@dataclass(frozen=True, slots=True)
class TagRow:
    """One sentence, not yet checked.

    Attributes
    ----------
    index, where, cluster, identity
        See `crosscal.data.reader.Part`; a sentence stands alone. `where` is its first line.
    words : tuple of str
        The words.
    tags : tuple of str or None
        None if the file says that there are none.
    """

    index: int
    where: int | str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None
    cluster: str | None = None
    identity: str | None = None


def _faults(row: TagRow, raw: Raw, request: Request) -> Iterator[Fault]:
    if not row.words:
        yield Fault("the sentence has no words", "Remove the sentence")
    for number, word in enumerate(row.words):
        yield from text_faults(f"word {number} of the sentence", word)
    if row.tags is None:
        if request.require_labels:
            yield Fault("the sentence has no tags", "Choose a split that has tags")
        return
    if len(row.tags) != len(row.words):
        yield Fault(f"{len(row.tags)} tags for {len(row.words)} words", "Give each word one tag")
    known = set(request.labels)
    for word, tag in zip(row.words, row.tags, strict=False):
        if not tag:
            yield Fault(f"the word '{shown(word)}' has an empty tag", "Give each word one tag")
        elif known and raw.spellings.get(tag, tag) not in known:
            yield Fault(
                f"unknown tag '{shown(tag)}' of the word '{shown(word)}'",
                did_you_mean(tag, request.labels),
            )


def _example(row: TagRow, unit: str, cluster: str, language: str, raw: Raw) -> TagExample:
    tags = None
    if row.tags is not None:
        tags = tuple(raw.spellings.get(tag, tag) for tag in row.tags)
    return TagExample(unit, cluster, language, row.words, tags)


TAGS = Kind(family="tagging", faults=_faults, shared=lambda row: None, example=_example)
