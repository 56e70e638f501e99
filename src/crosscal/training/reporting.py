"""How training says how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol


class ReportProgress(Protocol):
    """Called with what is done, the total, and how it goes, in words."""

    def __call__(self, done: int, total: int, note: str = "", /) -> None:
        """Hear it."""


class RecentLoss:
    """The mean loss of the last steps."""

    def __init__(self, steps: int = 20) -> None:
        self._losses: deque[float] = deque(maxlen=steps)

    def add(self, loss: float) -> None:
        """Count another step."""
        self._losses.append(loss)

    def words(self, evaluations: Sequence[Mapping[str, float]]) -> str:
        """Say the loss, and the last development scores if there are any."""
        loss = f"loss {sum(self._losses) / len(self._losses):.2f}" if self._losses else ""
        return ", ".join(filter(None, [loss, development_words(evaluations[-1:])]))


def development_words(evaluations: Sequence[Mapping[str, float]]) -> str:
    """Say the accuracy on the development examples; nothing of none."""
    return "".join(f"development accuracy {100 * e['accuracy']:.1f} %" for e in evaluations)
