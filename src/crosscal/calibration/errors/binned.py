"""Calibration errors of the chosen label, from its confidence and whether it is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import Bins, BinTable, Edges, Scheme, bin_table, make_bins
from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.rows import row_parts
from crosscal.calibration.sample_weights import effective_size, of_some_weight
from crosscal.calibration.statistics.shrinkage import folded_normal_mean, shrinkage_matrix
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]


def _table(
    confidence: ArrayLike,
    correct: ArrayLike,
    bins: int,
    edges: Edges,
    scheme: Scheme,
    weights: ArrayLike | None,
) -> BinTable:
    division = make_bins(confidence, bins=bins, edges=edges, scheme=scheme, weights=weights)
    return bin_table(confidence, correct, division, weights=weights)


def ece(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
    weights: ArrayLike | None = None,
) -> float:
    """Return the expected calibration error (plug-in, first power).

    ``sum_b (n_b / n) |mean confidence_b - accuracy_b|`` over the bins with rows, in float64. In [0,
    1]. Biased upwards: even a perfectly calibrated model shows the noise floor (see `noise_floor`).
    Guo et al. (2017), equation 3. Equal to ``calibration.get_ece`` (width) and ``get_ece_em``
    (mass) of uncertainty-calibration with edges="right", to netcal's ECE for three or more classes
    with edges="left".

    Parameters
    ----------
    confidence : array of shape (n,)
        Probability of the chosen label, in [0, 1].
    correct : array of 0/1, shape (n,)
    bins, edges, scheme
        See `make_bins`. 0 falls in the first bin and 1 in the last under both rules.
    weights : array of shape (n,), optional
        How many cases each row stands for, in any unit.
    """
    table = _table(confidence, correct, bins, edges, scheme, weights)
    return float(np.abs(table.excess).sum())


def mce(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
    weights: ArrayLike | None = None,
) -> float:
    """Return the maximum calibration error: the greatest gap of any bin with rows.

    ``max_b |mean confidence_b - accuracy_b|``. A bin with a single row counts as much as one with a
    thousand, so this is mostly noise unless every bin is full. In [0, 1]; at least the `ece` of the
    same bins. Guo et al. (2017), equation 5.
    """
    table = _table(confidence, correct, bins, edges, scheme, weights)
    return float(np.max(np.abs(table.gap)))


def rmsce(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "mass",
    weights: ArrayLike | None = None,
) -> float:
    """Return the root mean square calibration error (plug-in, second power, with the root).

    ``sqrt(sum_b (n_b / n) (mean confidence_b - accuracy_b)^2)``, by default over bins of equal
    mass. In [0, 1]; at least the `ece` of the same bins, at most their `mce`. Hendrycks, Mazeika
    and Dietterich (2019), section 4.2; equal to ``plugin_ce`` of uncertainty-calibration over its
    equal-mass bins.
    """
    table = _table(confidence, correct, bins, edges, scheme, weights)
    return float(np.sqrt(table.share @ table.gap**2))


def rmsce_debiased(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "mass",
    weights: ArrayLike | None = None,
) -> float:
    """Return the root of `square_ce_debiased`, 0 where that is negative.

    In [0, 1]; at most the `rmsce` of the same bins. Kumar, Liang and Ma (2019), section 5. The
    square is free of bias, its root is not quite.
    """
    square = square_ce_debiased(
        confidence, correct, bins=bins, edges=edges, scheme=scheme, weights=weights
    )
    return float(np.sqrt(max(0.0, square)))


def signed_gap(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return mean confidence minus accuracy: above 0 overconfident, in [-1, 1]."""
    values = check_confidence(confidence)
    return float(values.mean() - check_correct(correct, len(values)).mean())


def ece_debiased(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """Return the expected calibration error less the part of it that is noise, at least 0.

    ``ece - sum_b (E|N(m_b, v_b)| - |m_b|)``: the expected inflation of each bin, where v_b is the
    sampling variance of the bin's excess and m_b its true excess as far as all bins together tell
    (see `crosscal.calibration.statistics.shrinkage`). Subtracting the whole noise floor is right
    only for a perfectly calibrated model and too much for any other; the bootstrap's own correction
    (``2 ece - mean of replicates``) removes less than half of the bias where it is largest. This
    one is close to both where each is right: see ``benchmarks/coverage.json``. In [0, 1].
    """
    values = check_confidence(confidence)
    outcomes = check_correct(correct, len(values))
    labels = np.arange(len(values)) if clusters is None else np.asarray(clusters)
    if labels.shape != values.shape:
        raise DataError(
            f"clusters have shape {labels.shape} for {len(values)} rows",
            where="clusters",
            remedy="give one label for each row",
        )
    own, (values, outcomes, labels) = of_some_weight(weights, values, outcomes, labels)
    table = _table(values, outcomes, bins, edges, scheme, own)
    cluster: NDArray[Any] = np.arange(len(values))
    count = len(values)
    if clusters is not None:
        cluster, count = _numbered(labels)
    variance = excess_variance(values, outcomes, table.bins, cluster, count, own)
    centre = shrinkage_matrix(table.excess, variance, table.mean_confidence, table.share)
    centre = centre @ table.excess
    inflation = folded_normal_mean(centre, variance) - np.abs(centre)
    return max(0.0, float(np.abs(table.excess).sum() - inflation.sum()))


def excess_variance(
    confidence: Floats,
    correct: Floats,
    bins: Bins,
    cluster: NDArray[np.intp],
    clusters: int,
    weights: Floats | None = None,
) -> Floats:
    """Return the sampling variance of each bin's excess, shape (bins,); weights of mean 1."""
    # Never less than what the confidences imply, sum c (1 - c) / n^2: a bin whose few rows all
    # happen to be right is not thereby certain.
    n, size = len(confidence), len(bins)
    sums, total = np.zeros(clusters * size), np.zeros(size)
    for rows in row_parts(n):
        some, index = confidence[rows], bins.index(confidence[rows])
        residual, spread = some - correct[rows], some * (1 - some)
        if weights is not None:
            residual, spread = weights[rows] * residual, weights[rows] ** 2 * spread
        # One by one in the order of rows, as if these were not parts.
        np.add.at(sums, cluster[rows].astype(np.intp) * size + index, residual)
        np.add.at(total, index, spread)
    between = sums.reshape(clusters, size).var(axis=0) * clusters**2 / max(clusters - 1, 1) / n**2
    return np.asarray(np.maximum(between, total / n**2))


def _numbered(labels: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return the number of each row's label among the different ones, and how many there are."""
    if labels.dtype.kind in "iu" and labels.min() >= 0 and labels.max() < max(len(labels), 65_536):
        # Without sorting, which of many rows takes time and memory.
        there = np.zeros(int(labels.max()) + 1, dtype=bool)
        there[labels] = True
        number = np.cumsum(there, dtype=np.int32 if len(there) < 2**31 else np.int64) - 1
        return number[labels], int(there.sum())
    names, cluster = np.unique(labels, return_inverse=True)
    return cluster, len(names)


def square_ce_debiased(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "mass",
    weights: ArrayLike | None = None,
) -> float:
    """Return the debiased squared calibration error (second power, no root; may be negative).

    ``sum_b (n_b / n) [(mean confidence_b - a_b)^2 - a_b (1 - a_b) / (n_b - 1)]`` with a_b the
    accuracy of the bin. Bins with fewer than two rows add 0. Kumar, Liang and Ma (2019), section 5;
    ``unbiased_square_ce`` of uncertainty-calibration. Of weighted rows n_b - 1 and two count
    effective rows (`effective_size`).
    """
    table = _table(confidence, correct, bins, edges, scheme, weights)
    rows = _effective_rows(table, confidence, weights)
    full = rows >= 2
    n = table.n[full]
    accuracy = table.correct[full] / n
    noise = accuracy * (1 - accuracy) / (rows[full] - 1)
    square = (table.confidence[full] / n - accuracy) ** 2 - noise
    return float((n / table.n.sum()) @ square)


def _effective_rows(
    table: BinTable, confidence: ArrayLike, weights: ArrayLike | None
) -> NDArray[Any]:
    """Return how many rows of equal weight those of each bin are worth."""
    own, (values,) = of_some_weight(weights, check_confidence(confidence))
    if own is None:
        return table.n
    index = table.bins.index(values)
    return np.array(
        [round(effective_size(own[index == b]), 9) if n > 0 else 0.0 for b, n in enumerate(table.n)]
    )
