"""Drawing few examples of a language, whole clusters at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.recalibration_transfer.rows import Rows


def draw_order(pool: dict[str, Rows], rng: np.random.Generator) -> dict[str, NDArray[np.intp]]:
    """Put the rows of every language in a random order, cluster by cluster."""
    # The first k are a draw of k examples: whole clusters, the last one cut. Clusters come in one
    # order in all languages: parallel languages get the same, and a larger k holds a smaller one.
    names = np.array(sorted(frozenset().union(*(rows.clusters for rows in pool.values()))))
    rank = np.empty(len(names), dtype=np.intp)
    rank[rng.permutation(len(names))] = np.arange(len(names))
    return {
        code: np.argsort(rank[np.searchsorted(names, rows.cluster_ids)], kind="stable")
        for code, rows in pool.items()
    }


def finite_pool_factor(k: int, available: int) -> float:
    """Return how far the spread of draws of k from a finite pool falls short, at least 1."""
    # The variance of means of k of n is too small by 1 - k/n (Cochran 1977, section 2.6).
    return float(1.0 / np.sqrt(1.0 - k / available))
