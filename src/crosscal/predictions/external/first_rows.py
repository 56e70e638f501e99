"""The first rows of a file, by which is decided how it is read; and one way to read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.predictions.external.columns import (
    ColumnKind,
    Layout,
    ValueKind,
)
from crosscal.predictions.external.plain_text import plain_text

Floats = NDArray[np.float64]
# Rows of the first ones that must sum to one for columns to be taken for probabilities; a few may
# be faulty, and are then reported as such.
MOSTLY = 0.9


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to read the scores."""

    layout: Layout
    values: tuple[str, ...]
    value_kind: ValueKind | None
    why: str
    option: str  # what a user types to have this reading
    classes: tuple[str, ...] | None = None
    outcome: str | None = None  # of confidences: the column that says right or wrong,
    predicted: str | None = None  # or that of the chosen labels

    @property
    def rank(self) -> int:
        """Scores of all classes say more than those of one, and these than a confidence."""
        return {"list": 0, "classes": 0, "positive": 1, "logit": 1}.get(self.layout, 2)


@dataclass(frozen=True, kw_only=True)
class Head:
    """The first rows of a file."""

    columns: Mapping[str, ColumnKind]
    cells: Mapping[str, Sequence[Any]]
    class_names: Mapping[str, tuple[str, ...]]  # of list columns whose entries have names

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers; NaN where one is missing."""
        return np.array([np.nan if x is None else x for x in self.cells[name]], dtype=np.float64)

    def words(self, name: str) -> set[str]:
        """Return the different values of a column, as plain text."""
        cells = self.cells.get(name, ())
        return {plain_text(x) for x in cells if x is not None and str(x).strip()}

    def matrix(self, names: Sequence[str]) -> Floats:
        """Return columns of numbers side by side."""
        return np.column_stack([self.numbers(name) for name in names])

    def lists(self, name: str) -> Floats | None:
        """Return a list column as a matrix, if its rows have one length."""
        rows = [row for row in self.cells[name] if row is not None]
        if not rows or len({len(row) for row in rows}) > 1:
            return None
        return np.array([[np.nan if x is None else x for x in row] for row in rows], np.float64)

    def example(self, name: str) -> str:
        """Write the first cell of a column that is not empty, as part of a sentence."""
        cells = [str(x) for x in self.cells.get(name, ()) if x is not None and str(x).strip()]
        return f", as {cells[0][:40]!r}" if cells else ""

    def of_kind(self, kind: ColumnKind, but: Collection[str] = ()) -> list[str]:
        """Return the columns of a kind."""
        return [n for n, each in self.columns.items() if each == kind and n not in but]


def are_probabilities(values: Floats) -> bool:
    """Whether rows lie in [0, 1] and sum to one, but for a few."""
    if values.shape[1] < 2 or not len(values):
        return False
    slack = tolerance(values.shape[1])
    inside = ((values >= -slack) & (values <= 1 + slack)).all(axis=1)
    one = np.abs(values.sum(axis=1) - 1) <= slack
    return bool((inside & one).mean() >= MOSTLY)


def tolerance(classes: int) -> float:
    """Return how far probabilities written with three decimals may be from a sum of one."""
    return min(0.01, max(1e-3, classes * 5e-4)) + 1e-9
