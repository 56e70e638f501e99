"""The axes that wanted errors look at, and where their columns lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.excess import Axis
from crosscal.calibration.estimation.functionals import LOOKS_AT, Source, make_columns

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Axes over the same rows.

    Attributes
    ----------
    axes : sequence of Axis
    names : sequence of sequences of str
        Names of each axis' columns, as `LOOKS_AT` has them.
    ranges : sequence of (low, high), each of shape (n,)
        See `calibrated_excess`.
    """

    axes: Sequence[Axis]
    names: Sequence[Sequence[str]]
    ranges: Sequence[tuple[Floats, Floats]]

    def sources(self, sums: Sequence[Floats]) -> dict[str, list[Source]]:
        """Return what each name stands for, given each axis' cluster sums."""
        found, done = defaultdict(list), 0
        for axis, names, each in zip(self.axes, self.names, sums, strict=True):
            for name, columns, part in zip(names, axis.columns, axis.slices(), strict=True):
                source = Source(
                    axis=axis, columns=columns, sums=each[:, part], start=done + part.start
                )
                found[name].append(source)
            done += axis.width
        return dict(found)


def collect(
    wanted: Sequence[str],
    confidence: Floats,
    correct: Floats,
    probabilities: Floats,
    right: NDArray[np.int64],
    *,
    bins: int,
    sure: float,
) -> Collected:
    """Return the axes that errors of these names look at: the notion's, and each class's.

    Parameters
    ----------
    wanted : sequence of str
        Keys of `LOOKS_AT`.
    confidence, correct : ndarray of shape (n,)
        Of the notion.
    probabilities : ndarray of shape (n, k)
    right : ndarray of int, shape (n,)
    bins : int
    sure : float
        The threshold of overconfident errors.
    """
    names = list(dict.fromkeys(LOOKS_AT[name] for name in wanted))
    by_class = [name for name in names if name.startswith("class ")]
    of_notion = [name for name in names if name not in by_class]
    parts = []
    if of_notion:
        nothing = np.zeros_like(confidence)
        parts.append((confidence, correct, of_notion, (nothing, confidence)))
    if by_class:
        ends = np.cumsum(probabilities, axis=1)
        for number, column in enumerate(probabilities.T):
            low = ends[:, number - 1] if number else np.zeros(len(ends))
            # Where rounding leaves the last end short of 1.
            high = ends[:, number] if number < len(ends.T) - 1 else np.full(len(ends), 2.0)
            is_right = (right == number).astype(np.float64)
            parts.append((np.ascontiguousarray(column), is_right, by_class, (low, high)))
    return Collected(
        axes=[
            Axis(
                confidence=c,
                correct=y,
                columns=[make_columns(name, c, y, bins=bins, threshold=sure) for name in named],
            )
            for c, y, named, _ in parts
        ],
        names=[named for _, _, named, _ in parts],
        ranges=[span for *_, span in parts],
    )
