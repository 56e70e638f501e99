"""How each error is a function of the excesses: which columns, what weight, which norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.binning import Scheme, make_bins
from crosscal.calibration.errors.adaptive import THRESHOLD
from crosscal.calibration.errors.kernel import BANDWIDTH
from crosscal.calibration.errors.smooth import smooth_fit, split_on_grid
from crosscal.calibration.errors.sweep import sweep_bins
from crosscal.calibration.estimation.features import (
    Above,
    BinaryView,
    Binned,
    Columns,
    Gridded,
    laplace_root,
    smoothing,
)
from crosscal.calibration.estimation.inversion import shifted_noise
from crosscal.calibration.estimation.norms import L1, L2, Max, Norm, Positive
from crosscal.calibration.statistics.shrinkage import shrinkage_matrix

Floats = NDArray[np.float64]

# Of the grid that replicates of the smooth and the kernel error are taken on.
_POINTS = 129

# The columns each error looks at.
FEATURES_OF = {
    "ece": "width",
    "ece_debiased": "width",
    "mce": "width",
    "overconfidence": "width",
    "underconfidence": "width",
    "ece_mass": "mass",
    "rmsce": "mass",
    "rmsce_debiased": "mass",
    "ece_sweep": "sweep",
    "smooth_ece": "grid",
    "kernel_error": "grid",
    "overconfident_errors": "threshold",
    "classwise_ece": "class width",
    "ace": "class mass",
    "tace": "class above",
}


def make_columns(
    name: str,
    confidence: Floats,
    correct: Floats,
    *,
    bins: int,
    threshold: float,
    weights: Floats | None = None,
) -> Columns:
    """Return the columns of this name for one confidence and its outcomes."""
    kind = name.removeprefix("class ")
    if kind == "sweep":
        return Binned(bins=sweep_bins(confidence, correct, weights=weights))
    if kind == "grid":
        return Gridded(points=_POINTS)
    if kind == "threshold":
        return Above(threshold=threshold)
    if kind == "above":
        rows = confidence > THRESHOLD
        # Without rows any bins will do.
        rows = rows if rows.any() else np.ones_like(rows)
        own = None if weights is None else weights[rows]
        division = make_bins(confidence[rows], bins=bins, scheme="mass", weights=own)
        return Binned(bins=division, above=THRESHOLD)
    scheme: Scheme = "mass" if kind == "mass" else "width"
    return Binned(bins=make_bins(confidence, bins=bins, scheme=scheme, weights=weights))


@dataclass(frozen=True, kw_only=True)
class ErrorFunctional:
    """How an error is read off the excess of all columns."""

    columns: NDArray[np.intp]  # places of those it looks at
    weight: Floats  # (columns,): what the excess of each is multiplied by
    norm: Norm = field(default_factory=L1)
    transform: Floats | None = None  # (columns, k): what they are turned into next
    # (columns, columns): what turns an excess into a steadier guess at the true one
    shrinkage: Floats | None = None
    exact: float | None = None  # the smooth error itself, not that on a grid

    def vector(self, excess: Floats) -> Floats:
        """Return what the norm is taken of, from the excess of all columns, (..., all)."""
        return self._transformed(excess[..., self.columns] * self.weight)

    def direction(
        self, observed: Floats, noise: Floats, rows: NDArray[np.intp] | None = None
    ) -> Floats:
        """Return guesses at the true vector, from excess and noise of all columns."""
        # Of some rows of the shifted noise, in the order in memory that all of them have.
        if rows is None:
            shifted = shifted_noise(noise[:, self.columns])
        else:
            shifted = np.asfortranarray(noise[np.ix_(rows, self.columns)])
        guess = (observed[self.columns] + shifted) * self.weight
        return self._transformed(guess if self.shrinkage is None else guess @ self.shrinkage.T)

    def _transformed(self, weighted: Floats) -> Floats:
        return weighted if self.transform is None else np.asarray(weighted @ self.transform)


@dataclass(frozen=True, kw_only=True)
class BinSums:
    """Sums over the rows of each bin, or their weights."""

    filled: NDArray[np.intp]  # bins with rows
    weight: float  # of all rows that count
    count: Floats  # (bins,) this and the following
    confidence: Floats
    implied: Floats  # variance of the excess that the confidences imply


@dataclass(frozen=True, kw_only=True)
class FeatureBlock:
    """Columns of one view, with what has been summed over them."""

    view: BinaryView
    columns: Columns
    sums: Floats | None  # (clusters, columns), where an error looks at this view alone
    places: NDArray[np.intp]  # (columns,): where they lie among the used columns of all views

    @cached_property
    def bin_sums(self) -> BinSums:
        """The rows that count, summed over bins; several errors look at the same."""
        binned, view, n = self.columns, self.view, len(self.view.confidence)
        assert isinstance(binned, Binned)
        inside, own, size = view.confidence, view.weights, binned.width
        if binned.above >= 0:
            rows = inside > binned.above
            inside, own = inside[rows], None if own is None else own[rows]
        index = binned.bins.index(inside)
        rows_of = np.bincount(index, minlength=size)
        spread, totals = inside * (1 - inside), inside
        if own is not None:
            spread, totals = own**2 * spread, own * inside
        return BinSums(
            filled=np.flatnonzero(rows_of),
            weight=float(len(inside) if own is None else own.sum()),
            count=np.asarray(
                rows_of if own is None else np.bincount(index, weights=own, minlength=size),
                dtype=np.float64,
            ),
            confidence=np.asarray(
                np.bincount(index, weights=totals, minlength=size), dtype=np.float64
            ),
            implied=np.bincount(index, weights=spread, minlength=size) / n**2,
        )

    @cached_property
    def shrinkage(self) -> Floats:
        """The shrinkage matrix of the bins with rows; see `excess_variance`."""
        of, n = self.bin_sums, len(self.view.confidence)
        center = np.divide(of.confidence, of.count, out=np.zeros(len(of.count)), where=of.count > 0)
        assert self.sums is not None
        whole = _shrunken(self.sums, of.implied, center, of.count / n, n)
        return whole[np.ix_(of.filled, of.filled)]


def make_functional(name: str, blocks: Sequence[FeatureBlock]) -> ErrorFunctional:
    """Return the functional of an error from its columns, one block for each class."""
    first = blocks[0]
    if isinstance(first.columns, Binned):
        functional = _binned_functional(blocks)
        norm = _norm(name, first)
        return functional if norm is None else replace(functional, norm=norm)
    columns = first.places
    plain = ErrorFunctional(columns=columns, weight=np.ones(len(columns)))
    if name in ("smooth_ece", "kernel_error"):
        plain = replace(plain, shrinkage=_grid_shrinkage(first))
    if name == "smooth_ece":
        view = first.view
        bandwidth, error = smooth_fit(view.confidence, view.correct, weights=view.weights)
        return replace(plain, transform=smoothing(len(columns), bandwidth), exact=error)
    if name == "kernel_error":
        root = laplace_root(len(columns), BANDWIDTH)
        return replace(plain, transform=root, norm=L2(np.ones(len(columns))))
    # Only ever asked whether there are more errors than there should be.
    return replace(plain, norm=Positive())


def _norm(name: str, block: FeatureBlock) -> Norm | None:
    if name == "overconfidence":
        return Positive()
    if name == "underconfidence":
        return Positive(-1.0)
    if name in ("rmsce", "rmsce_debiased", "mce"):
        count = block.bin_sums.count
        weight = len(block.view.confidence) / count[count > 0]
        return Max(weight) if name == "mce" else L2(weight)
    return None


def _binned_functional(blocks: Sequence[FeatureBlock]) -> ErrorFunctional:
    """Return the functional of the mean over blocks of sums over bins."""
    columns, weights = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for block in blocks:
        of = block.bin_sums
        columns.append(block.places[of.filled])
        share = of.weight / len(block.view.confidence)
        weights.append(np.full(len(of.filled), 1.0 / max(share, 1e-300) / len(blocks)))
    functional = ErrorFunctional(columns=np.concatenate(columns), weight=np.concatenate(weights))
    if len(blocks) > 1:
        # Classes' excesses turn from one side to the other with confidence: no line fits them,
        # and simulated intervals hold more often without.
        return functional
    return replace(functional, shrinkage=blocks[0].shrinkage)


def _own_weights(view: BinaryView) -> Floats:
    return np.ones(len(view.confidence)) if view.weights is None else view.weights


def _shrunken(sums: Floats, implied: Floats, center: Floats, share: Floats, n: int) -> Floats:
    clusters = len(sums)
    between = sums.var(axis=0) * clusters**2 / max(clusters - 1, 1) / n**2
    return shrinkage_matrix(sums.sum(axis=0) / n, np.maximum(between, implied), center, share)


def _grid_shrinkage(block: FeatureBlock) -> Floats:
    """Return the shrinkage of a grid: of the bins it falls into, spread over their rows again."""
    confidence, points = block.view.confidence, block.columns.width
    bins = make_bins(confidence, scheme="mass", weights=block.view.weights)
    own = _own_weights(block.view)
    grid = np.linspace(0.0, 1.0, points)
    member = np.zeros((points, len(bins)))
    member[np.arange(points), bins.index(grid)] = 1.0
    density = split_on_grid(confidence, own, points)
    squared = density if block.view.weights is None else split_on_grid(confidence, own**2, points)
    inside = density @ member
    center = ((density * grid) @ member) / np.maximum(inside, 1e-300)
    n = len(confidence)
    implied = ((squared * grid * (1.0 - grid)) @ member) / n**2
    assert block.sums is not None
    matrix = _shrunken(block.sums @ member, implied, center, inside / n, n)
    spread = (density[:, None] * member) / np.maximum(inside, 1e-300)
    return np.asarray(spread @ matrix @ member.T)
