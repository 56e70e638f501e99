"""A fine histogram of confidences, and what can be told from it with a bound on the error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from crosscal.calibration.streaming.exact_sums import ExactSums

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

# As in `smooth_ece`: ten halvings, and nothing below this.
_HALVINGS, _LEAST_BANDWIDTH = 10, 0.001


@dataclass(frozen=True, kw_only=True)
class Approximation:
    """A value, and how far from the exact one it can be at most."""

    value: float
    # of the smooth error: against its definition, at the same bandwidth. The function
    # `smooth_ece` keeps the grid of relplot, on which rows at 0 or 1 weigh half, so it may
    # lie further off: by up to 0.03 where confidences are saturated
    bound: float


@dataclass(frozen=True, kw_only=True)
class FineHistogram:
    """Rows, right rows and confidence in each of many cells of equal width."""

    count: Longs  # (cells,)
    right: Longs
    sums: ExactSums  # of confidence

    @classmethod
    def zeros(cls, cells: int) -> FineHistogram:
        """Return a histogram of nothing."""
        none = np.zeros(cells, dtype=np.int64)
        return cls(count=none, right=none, sums=ExactSums.zeros(cells))

    def plus(self, confidence: Floats, correct: NDArray[np.bool_]) -> FineHistogram:
        """Add at most 65,536 rows."""
        size = len(self.count)
        cell = np.minimum((confidence * size).astype(np.intp), size - 1)
        return FineHistogram(
            count=self.count + np.bincount(cell, minlength=size),
            right=self.right + np.bincount(cell[correct], minlength=size),
            sums=self.sums.plus(cell, confidence),
        )

    def __add__(self, other: FineHistogram) -> FineHistogram:
        return FineHistogram(
            count=self.count + other.count,
            right=self.right + other.right,
            sums=self.sums + other.sums,
        )

    def measures(self, bins: int) -> dict[str, Approximation]:
        """Return approximations of ece_mass, smooth_ece and, where defined, auroc."""
        filled = np.flatnonzero(self.count)
        excess = np.zeros(len(self.count))
        filled_sums = ExactSums(high=self.sums.high[filled], low=self.sums.low[filled])
        excess[filled] = (filled_sums.floats() - self.right[filled]) / self.count.sum()
        approximations = {"ece_mass": self._mass(excess, bins), "smooth_ece": self._smooth(excess)}
        right, wrong = self.right[filled], (self.count - self.right)[filled]
        if right.any() and wrong.any():
            approximations["auroc"] = _auroc(right.astype(np.float64), wrong.astype(np.float64))
        return approximations

    def _mass(self, excess: Floats, bins: int) -> Approximation:
        """Cut at cells instead of rows: a cell that holds a cut is kept whole."""
        n = int(self.count.sum())
        running = np.cumsum(self.count)
        parts = min(bins, n)
        # As numpy.array_split: the first parts are one larger. A cut lies after so many rows.
        sizes = np.full(parts, n // parts) + (np.arange(parts) < n % parts)
        cuts = np.cumsum(sizes)[:-1]
        cell = np.unique(np.searchsorted(running, cuts))
        # A cut that falls between two cells cuts as the rows do.
        inside = ~np.isin(running[cell], cuts) | self._many_cuts(cuts, running)[cell]
        edges = np.unique(np.append(cell + 1, len(excess)))
        totals = np.add.reduceat(excess, np.concatenate([[0], edges[:-1]]))
        # Moving a cell's rows into one bin changes the sum of absolute values by at most twice
        # their share.
        bound = 2.0 * float(self.count[cell[inside]].sum() / n)
        return Approximation(value=float(np.abs(totals).sum()), bound=bound)

    def _many_cuts(self, cuts: Longs, running: Longs) -> NDArray[np.bool_]:
        """Return which cells hold more than one cut."""
        return np.bincount(np.searchsorted(running, cuts), minlength=len(running)) > 1

    def _smooth(self, excess: Floats) -> Approximation:
        """Smooth the excess by the reflected Gaussian kernel, a product of cosine transforms."""
        cells = len(excess)
        spectrum = fft.dct(excess, norm="ortho")
        decay = 0.5 * (np.pi * np.arange(cells)) ** 2

        def error(bandwidth: float) -> float:
            smoothed = fft.idct(spectrum * np.exp(-decay * bandwidth**2), norm="ortho")
            return float(np.abs(smoothed).sum())

        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if middle < _LEAST_BANDWIDTH or middle < error(middle):
                low = middle
            else:
                high = middle
        # Every row lies within half a cell of its cell's middle, and the kernel moved by d differs
        # from itself by at most d sqrt(2 / pi) / bandwidth in the mean. The kernel is reflected
        # without end; that of `smooth_ece` reaches half a unit to either side, which is seen at
        # bandwidths above 0.2 only.
        bound = 0.5 / cells * np.sqrt(2 / np.pi) / high
        return Approximation(value=error(high), bound=float(bound))

    def to_lists(self) -> list[list[int]]:
        """Return the cells with rows, for JSON."""
        filled = np.flatnonzero(self.count)
        arrays = (self.count, self.right, self.sums.high, self.sums.low)
        return [filled.tolist(), *(each[filled].tolist() for each in arrays)]

    @classmethod
    def from_lists(cls, lists: list[list[int]], cells: int) -> FineHistogram:
        """Read what `to_lists` wrote; raise ValueError or IndexError for anything else."""
        filled, *rest = (np.array(each, dtype=np.int64) for each in lists)
        arrays = np.zeros((4, cells), dtype=np.int64)
        for array, values in zip(arrays, rest, strict=True):
            array[filled] = values
        return cls(count=arrays[0], right=arrays[1], sums=ExactSums(high=arrays[2], low=arrays[3]))


def _auroc(right: Floats, wrong: Floats) -> Approximation:
    """Count pairs of one cell half: they may all be one way or the other."""
    pairs = right.sum() * wrong.sum()
    below = np.cumsum(wrong) - wrong
    same = float((right * wrong).sum() / pairs)
    return Approximation(value=float((right * below).sum() / pairs) + same / 2, bound=same / 2)
