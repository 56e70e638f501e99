"""Shared by the tests of translation: translators that need nothing installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from crosscal.data.examples import ChoiceExample, PairExample, TextExample


@dataclass
class Fake:
    """A translator by a function on one text; remembers what it was asked."""

    function: Callable[[str], str] = str.upper
    source: str = "en"
    target: str = "es"
    name: str = "fake"
    identity: str = "fake 1"
    asked: list[list[str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"calls": 0})

    def translate(self, texts: Sequence[str]) -> list[str]:
        self.asked.append(list(texts))
        self.counts["calls"] += 1
        return [self.function(text) for text in texts]


class LosesALine(Fake):
    def translate(self, texts):
        return super().translate(texts)[1:]


class ReturnsNone(Fake):
    def translate(self, texts):
        return [None] * len(texts)


class Surrogates(Fake):
    def translate(self, texts):
        return ["\ud800"] * len(texts)


def pair(number: int, text_a: str, text_b: str, language: str = "en") -> PairExample:
    return PairExample(f"train-{number:05d}", f"c{number}", language, text_a, text_b, "neutral")


@pytest.fixture
def pairs() -> list[PairExample]:
    texts = [("A cat.", "A dog."), ("A cat.", "No cat at all."), ("Two\nlines", "قطة 猫 แมว")]
    return [pair(number, *both) for number, both in enumerate(texts)]


@pytest.fixture
def choices() -> list[ChoiceExample]:
    return [
        ChoiceExample("t-0", "c0", "en", "", "Where?", ("here", "there", "nowhere"), 1),
        ChoiceExample("t-1", "c1", "en", "It rains.", "", ("here", "so we leave"), None),
    ]


@pytest.fixture
def running_text() -> list[TextExample]:
    return [TextExample("t-0", "d0", "en", "Some text."), TextExample("t-1", "d0", "en", "More.")]
