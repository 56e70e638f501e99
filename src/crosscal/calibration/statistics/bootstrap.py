"""Cluster bootstrap and jackknife of any statistic that is a function of sums over clusters.

Means, ratios, binned calibration errors and differences of such need each row only through
sums. So the rows are summed within each cluster once; a replicate is then a weighted sum of
clusters, the jackknife the total less one cluster, and the statistic is computed for all of
them at once, as an array operation over the first axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.statistics.intervals import check_draws
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class Bootstrapped:
    """An estimate, its bootstrap replicates and its jackknife.

    The difference of two is paired if both came from one matrix of weights: replicate by
    replicate, and cluster by cluster.

    Attributes
    ----------
    value : float
    draws : ndarray of shape (replicates,)
    without : ndarray of shape (clusters,)
        The estimate without each cluster in turn.

    Examples
    --------
    >>> from crosscal.calibration.statistics.intervals import bca_interval
    >>> sums = np.array([[1.0, 2.0], [3.0, 4.0], [2.0, 2.0]])  # a sum and a count a cluster
    >>> weights = np.array([[1.0, 1, 1], [2, 0, 1], [0, 2, 1]])
    >>> found = bootstrap(sums, weights, ratio)
    >>> found.value, found.draws.round(2).tolist()
    (0.75, [0.75, 0.67, 0.8])
    """

    value: float
    draws: Floats
    without: Floats

    def __sub__(self, other: Bootstrapped) -> Bootstrapped:
        if self.draws.shape != other.draws.shape or self.without.shape != other.without.shape:
            raise DataError(
                "estimates of different draws",
                where="difference",
                remedy="use one matrix of weights, over the same clusters, for both",
            )
        return Bootstrapped(
            value=self.value - other.value,
            draws=self.draws - other.draws,
            without=self.without - other.without,
        )

    @property
    def standard_error(self) -> float:
        """Standard deviation of the replicates (0 with one replicate)."""
        return float(self.draws.std(ddof=1)) if len(self.draws) > 1 else 0.0

    @property
    def jackknife_standard_error(self) -> float:
        """Standard error by the jackknife over clusters, no randomness in it."""
        count = len(self.without)
        return float(np.sqrt((count - 1) * self.without.var()))


def bootstrap(sums: ArrayLike, weights: ArrayLike, statistic: Statistic) -> Bootstrapped:
    """Compute a statistic, its cluster-bootstrap replicates and its jackknife.

    Parameters
    ----------
    sums : array of shape (clusters, columns)
        Sums over the rows of each cluster; a column of ones sums to the cluster's size.
    weights : array of shape (replicates, clusters)
        From `crosscal.calibration.cluster_weights`; one draw for all that is to be compared.
    statistic : function
        From totals of shape (m, columns) to values of shape (m,), row by row: `ratio` for
        means. It must not depend on the scale of the totals, since leaving out a cluster
        changes it.

    Returns
    -------
    Bootstrapped

    Raises
    ------
    DataError
        Shapes that do not fit, fewer than two clusters, or a statistic that is not finite on
        the data, on a replicate or without some cluster (with two clusters, or clusters
        without rows in some group, a mean over no rows).
    """
    table, drawn = np.asarray(sums, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2:
        raise DataError(
            f"sums have shape {table.shape}",
            where="sums",
            remedy="give a row for each of two or more clusters and a column for each sum",
        )
    if drawn.ndim != 2 or drawn.shape[1] != len(table):
        raise DataError(
            f"weights have shape {drawn.shape} for {len(table)} clusters",
            where="weights",
            remedy="give one column of weights for each cluster",
        )
    total = table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = statistic(total[None, :])
        draws = statistic(drawn @ table)
        without = statistic(total - table)
    return Bootstrapped(
        value=float(check_draws(value, "statistic")[0]),
        draws=check_draws(draws, "statistic of replicates"),
        without=check_draws(without, "statistic without a cluster"),
    )


def ratio(totals: Floats) -> Floats:
    """Return the first column over the second: a mean, where the second counts rows."""
    return np.asarray(totals[:, 0] / totals[:, 1])


def absolute_excess(totals: Floats) -> Floats:
    """Return sum of |columns but the last| over the last: a binned calibration error.

    The columns are sums of confidence minus correctness in each bin, and the number of rows.
    Its replicates describe the plug-in error, noise included; for an interval of the true
    error see `crosscal.calibration.estimation.inversion`.
    """
    return np.asarray(np.abs(totals[:, :-1]).sum(axis=1) / totals[:, -1])
