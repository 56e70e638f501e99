"""Features: sums of confidence minus outcome, over bins or a grid, that are linear in rows.

Every calibration error here is the length of such a vector of sums. So bootstrap replicates of
all errors are one product with the matrix of cluster weights, and errors of calibrated samples
one product with drawn outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from crosscal.calibration.binning import Bins

Floats = NDArray[np.float64]

# Rows looked at together, so that memory does not grow with them.
_CHUNK = 200_000


@dataclass(frozen=True, kw_only=True)
class Binned:
    """Columns of bins."""

    bins: Bins
    above: float = -1.0  # rows whose confidence is not above this add nothing

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.bins)

    def columns_of(self, confidence: Floats) -> list[tuple[NDArray[np.intp], Floats]]:
        """Return the column each row adds to, and how much of it."""
        return [(self.bins.index(confidence), (confidence > self.above).astype(np.float64))]


@dataclass(frozen=True, kw_only=True)
class Gridded:
    """Columns of a grid on [0, 1]; a row is split between the two points next to it."""

    points: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.points

    def columns_of(self, confidence: Floats) -> list[tuple[NDArray[np.intp], Floats]]:
        """Return the columns each row adds to, and how much of it."""
        position = confidence * (self.points - 1)
        below = np.minimum(position.astype(np.intp), self.points - 2)
        share = position - below
        return [(below, 1.0 - share), (below + 1, share)]


@dataclass(frozen=True, kw_only=True)
class Above:
    """One column: the rows at or above a threshold."""

    threshold: float
    width: int = 1

    def columns_of(self, confidence: Floats) -> list[tuple[NDArray[np.intp], Floats]]:
        """Return column 0 for each row, and whether it counts."""
        column = np.zeros(len(confidence), dtype=np.intp)
        return [(column, (confidence >= self.threshold).astype(np.float64))]


Columns = Binned | Gridded | Above


@dataclass(frozen=True, kw_only=True)
class BinaryView:
    """One confidence of each row, whether what it is about is true, and the columns over it."""

    # confidence, correct: (n,)
    confidence: Floats
    correct: Floats
    columns: Sequence[Columns]
    # (n,): of a uniform number: what the view is about is true if it lies in [low, high). Classes
    # of a row have ranges side by side, so that exactly one is right
    range: tuple[Floats, Floats]
    # if_right, if_wrong: (n,): expected `correct` if the row's prediction were right, or wrong
    if_right: Floats
    if_wrong: Floats
    weights: Floats | None = None  # (n,), of mean 1: how much each row adds; None: all as much

    @property
    def width(self) -> int:
        """Number of columns together."""
        return sum(each.width for each in self.columns)

    def slices(self) -> list[slice]:
        """Return where each of the columns lies among all."""
        ends = np.cumsum([0, *(each.width for each in self.columns)]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    def features(self, rows: slice | NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
        """Return the columns rows add to and how much, both (rows, places of a row)."""
        indices, values = [], []
        for each, at in zip(self.columns, self.slices(), strict=True):
            for index, value in each.columns_of(self.confidence[rows]):
                indices.append(index + at.start)
                values.append(value)
        amounts = np.stack(values, axis=1)
        if self.weights is not None:
            amounts *= self.weights[rows, None]
        return np.stack(indices, axis=1), amounts

    def cluster_sums(self, row_values: Floats, cluster: NDArray[np.intp], clusters: int) -> Floats:
        """Sum values of rows over each cluster and column; shape (clusters, width)."""
        sums = np.zeros(clusters * self.width)
        for rows in chunks(len(self.confidence)):
            index, value = self.features(rows)
            cells = cluster[rows, None] * self.width + index
            weights = (row_values[rows, None] * value).ravel()
            sums += np.bincount(cells.ravel(), weights=weights, minlength=len(sums))
        return np.asarray(sums.reshape(clusters, self.width))

    def column_sums(self, *row_values: Floats) -> Floats:
        """Sum several values of rows over each column; shape (number of values, width)."""
        sums = np.zeros((len(row_values), self.width))
        for rows in chunks(len(self.confidence)):
            index, value = self.features(rows)
            for number, each in enumerate(row_values):
                weights = (each[rows, None] * value).ravel()
                sums[number] += np.bincount(index.ravel(), weights=weights, minlength=self.width)
        return sums

    def matrix(self, rows: slice) -> csr_array:
        """Return the features of rows, shape (width, rows); float32 where they are counts."""
        index, value = self.features(rows)
        ends = np.arange(0, index.size + 1, index.shape[1])
        shape = (len(index), self.width)
        amounts = value.astype(np.float32) if self.weights is None else value
        by_row = csr_array((amounts.ravel(), index.ravel(), ends), shape=shape)
        matrix: csr_array = by_row.T.tocsr()
        return matrix


def chunks(n: int, size: int = _CHUNK) -> Iterator[slice]:
    """Yield parts of n rows."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


@lru_cache(maxsize=32)  # of many groups most have the same few bandwidths
def smoothing(points: int, bandwidth: float) -> Floats:
    """Return the matrix that smooths a grid on [0, 1] as `smooth_ece` does, nearly."""
    # The absolute values of a smoothed excess sum to the error. Fewer points than there serve (25
    # to 257): they lie half a bandwidth apart.
    at = np.linspace(0.0, 1.0, int(np.clip(np.ceil(2.0 / bandwidth), 24, 256)) + 1)
    grid = np.linspace(0.0, 1.0, points)[:, None]
    kernel = sum(
        np.exp(-0.5 * (distance / bandwidth) ** 2)
        for distance in (grid - at, grid + at, 2.0 - grid - at)
    )
    return np.asarray(kernel / np.sum(kernel, axis=1, keepdims=True))


@lru_cache(maxsize=1)
def laplace_root(points: int, bandwidth: float) -> Floats:
    """Return L with ``L @ L.T`` the kernel of `kernel_error` between points of a grid."""
    grid = np.linspace(0.0, 1.0, points)
    return np.asarray(np.linalg.cholesky(np.exp(-np.abs(grid[:, None] - grid) / bandwidth)))
