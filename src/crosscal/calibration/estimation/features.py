"""Features: sums of confidence minus outcome, over bins or a grid, that are linear in rows.

Every calibration error here is the length of such a vector of sums. So bootstrap replicates of
all errors are one product with the matrix of cluster weights, and errors of calibrated samples
one product with drawn outcomes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
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
class BinaryView(ABC):
    """One confidence of each row, whether what it is about is true, and the columns over it."""

    confidence: Floats  # (n,)
    columns: Sequence[Columns]
    weights: Floats | None = None  # (n,), of mean 1: how much each row adds; None: all as much

    @abstractmethod
    def outcome(self, rows: slice) -> Floats:
        """Return whether what the view is about is true."""
        ...

    @abstractmethod
    def outcome_if(self, rows: slice) -> tuple[Floats, Floats]:
        """Return the outcome to expect if the row's prediction were right, and if wrong."""
        ...

    @property
    def correct(self) -> Floats:
        """The outcomes of all rows."""
        return self.outcome(slice(0, len(self.confidence)))

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

    def cluster_sums(
        self, cluster: NDArray[np.intp], clusters: int, row_values: Floats | None = None
    ) -> Floats:
        """Sum the excess, or other values of rows, over clusters and columns: (clusters, width)."""
        sums = np.zeros(clusters * self.width)
        for rows in chunks(len(self.confidence)):
            index, value = self.features(rows)
            cells = np.multiply(cluster[rows, None], self.width, dtype=np.intp) + index
            each = self.excess(rows) if row_values is None else row_values[rows]
            weights = (each[:, None] * value).ravel()
            sums += np.bincount(cells.ravel(), weights=weights, minlength=len(sums))
        return np.asarray(sums.reshape(clusters, self.width))

    def both_sums(self, cluster: NDArray[np.intp], clusters: int) -> tuple[Floats, Floats]:
        """Return `cluster_sums`, and over columns (3, width) what is to be expected.

        That is the sums of confidences, and of outcomes if right, and if wrong.
        """
        excess, expected = np.zeros(clusters * self.width), np.zeros((3, self.width))
        for rows in chunks(len(self.confidence)):
            index, value = self.features(rows)
            self._add(expected, index, value, (self.confidence[rows], *self.outcome_if(rows)))
            cells = np.multiply(cluster[rows, None], self.width, dtype=np.intp) + index
            weights = (self.excess(rows)[:, None] * value).ravel()
            excess += np.bincount(cells.ravel(), weights=weights, minlength=len(excess))
        return excess.reshape(clusters, self.width), expected

    def excess_sums(self, moved: BinaryView) -> Floats:
        """Sum the excess of the same rows at other confidences over columns, shape (width,)."""
        sums = np.zeros((1, self.width))
        for rows in chunks(len(self.confidence)):
            self._add(sums, *self.features(rows), (moved.excess(rows),))
        return np.asarray(sums[0])

    def excess(self, rows: slice) -> Floats:
        """Return confidence minus outcome."""
        return np.asarray(self.confidence[rows] - self.outcome(rows))

    def _add(
        self, sums: Floats, index: NDArray[np.intp], value: Floats, rows: Sequence[Floats]
    ) -> None:
        """Add values of rows to sums over the columns that `features` returned."""
        for total, each in zip(sums, rows, strict=True):
            weights = (each[:, None] * value).ravel()
            total += np.bincount(index.ravel(), weights=weights, minlength=self.width)

    def cells(self) -> Cells:
        """Return what tells rows apart: no two columns divide the rows of a cell."""
        edges = [np.ones(1)]
        for each in self.columns:
            if isinstance(each, Binned):
                edges += [each.bins.upper, np.full(1, max(0.0, each.above))]
            elif isinstance(each, Above):
                edges.append(np.nextafter([each.threshold], 0.0))
        upper = np.unique(np.concatenate(edges))
        bins = Bins(upper=upper[upper > 0])
        member = np.zeros((self.width, len(bins)))
        grids = []
        for each, at in zip(self.columns, self.slices(), strict=True):
            if isinstance(each, Gridded):
                grids.append((each, at))
                continue
            # The upper edge belongs to its cell.
            for index, value in each.columns_of(bins.upper):
                member[at.start + index, np.arange(len(bins))] = value
        return Cells(view=self, bins=bins, member=member, grids=grids)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A division of a view's rows that all its bins are made of, and its grids."""

    view: BinaryView
    bins: Bins
    member: Floats  # (width of the view, cells): how much of a cell each column has
    grids: Sequence[tuple[Gridded, slice]]

    @property
    def width(self) -> int:
        """Number of cells, and of points of grids."""
        return len(self.bins) + sum(grid.width for grid, _ in self.grids)

    def matrix(self, rows: slice) -> csr_array:
        """Return the cells and points of rows, (width, rows); float32 without weights."""
        confidence, weights = self.view.confidence[rows], self.view.weights
        indices, values = [self.bins.index(confidence)], [np.ones(len(confidence))]
        start = len(self.bins)
        for grid, _ in self.grids:
            for index, value in grid.columns_of(confidence):
                indices.append(index + start)
                values.append(value)
            start += grid.width
        amounts: Floats | NDArray[np.float32] = np.stack(values, axis=1)
        amounts = amounts.astype(np.float32) if weights is None else amounts * weights[rows, None]
        index = np.stack(indices, axis=1, dtype=np.int32)
        ends = np.arange(0, index.size + 1, index.shape[1])
        shape = (len(index), self.width)
        matrix: csr_array = csr_array((amounts.ravel(), index.ravel(), ends), shape=shape).T.tocsr()
        return matrix

    def columns(self, sums: Floats) -> Floats:
        """Return sums over the view's columns, from those over cells and points."""
        whole = np.asarray(self.member @ sums[: len(self.bins)])
        start = len(self.bins)
        for grid, at in self.grids:
            whole[at] = sums[start : start + grid.width]
            start += grid.width
        return whole


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
