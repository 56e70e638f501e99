"""Exact nearest neighbours by cosine, in blocks: no index, and memory that does not grow.

Matrix products in float32 only propose candidates. Every pair that could be among the k nearest,
given how far such a product can be off, is computed again in float64, always by the same
additions in the same order, and only that decides. So the result depends on the rows alone:
not on block sizes, threads, the BLAS library, or how rows come in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosscal.exceptions import DataError, SettingsError
from crosscal.tasks.retrieval.vectors import (
    Blocks,
    Floats,
    Rows,
    Stream,
    check_block,
    parts,
    unit_blocks,
)

BLOCK = 1024
_NONE = np.iinfo(np.int64).max
# Numbers in float64 at once, where cosines are computed again: 8 MB, three times over.
_NUMBERS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The k nearest candidates of n queries, nearest first.

    Attributes
    ----------
    indices : ndarray of int64, shape (n, k)
        Rows of the candidates.
    cosines : ndarray of float64, shape (n, k)
        In float64, of rows that were divided by their length and rounded to float32; so equal
        rows may miss 1 by 1e-7. Of equal cosines the lowest index comes first.
    """

    indices: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float64]


def nearest(queries: Stream, candidates: Rows, k: int, *, block: int = BLOCK) -> Neighbours:
    """Find the k candidates that are nearest to each query; the same for every `block`.

    Queries are read once, candidates once for every block of queries. Memory beside the result is
    some 11 bytes times ``block ** 2``, six times that where all candidates are equally near.
    """
    ahead, _ = _scan(queries, candidates, (k, 0), block)
    return ahead


def nearest_both(
    queries: Stream, candidates: Rows, k: tuple[int, int], *, block: int = BLOCK
) -> tuple[Neighbours, Neighbours]:
    """Find k[0] candidates of each query and k[1] queries of each candidate, in one pass."""
    return _scan(queries, candidates, k, block)


class _Best:
    """The k best of all that was offered to n rows so far, with their cosines in float64."""

    def __init__(self, rows: int, k: int) -> None:
        self.indices = np.full((rows, k), _NONE, dtype=np.int64)
        self.cosines = np.full((rows, k), -np.inf)

    def offer(self, products: Floats, mine: Floats, others: Floats, first: int) -> None:
        """Take in the candidates of a block, whose first has index `first`; blocks ascend."""
        floor = self._floor(products, _slack(mine.shape[1]))
        row, column = _true(products >= floor[:, None])
        if len(row):
            self._merge(row, column + first, _cosines(mine, others, row, column))

    def _floor(self, products: Floats, slack: float) -> Floats:
        """Return the least product with which a candidate can be among the k best of its row."""
        k = self.cosines.shape[1]
        floor = self.cosines[:, -1] - slack
        if products.shape[1] >= k and np.isneginf(floor).any():
            # k candidates of this block have at least its k-th product less the slack.
            kth = products.shape[1] - k
            floor = np.maximum(floor, np.partition(products, kth, axis=1)[:, kth] - 2 * slack)
        return np.nextafter(floor.astype(np.float32), np.float32(-np.inf))

    def _merge(
        self,
        row: npt.NDArray[np.int64],
        indices: npt.NDArray[np.int64],
        cosines: npt.NDArray[np.float64],
    ) -> None:
        """Keep the k best of what there was and what came to the rows `row`."""
        k = self.indices.shape[1]
        changed = np.unique(row)
        row = np.concatenate([np.repeat(changed, k), row])
        indices = np.concatenate([self.indices[changed].ravel(), indices])
        cosines = np.concatenate([self.cosines[changed].ravel(), cosines])
        order = np.lexsort((indices, -cosines, row))
        starts = np.searchsorted(row[order], changed)
        best = order[starts[:, None] + np.arange(k)]
        self.indices[changed], self.cosines[changed] = indices[best], cosines[best]


def _true(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return rows and columns of what is true; many times faster than `numpy.nonzero`."""
    if not mask.flags.c_contiguous:
        column, row = _true(mask.T)
        return row, column
    return np.divmod(np.flatnonzero(mask), mask.shape[1])


def _slack(dimensions: int) -> float:
    """Bound on the error of a float32 dot product of unit rows, whatever the order of additions."""
    sums = dimensions * 2.0**-24
    return 1.001 * sums / (1 - sums) + 1e-30


def _cosines(
    mine: Floats, others: Floats, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the dot products of pairs in float64, each by the same additions wherever it stands.

    The products of two float32 numbers are exact, and `sum` along contiguous rows adds in an
    order that depends on their length alone.
    """
    cosines = np.empty(len(row))
    step = max(1, _NUMBERS // mine.shape[1])
    for start in range(0, len(row), step):
        part = slice(start, start + step)
        left = mine[row[part]].astype(np.float64)
        cosines[part] = (left * others[column[part]]).sum(axis=1)
    return cosines


def _scan(
    queries: Stream, candidates: Rows, k: tuple[int, int], block: int
) -> tuple[Neighbours, Neighbours]:
    """Find k[0] candidates of every query and k[1] queries of every candidate; 0 finds none."""
    _check(queries, candidates, k, block)
    ahead: list[_Best] = []
    behind: list[_Best] = []
    for start, mine in unit_blocks(queries, block, "queries"):
        ahead.append(_Best(len(mine), k[0]))
        for number, (first, others) in enumerate(unit_blocks(candidates, block, "candidates")):
            if mine.shape[1] != others.shape[1]:
                raise DataError(
                    f"queries of {mine.shape[1]} dimensions, candidates of {others.shape[1]}",
                    where="candidates",
                    remedy="Embed both sides with the same encoder",
                )
            products = mine @ others.T
            if start == 0:
                behind.append(_Best(len(others), k[1]))
            if k[0]:
                ahead[-1].offer(products, mine, others, first)
            if k[1]:
                behind[number].offer(products.T, others, mine, start)
    _check_count("queries", sum(len(best.indices) for best in ahead), k[1])
    return _joined(ahead), _joined(behind)


def _check(queries: Stream, candidates: Rows, k: tuple[int, int], block: int) -> None:
    check_block(block)
    if not isinstance(candidates, Blocks):
        raise SettingsError(
            f"candidates come as {type(candidates).__name__}, which can be read only once",
            where="candidates",
            remedy="Save them with numpy.save and open the file with mmap_mode='r', or let the "
            "other side be the candidates",
        )
    if min(k) < 0 or max(k) < 1:
        raise SettingsError(f"{max(k)} neighbours", where="k", remedy="Ask for 1 or more")
    for name, rows, neighbours in (("candidates", candidates, k[0]), ("queries", queries, k[1])):
        if isinstance(rows, Blocks) and (count := sum(map(len, parts(rows)))):
            _check_count(name, count, neighbours)


def _check_count(side: str, rows: int, k: int) -> None:
    if k > rows:
        raise SettingsError(
            f"{k} neighbours were asked for, but there are {rows} {side}",
            where="k",
            remedy="Ask for fewer neighbours",
        )


def _joined(parts: list[_Best]) -> Neighbours:
    return Neighbours(
        indices=np.concatenate([part.indices for part in parts]),
        cosines=np.concatenate([part.cosines for part in parts]),
    )
