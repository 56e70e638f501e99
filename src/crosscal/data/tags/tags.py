"""Rows of the tagging family: a sentence in words, a tag a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crosscal.data.examples import TagExample
from crosscal.data.reader import ParsedFiles, Problem, Request, RowSchema
from crosscal.data.text import shown, text_problems
from crosscal.spelling import did_you_mean


@dataclass(frozen=True, slots=True)
class TagRow:
    """One sentence, not yet checked.

    Attributes
    ----------
    index, where, cluster, row_id
        See `LanguageRows`; a sentence stands alone. `where` is its first line.
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
    row_id: str | None = None


def _problems(row: TagRow, parsed: ParsedFiles, request: Request) -> Iterator[Problem]:
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
        elif known and parsed.label_map.get(tag, tag) not in known:
            yield Problem(
                f"unknown tag '{shown(tag)}' of the word '{shown(word)}'",
                did_you_mean(tag, request.labels),
            )


def _example(
    row: TagRow, unit: str, cluster: str, language: str, parsed: ParsedFiles
) -> TagExample:
    tags = None
    if row.tags is not None:
        tags = tuple(parsed.label_map.get(tag, tag) for tag in row.tags)
    return TagExample(unit, cluster, language, row.words, tags)


TAGS = RowSchema(family="tagging", problems=_problems, shared=lambda row: None, example=_example)
