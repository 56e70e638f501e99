"""How each error is read off excesses: which columns, what weight, which norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.adaptive import THRESHOLD
from crosscal.calibration.binning import Bins, make_bins
from crosscal.calibration.excess import (
    Above,
    Axis,
    Binned,
    Columns,
    Gridded,
    laplace_root,
    smoothing,
)
from crosscal.calibration.kernel import BANDWIDTH
from crosscal.calibration.norms import Norm, Peak, PositiveSum, Root, Sum
from crosscal.calibration.shrinkage import shrinkage_matrix
from crosscal.calibration.smooth import smooth_bandwidth
from crosscal.calibration.sweep import sweep_bins

Floats = NDArray[np.float64]

# Of the grid that replicates of the smooth and the kernel error are taken on.
_POINTS = 129

# The columns each error looks at.
LOOKS_AT = {
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
    "overconfident_errors": "sure",
    "classwise_ece": "class width",
    "ace": "class mass",
    "tace": "class above",
}


def make_columns(
    name: str, confidence: Floats, correct: Floats, *, bins: int, threshold: float
) -> Columns:
    """Return the columns of this name for one confidence and its outcomes.

    `threshold` is the one of overconfident errors.
    """
    kind = name.removeprefix("class ")
    if kind == "sweep":
        return Binned(bins=sweep_bins(confidence, correct))
    if kind == "grid":
        return Gridded(points=_POINTS)
    if kind == "sure":
        return Above(threshold=threshold)
    if kind == "above":
        kept = confidence[confidence > THRESHOLD]
        # Without rows any bins will do.
        division = make_bins(kept if kept.size else confidence, bins=bins, scheme="mass")
        return Binned(bins=division, above=THRESHOLD)
    return Binned(
        bins=make_bins(confidence, bins=bins, scheme="mass" if kind == "mass" else "width")
    )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How an error is read off the excess of all columns.

    Attributes
    ----------
    columns : ndarray of int
        Those it looks at.
    weight : ndarray of shape (columns,)
        What the excess of each is multiplied by.
    transform : ndarray of shape (columns, k), optional
        What they are turned into next.
    norm : Norm
    shrinkage : ndarray, optional
        None with a transform.
    bandwidth : float, optional
        Of the smooth error.
    """

    columns: NDArray[np.intp]
    weight: Floats
    norm: Norm = field(default_factory=Sum)
    transform: Floats | None = None
    shrinkage: Floats | None = None
    bandwidth: float | None = None

    def vector(self, excess: Floats) -> Floats:
        """Return what the norm is taken of, from the excess of all columns, (..., all)."""
        kept = excess[..., self.columns] * self.weight
        return kept if self.transform is None else np.asarray(kept @ self.transform)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Columns of one axis, with what has been summed over them.

    Attributes
    ----------
    axis : Axis
    columns : Columns
    sums : ndarray of shape (clusters, columns)
    start : int
        Where they lie among all columns of all axes.
    """

    axis: Axis
    columns: Columns
    sums: Floats
    start: int


def make_reading(name: str, sources: Sequence[Source]) -> Reading:
    """Return the reading of an error from the columns it looks at, one source for each class."""
    first = sources[0]
    if isinstance(first.columns, Binned):
        reading = _binned_reading(sources)
        norm = _norm(name, first.axis, first.columns)
        return reading if norm is None else replace(reading, norm=norm)
    columns = first.start + np.arange(first.columns.width)
    plain = Reading(columns=columns, weight=np.ones(len(columns)))
    if name == "smooth_ece":
        bandwidth = smooth_bandwidth(first.axis.confidence, first.axis.correct)
        transform = smoothing(len(columns), bandwidth)
        return replace(plain, transform=transform, bandwidth=bandwidth)
    if name == "kernel_error":
        root = laplace_root(len(columns), BANDWIDTH)
        return replace(plain, transform=root, norm=Root(np.ones(len(columns))))
    # Only ever asked whether there are more errors than there should be.
    return replace(plain, norm=PositiveSum())


def _norm(name: str, axis: Axis, columns: Binned) -> Norm | None:
    if name == "overconfidence":
        return PositiveSum()
    if name == "underconfidence":
        return PositiveSum(-1.0)
    if name in ("rmsce", "rmsce_debiased", "mce"):
        count = np.bincount(columns.bins.index(axis.confidence))
        weight = len(axis.confidence) / count[count > 0]
        return Peak(weight) if name == "mce" else Root(weight)
    return None


def _binned_reading(sources: Sequence[Source]) -> Reading:
    """Return the reading of the mean over sources of sums over bins, each shrunken apart."""
    columns, weights, blocks = [np.zeros(0, dtype=np.intp)], [np.zeros(0)], []
    for source in sources:
        binned = source.columns
        assert isinstance(binned, Binned)
        inside = source.axis.confidence[source.axis.confidence > binned.above]
        if not inside.size:
            continue
        n = len(source.axis.confidence)
        filled = np.flatnonzero(np.bincount(binned.bins.index(inside)))
        columns.append(source.start + filled)
        weights.append(np.full(len(filled), n / len(inside) / len(sources)))
        blocks.append(_shrinkage(inside, binned.bins, source.sums, n)[np.ix_(filled, filled)])
    # Columns of one class have one weight, so shrinking before or after it is the same.
    return Reading(
        columns=np.concatenate(columns),
        weight=np.concatenate(weights),
        shrinkage=_diagonal(blocks),
    )


def _shrinkage(confidence: Floats, bins: Bins, sums: Floats, n: int) -> Floats:
    """Return the shrinkage matrix of bins; see `excess_variance` for the variance."""
    index, size, clusters = bins.index(confidence), len(bins), len(sums)
    between = sums.var(axis=0) * clusters**2 / max(clusters - 1, 1) / n**2
    implied = np.bincount(index, weights=confidence * (1 - confidence), minlength=size) / n**2
    count = np.bincount(index, minlength=size)
    total = np.bincount(index, weights=confidence, minlength=size)
    return shrinkage_matrix(
        sums.sum(axis=0) / n,
        np.maximum(between, implied),
        total / np.maximum(count, 1),
        count / n,
    )


def _diagonal(blocks: Sequence[Floats]) -> Floats:
    """Return the matrix with these blocks on its diagonal."""
    matrix = np.zeros((sum(len(b) for b in blocks),) * 2)
    done = 0
    for block in blocks:
        part = slice(done, done + len(block))
        matrix[part, part] = block
        done += len(block)
    return matrix
