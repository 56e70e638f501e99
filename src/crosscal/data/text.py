"""What any text of any example must be."""

from __future__ import annotations

from collections.abc import Iterator

from crosscal.data.files.json_tree import NOT_TEXT
from crosscal.data.reader import Problem

_SHOWN = 60


def text_problems(name: str, text: str, *, may_be_empty: bool = False) -> Iterator[Problem]:
    """Yield what is wrong with a text: empty or blank, a NUL character, half a surrogate pair."""
    if not may_be_empty and not text.strip():
        yield Problem(f"the {name} is empty", "Fill in or remove the row")
    if NOT_TEXT.search(text):
        yield Problem(
            f"the {name} holds a NUL character or half a surrogate pair",
            "The text was damaged when it was converted; fetch the file again",
        )


def shown(text: str) -> str:
    """Shorten a text to fit into a message."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
