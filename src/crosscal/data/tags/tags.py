"""Rows of the tagging family: a sentence in words, a tag a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosscal.data.examples import TagExample
from crosscal.data.reader import Problem, Request, Row, RowSchema
from crosscal.data.text import shown, text_problems
from crosscal.spelling import did_you_mean


@dataclass(frozen=True, slots=True)
class TagRow(Row):
    """A sentence, which stands alone; `where` is its first line."""

    words: tuple[str, ...]
    tags: tuple[str, ...] | None  # None if the file says that there are none


def _problems(row: TagRow, request: Request, label_map: Mapping[str, str]) -> Iterator[Problem]:
    if not row.words:
        yield Problem("the sentence has no words", "Remove the sentence")
    for number, word in enumerate(row.words):
        yield from text_problems(f"word {number} of the sentence", word)
    if row.tags is None:
        if request.require_labels:
            yield Problem("the sentence has no tags", "Choose a split that has tags")
        return
    if len(row.tags) != len(row.words):
        yield Problem(f"{len(row.tags)} tags for {len(row.words)} words", "Give each word one tag")
    known = set(request.labels)
    for word, tag in zip(row.words, row.tags, strict=False):
        if not tag:
            yield Problem(f"the word '{shown(word)}' has an empty tag", "Give each word one tag")
        elif known and label_map.get(tag, tag) not in known:
            yield Problem(
                f"unknown tag '{shown(tag)}' of the word '{shown(word)}'",
                did_you_mean(tag, request.labels),
            )


def _example(
    row: TagRow, unit: str, cluster: str, language: str, label_map: Mapping[str, str]
) -> TagExample:
    tags = None
    if row.tags is not None:
        tags = tuple(label_map.get(tag, tag) for tag in row.tags)
    return TagExample(unit, cluster, language, row.words, tags)


TAGS = RowSchema(family="tagging", problems=_problems, example=_example, same_units=False)
