"""Which confidence falls in which bin."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.rows import row_parts, stable_order
from crosscal.calibration.sample_weights import of_some_weight
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Edges = Literal["right", "left"]
Scheme = Literal["width", "mass"]

# Rounding of sums of weights, as a share: a cut so close to a row's end lies there.
_AT_AN_END = 1e-12
# Up to so many times the number that all weights are multiples of is the least of them; and how
# near a multiple must be.
_MOST_UNITS, _WHOLE = 100, 1e-9

# Comparing many rows with each of a few edges is faster than searching for each row (measured:
# four to five times with 15 edges and 100,000 rows, even at 5,000).
_FEW_EDGES, _MANY_ROWS = 32, 4096


@dataclass(frozen=True, kw_only=True)
class Bins:
    """A division of [0, 1].

    Attributes
    ----------
    upper : ndarray of float64, shape (bins,)
        Upper edges, increasing; the last is 1, the lower edge of the first is 0.
    edges : {"right", "left"}
        Which edge belongs to a bin: ``right``: (lower, upper]; ``left``: [lower, upper).
        Under both rules 0 falls in the first bin and 1 in the last.
    """

    upper: Floats
    edges: Edges = "right"

    def __len__(self) -> int:
        return len(self.upper)

    @property
    def lower(self) -> Floats:
        """Lower edges, shape (bins,)."""
        return np.concatenate([[0.0], self.upper[:-1]])

    def index(self, confidence: Floats) -> NDArray[np.intp]:
        """Return the number of the bin of each confidence."""
        if len(self) <= _FEW_EDGES and confidence.size >= _MANY_ROWS:
            return self._edges_passed(confidence)
        # The side that keeps a value equal to an upper edge in its bin is "left".
        side: Literal["left", "right"] = "left" if self.edges == "right" else "right"
        return np.minimum(np.searchsorted(self.upper, confidence, side=side), len(self) - 1)

    def _edges_passed(self, confidence: Floats) -> NDArray[np.intp]:
        """Count the upper edges below each confidence: the same numbers as by searching."""
        above = np.greater if self.edges == "right" else np.greater_equal
        number = np.zeros(confidence.shape, dtype=np.uint8)
        for edge in self.upper[:-1]:
            number += above(confidence, edge)
        return number.astype(np.intp)


def make_bins(
    confidence: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
    weights: ArrayLike | None = None,
) -> Bins:
    """Divide [0, 1] into bins.

    Parameters
    ----------
    confidence : array of shape (n,)
        In [0, 1]; matters under the scheme "mass" only.
    bins : int
        At least 1. Under "mass" fewer result when there are fewer rows or many ties.
    edges : {"right", "left"}
        See `Bins`.
    scheme : {"width", "mass"}
        ``width``: upper edges i / bins. ``mass``: the sorted confidences are cut into `bins`
        parts whose sizes differ by at most one, edges are midpoints between neighbours across
        a cut, equal edges are merged; so ties are never split. This is ``get_equal_bins`` of
        the package uncertainty-calibration.
    weights : array of shape (n,), optional
        How many cases each row stands for, in any unit. Under "mass" bins then hold equal weight; a
        row that a cut would split belongs to the lower bin.

    Raises
    ------
    SettingsError
        `bins` below 1 or no whole number, or an unknown rule or scheme.
    """
    if not isinstance(bins, int | np.integer) or bins < 1:
        raise SettingsError(f"{bins} bins", where="bins", remedy="give a whole number, 1 or more")
    if edges not in ("right", "left"):
        raise SettingsError(f"unknown rule {edges!r}", where="edges", remedy="say right or left")
    if scheme == "width":
        # i / bins and not arange: the last edge is exactly 1, none drifts.
        return Bins(upper=np.arange(1, bins + 1) / bins, edges=edges)
    if scheme != "mass":
        raise SettingsError(f"unknown scheme {scheme!r}", where="scheme", remedy="width or mass")
    own, (values,) = of_some_weight(weights, check_confidence(confidence))
    if own is not None:
        order = stable_order(values)
        quantiles = quantile_cuts(values[order], running_units(own[order]), bins)
        return Bins(upper=np.unique([*quantiles, 1.0]), edges=edges)
    ordered = np.sort(values)
    parts = np.array_split(ordered, min(bins, len(ordered)))
    cuts = [(a[-1] + b[0]) / 2.0 for a, b in pairwise(parts)]
    return Bins(upper=np.unique([*cuts, 1.0]), edges=edges)


def running_units(weights: Floats) -> Floats:
    """Return running sums of weights, in whole numbers where all are multiples of one number."""
    some = weights[:: max(1, len(weights) // 100)]
    for times in range(1, _MOST_UNITS + 1):
        for part in (some, weights):
            units = part * (times / weights.min())
            if np.abs(units - np.rint(units)).max() > _WHOLE:
                break
        else:
            return np.cumsum(np.rint(units))
    return np.cumsum(weights)


def quantile_cuts(ordered: Floats, running: Floats, parts: int) -> Floats:
    """Cut sorted confidences into parts of equal weight; `running` is that of `running_units`."""
    wanted = running[-1] * np.arange(1, parts) / parts
    if (running == np.floor(running)).all():
        # As rows that are repeated so many times.
        parts = min(parts, int(running[-1]))
        size, more = divmod(running[-1], parts)
        number = np.arange(1, parts)
        wanted = number * size + np.minimum(number, more)
    at = np.searchsorted(running, wanted - _AT_AN_END * running[-1])
    after = np.minimum(at + 1, len(ordered) - 1)
    # A cut within a row is where its equal copies would be: at its confidence.
    split = running[at] > wanted + _AT_AN_END * running[-1]
    return np.asarray(np.where(split, ordered[at], (ordered[at] + ordered[after]) / 2.0))


@dataclass(frozen=True, kw_only=True)
class BinTable:
    """Sums per bin; two tables over the same bins add up to the table of all their rows."""

    bins: Bins
    n: NDArray[Any]  # (bins,): rows, or the sum of their weights
    # confidence, correct: (bins,): sums, not means
    confidence: Floats
    correct: Floats

    @property
    def share(self) -> Floats:
        """Share of the rows in each bin; shape (bins,)."""
        return np.asarray(self.n / self.n.sum())

    @property
    def mean_confidence(self) -> Floats:
        """Mean confidence of each bin, 0 where it has no rows; shape (bins,)."""
        return self._mean(self.confidence)

    @property
    def gap(self) -> Floats:
        """Mean confidence minus accuracy of each bin, 0 where it has no rows; shape (bins,)."""
        return self._mean(self.confidence - self.correct)

    @property
    def excess(self) -> Floats:
        """Confidence minus accuracy, times the bin's share of the rows; shape (bins,)."""
        return np.asarray((self.confidence - self.correct) / self.n.sum())

    def _mean(self, sums: Floats) -> Floats:
        return np.asarray(np.divide(sums, self.n, out=np.zeros(len(self.n)), where=self.n > 0))

    def __add__(self, other: BinTable) -> BinTable:
        same = np.array_equal(self.bins.upper, other.bins.upper)
        if not same or self.bins.edges != other.bins.edges:
            raise SettingsError(
                "tables have different bins", where="BinTable", remedy="add tables of equal bins"
            )
        return BinTable(
            bins=self.bins,
            n=self.n + other.n,
            confidence=self.confidence + other.confidence,
            correct=self.correct + other.correct,
        )


def bin_table(
    confidence: ArrayLike, correct: ArrayLike, bins: Bins, *, weights: ArrayLike | None = None
) -> BinTable:
    """Sum confidences, in [0, 1], and outcomes, 0 or 1, in each bin; all of shape (n,).

    Raises
    ------
    DataError
        Empty input, different lengths, values outside their range.
    """
    values = check_confidence(confidence)
    outcomes = check_correct(correct, len(values))
    own, (values, outcomes) = of_some_weight(weights, values, outcomes)
    kind = np.int64 if own is None else np.float64
    n: NDArray[Any] = np.zeros(len(bins), dtype=kind)
    sums, hits = np.zeros(len(bins)), np.zeros(len(bins))
    for rows in row_parts(len(values)):
        index = bins.index(values[rows])
        some, right = values[rows], outcomes[rows]
        if own is not None:
            some, right = own[rows] * some, own[rows] * right
        # One by one in the order of rows, as if these were not parts.
        np.add.at(n, index, np.ones(len(index), kind) if own is None else own[rows])
        np.add.at(sums, index, some)
        np.add.at(hits, index, right)
    return BinTable(bins=bins, n=n, confidence=sums, correct=hits)
