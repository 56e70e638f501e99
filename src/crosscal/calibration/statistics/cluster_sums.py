"""Cluster bootstrap by matrix products.

A replicate draws clusters (premises, paragraphs) with replacement. Every mean a study reports is
a ratio of sums over clusters, and a binned calibration error is a function of such sums per bin,
so one matrix of cluster weights, (replicates, clusters), times the clusters' sums gives all
replicates of a statistic at once. The weights are drawn once and shared by all languages, recipes
and seeds, which keeps every comparison paired.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]


def cluster_weights(clusters: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Draw how often each cluster occurs in each replicate, shape (replicates, clusters).

    Each row sums to `clusters`.

    Raises
    ------
    SettingsError
        Fewer than 1 replicate or 2 clusters: one cluster has no variance to resample.
    """
    if clusters < 2:
        raise SettingsError(
            f"{clusters} clusters cannot be resampled",
            where="clusters",
            remedy="give predictions of two or more clusters (premises, paragraphs, sentences)",
        )
    if replicates < 1:
        raise SettingsError(f"{replicates} replicates", where="replicates", remedy="give 1 or more")
    share = np.full(clusters, 1.0 / clusters)
    return rng.multinomial(clusters, share, size=replicates).astype(np.float64)


def cluster_sums(values: ArrayLike, cluster: NDArray[np.intp], clusters: int) -> Floats:
    """Sum values, shape (n,), over each cluster; `cluster` has each row's, 0 .. clusters - 1.

    Raises
    ------
    DataError
        Arrays of different lengths, or a cluster beyond those there are.
    """
    weights = np.asarray(values, dtype=np.float64)
    _check_indices(cluster, len(weights), clusters, "cluster")
    return np.asarray(np.bincount(cluster, weights=weights, minlength=clusters), dtype=np.float64)


def cluster_bin_sums(
    values: ArrayLike,
    cluster: NDArray[np.intp],
    clusters: int,
    index: NDArray[np.intp],
    bins: int,
) -> Floats:
    """Sum values, shape (n,), over each cluster and bin: shape (clusters, bins).

    Raises
    ------
    DataError
        Arrays of different lengths, or a cluster or bin beyond those there are.
    """
    for where, indices, size in (("cluster", cluster, clusters), ("index", index, bins)):
        _check_indices(indices, np.size(values), size, where)
    # Numbers of clusters may be of a small type, which their product with bins would leave.
    cell = np.multiply(cluster, bins, dtype=np.intp) + index
    weights = np.asarray(values, dtype=np.float64)
    sums = np.bincount(cell, weights=weights, minlength=clusters * bins)
    return np.asarray(sums, dtype=np.float64).reshape(clusters, bins)


def _check_indices(indices: NDArray[np.intp], n: int, size: int, where: str) -> None:
    if indices.shape != (n,) or (n and (indices.min() < 0 or indices.max() >= size)):
        raise DataError(
            f"places of shape {indices.shape} for {n} values, or outside 0 to {size - 1}",
            where=where,
            remedy=f"give each value a number from 0 to {size - 1}",
        )
