"""What the data doctor sees of an example, whatever its family: texts, labels, what must agree.

One function a type of example; everything that is checked is checked on its result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crosscal.data.examples import (
    ChoiceExample,
    PairExample,
    SentenceExample,
    SpanExample,
    TagExample,
    TextExample,
)

Severity = Literal["error", "warning", "note"]
# Severity, kind, message, unit ids.
Oddity = tuple[Severity, str, str, list[str]]


@dataclass(frozen=True, slots=True)
class Content:
    """What an example holds, whatever its family."""

    unit_id: str
    cluster_id: str
    texts: tuple[str, ...]  # in a fixed order; equal texts make duplicates
    labels: tuple[str, ...]  # what is counted: the label, a tag a word; empty without any
    gold: object  # what duplicates should agree in
    shared_gold: object  # what translations should agree in; None if they need not
    side: str = ""  # examples on different sides are no duplicates; empty where there is one


@dataclass(frozen=True, kw_only=True)
class View:
    """How the examples of one type are looked at and spoken of."""

    content: Callable[[Any], Content]
    noun: str  # what an example is, for messages
    gold: str = "label"  # what its gold is called; duplicates have "the same" or "another" one
    labelled: str | None = None  # what has a class of its own: "row", "word"; None if nothing has
    balanced: bool = False  # whether a label ten times rarer than another is worth a warning
    counted: bool = True  # whether labels, of whatever sort, are counted
    may_be_empty: int = 0  # how many of the first texts may be empty
    leading: str | None = None  # what the first text is called, if a cluster shares it


def view_of(example: object) -> View:
    """Return how an example is looked at."""
    single = isinstance(example, PairExample) and example.text_b is None
    return _SINGLE if single else _VIEWS[type(example)]


def contents(examples: Sequence[Any]) -> list[Content]:
    """Return what examples of one type hold."""
    content = view_of(examples[0]).content
    return [content(example) for example in examples]


def _pair(e: PairExample) -> Content:
    labels = () if e.label is None else (e.label,)
    texts = (e.text_a,) if e.text_b is None else (e.text_a, e.text_b)
    return Content(e.unit_id, e.cluster_id, texts, labels, e.label, e.label)


def _choice(e: ChoiceExample) -> Content:
    labels = () if e.answer is None else (str(e.answer),)
    texts = (e.context, e.question, *e.options)
    return Content(e.unit_id, e.cluster_id, texts, labels, e.answer, e.answer)


def _span(e: SpanExample) -> Content:
    answerable = None
    if e.answers is not None:
        answerable = "answerable" if e.answers else "unanswerable"
    labels = () if answerable is None else (answerable,)
    texts = (e.context, e.question)
    return Content(e.unit_id, e.cluster_id, texts, labels, e.answers, answerable)


def _tags(e: TagExample) -> Content:
    return Content(e.unit_id, e.cluster_id, (" ".join(e.words),), e.tags or (), e.tags, None)


def _sentence(e: SentenceExample) -> Content:
    labels: tuple[str, ...] = ()
    if e.partners is not None:
        labels = ("with partner" if e.partners else "without partner",)
    side = "English" if e.english else "other"
    return Content(e.unit_id, e.cluster_id, (e.text,), labels, e.partners, None, side)


def _text(e: TextExample) -> Content:
    return Content(e.unit_id, e.cluster_id, (e.text,), (), None, None)


_SINGLE = View(content=_pair, noun="text", labelled="row", balanced=True)
_VIEWS: dict[type, View] = {
    PairExample: View(content=_pair, noun="pair", labelled="row", balanced=True, leading="premise"),
    ChoiceExample: View(
        content=_choice,
        noun="question",
        gold="answer",
        labelled="row",
        balanced=True,
        may_be_empty=2,
        leading="context",
    ),
    SpanExample: View(content=_span, noun="question", gold="answer", leading="context"),
    TagExample: View(content=_tags, noun="sentence", gold="tagging", labelled="word"),
    SentenceExample: View(content=_sentence, noun="sentence", gold="translation"),
    TextExample: View(content=_text, noun="text", counted=False),
}
