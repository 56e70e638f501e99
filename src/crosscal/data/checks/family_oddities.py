"""What is odd about examples of one family alone: tags out of order, answers with loose ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from crosscal.data.checks.content import Oddity
from crosscal.data.examples import ChoiceExample, PairExample, SpanExample, TagExample

_IOB = re.compile("O|[BI]-.+")


def family_oddities(rows: Sequence[Any]) -> list[Oddity]:
    """Look at the examples of one language."""
    check = _CHECKS.get(type(rows[0]))
    return [oddity for oddity in check(rows) if oddity[3]] if check else []


def _pairs(rows: Sequence[PairExample]) -> list[Oddity]:
    same = [row.unit_id for row in rows if row.text_a == row.text_b]
    return [("note", "equal texts", "both texts of the pair are the same", same)]


def _choices(rows: Sequence[ChoiceExample]) -> list[Oddity]:
    same = [row.unit_id for row in rows if len(set(row.options)) < len(row.options)]
    return [("warning", "equal options", "two options are the same", same)]


def _spans(rows: Sequence[SpanExample]) -> list[Oddity]:
    without = [row.unit_id for row in rows if row.answers == ()]
    loose = [
        row.unit_id
        for row in rows
        if any(answer.text != answer.text.strip() for answer in row.answers or ())
    ]
    share = f"{len(without) / len(rows):.0%} of questions have no answer in their context"
    return [
        ("note", "unanswerable", share, without),
        ("note", "loose answer", "an answer begins or ends with white space", loose),
    ]


def _tags(rows: Sequence[TagExample]) -> list[Oddity]:
    if not all(_IOB.fullmatch(tag) for row in rows for tag in row.tags or ()):
        return []
    inconsistent = [row for row in rows if iob_breaks(row.tags or ())]
    message = "an I- tag follows no tag of its type, so that where its entity begins is a guess"
    if inconsistent and not any(_begins_with_b(row.tags or ()) for row in rows):
        message = "entities begin with I-: B- stands only between two of a type (IOB1)"
    return [("note", "inconsistent IOB", message, [row.unit_id for row in inconsistent])]


def iob_breaks(tags: Sequence[str]) -> list[int]:
    """Return the places at which an entity begins with an I- tag.

    Examples
    --------
    >>> iob_breaks(["I-PER", "I-PER", "O", "B-LOC", "I-ORG"])
    [0, 4]
    """
    before = ["O", *tags]
    return [
        index
        for index, tag in enumerate(tags)
        if tag.startswith("I-") and before[index][1:] != tag[1:]
    ]


def _begins_with_b(tags: Sequence[str]) -> bool:
    before = ["O", *tags]
    return any(
        tag.startswith("B-") and before[index][1:] != tag[1:] for index, tag in enumerate(tags)
    )


_CHECKS: dict[type, Callable[[Sequence[Any]], list[Oddity]]] = {
    PairExample: _pairs,
    ChoiceExample: _choices,
    SpanExample: _spans,
    TagExample: _tags,
}
