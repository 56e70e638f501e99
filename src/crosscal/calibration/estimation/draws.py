"""Draws that all errors share: clusters with replacement, and outcomes of calibrated rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.estimation.excess import Axis, chunks
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]

# Uniform numbers held at once: 16 MB of float32.
_NUMBERS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class ClusterDraws:
    """How often each cluster that has rows occurs in each replicate.

    Attributes
    ----------
    weights : ndarray of shape (replicates, clusters)
    cluster : ndarray of int, shape (n,)
    rows : ndarray of shape (replicates,)
        Rows in each replicate.
    """

    weights: Floats
    cluster: NDArray[np.intp]
    rows: Floats

    @property
    def clusters(self) -> int:
        """Number of clusters with rows."""
        return int(self.weights.shape[1])

    @property
    def dependent(self) -> bool:
        """Whether any cluster has more than one row."""
        return self.clusters < len(self.cluster)

    def means(self, sums: Floats) -> Floats:
        """Return replicates of the means over rows of what sums to `sums` over clusters.

        Parameters
        ----------
        sums : ndarray of shape (clusters, columns)

        Returns
        -------
        ndarray of shape (replicates, columns)
        """
        # Bins below the least confidence are empty, and need no product.
        filled = np.flatnonzero(sums.any(axis=0))
        means = np.zeros((len(self.weights), sums.shape[1]))
        means[:, filled] = self.weights @ sums[:, filled] / self.rows[:, None]
        return means


def cluster_draws(weights: ArrayLike, cluster: ArrayLike, n: int) -> ClusterDraws:
    """Check weights and clusters of n rows and leave out clusters without rows.

    A replicate in which none of the rows' clusters occurs says nothing about them; the one
    before it that does takes its place.

    Raises
    ------
    DataError
        Shapes that do not fit, cluster numbers beyond the weights, weights that are negative
        or not finite.
    """
    drawn = np.asarray(weights, dtype=np.float64)
    number = np.asarray(cluster)
    if drawn.ndim != 2 or drawn.size == 0 or not (np.isfinite(drawn).all() and drawn.min() >= 0):
        raise DataError(
            f"weights have shape {drawn.shape}, or are negative or not finite",
            where="weights",
            remedy="give those of cluster_weights: a row for each replicate",
        )
    if number.shape != (n,) or not np.issubdtype(number.dtype, np.integer):
        raise DataError(
            f"cluster has shape {number.shape} and type {number.dtype}",
            where="cluster",
            remedy=f"give the number of the cluster of each of {n} rows",
        )
    if number.min() < 0 or number.max() >= drawn.shape[1]:
        raise DataError(
            f"clusters {number.min()} to {number.max()} with weights of {drawn.shape[1]}",
            where="cluster",
            remedy="number clusters from 0, with a column of weights for each",
        )
    sizes = np.bincount(number, minlength=drawn.shape[1])
    there = sizes > 0
    if not there.all():
        drawn, number, sizes = drawn[:, there], (np.cumsum(there) - 1)[number], sizes[there]
    rows = drawn @ sizes.astype(np.float64)
    if (rows == 0).any():
        source = _last_filled(rows > 0)
        drawn, rows = drawn[source], rows[source]
    return ClusterDraws(weights=drawn, cluster=number.astype(np.intp), rows=rows)


def _last_filled(filled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return for each replicate itself, or the last before it, going round, that has rows."""
    if not filled.any():
        raise DataError(
            "no replicate has any of these rows",
            where="weights",
            remedy="draw more replicates, or leave out groups of so few clusters",
        )
    first = int(filled.argmax())
    place = np.where(filled, np.arange(len(filled)), -1)
    last = np.maximum.accumulate(place)
    return np.asarray(np.where(last < 0, place.max() if first else 0, last), dtype=np.intp)


def calibrated_excess(
    axes: Sequence[Axis],
    ranges: Sequence[tuple[Floats, Floats]],
    resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Draw the excess that perfectly calibrated rows would show, in all columns of all axes.

    Parameters
    ----------
    axes : sequence of Axis
        Over the same n rows.
    ranges : sequence of (low, high), each of shape (n,)
        For each axis: one uniform number is drawn for each row, and what the axis is about is
        true if it lies in [low, high). Classes of a row have ranges side by side, so exactly one
        is right.
    resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (resamples, columns of all axes)
    """
    n = len(axes[0].confidence)
    hits = np.zeros((sum(axis.width for axis in axes), resamples))
    for rows in chunks(n, max(1, _NUMBERS // resamples)):
        uniforms = rng.random((rows.stop - rows.start, resamples), dtype=np.float32)
        done = 0
        for axis, (low, high) in zip(axes, ranges, strict=True):
            inside = uniforms < high[rows, None].astype(np.float32)
            if low.any():
                inside &= uniforms >= low[rows, None].astype(np.float32)
            part = slice(done, done + axis.width)
            hits[part] += axis.matrix(rows) @ inside.astype(np.float32)
            done += axis.width
    expected = np.concatenate([axis.column_sums(axis.confidence) for axis in axes])
    return np.asarray((expected[:, None] - hits).T / n)
