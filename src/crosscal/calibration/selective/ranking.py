"""Rows ranked by confidence, once, and counted under many sets of weights.

The measures are defined in `crosscal.calibration.selective.selective`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.rows import stable_order
from crosscal.calibration.sample_weights import of_some_weight
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]

# Numbers in one array of a block of replicates: they fit in a processor's cache, and bound the
# memory whatever the number of replicates.
_BLOCK = 100_000

# More rows than this are not counted in whole numbers, where pairs of them might overflow.
_MOST_COUNTED = 2**31


@dataclass(frozen=True, kw_only=True)
class SelectiveReplicates:
    """Replicates of four measures, each of shape (replicates,)."""

    auroc: Floats  # NaN where a replicate holds no right or no wrong row
    aurc: Floats  # NaN where a replicate has no weight at all
    excess_aurc: Floats
    augrc: Floats


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Rows in falling order of confidence, cut into groups of equal confidence."""

    threshold: Floats  # (m,) confidence of each group
    order: NDArray[np.intp]  # (n,) rows, highest confidence first
    wrong: NDArray[np.bool_]  # (n,) in this order
    ends: NDArray[np.intp]  # (m,) number of rows up to each group's last
    faulty: NDArray[np.intp]  # groups that hold wrong rows
    # which of the wrong rows, counted through, is the first of each of these groups
    first: NDArray[np.intp]


def rank(confidence: ArrayLike, correct: ArrayLike) -> Ranked:
    """Sort rows by confidence."""
    values = check_confidence(confidence)
    wrong = check_correct(correct, len(values)) == 0
    order = stable_order(-values)
    falling, wrong = values[order], wrong[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) + 1
    groups = np.searchsorted(ends, np.flatnonzero(wrong), side="right")
    faulty, first = np.unique(groups, return_index=True)
    return Ranked(
        threshold=falling[ends - 1], order=order, wrong=wrong, ends=ends, faulty=faulty, first=first
    )


def selective_replicates(
    confidence: ArrayLike,
    correct: ArrayLike,
    weights: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    row_weights: ArrayLike | None = None,
) -> SelectiveReplicates:
    """Return AUROC, AURC, excess AURC and AUGRC under many sets of weights at once.

    A row of weight w counts as w equal rows, so with bootstrap counts each value is exactly
    what the function of its name gives for the rows drawn. Rows are sorted once; then each
    replicate costs a cumulative sum over them.

    Parameters
    ----------
    weights : array of shape (replicates, clusters), or (replicates, n) without `cluster`
        At least 0, as from `cluster_weights`. Fractions are allowed: the sums over k are then
        continued by the digamma function, which is slower.
    cluster : array of int, shape (n,), optional
        Index of each row's cluster.
    row_weights : array of shape (n,), optional
        How many cases each row stands for; multiplies the weights of its cluster, after division
        by the mean.
    """
    table: NDArray[Any] = np.asarray(weights, dtype=np.float64)
    columns = weight_columns(cluster, len(np.asarray(confidence)), table)
    own, (values, right, columns) = of_some_weight(
        row_weights, np.asarray(confidence), np.asarray(correct), columns
    )
    ranked = rank(values, right)
    column = columns[ranked.order]
    own = None if own is None else own[ranked.order]
    sums = None
    rows = (table @ np.bincount(column, minlength=table.shape[1])).max(initial=0)
    if own is None and rows < _MOST_COUNTED and (table == np.floor(table)).all():
        # Whole numbers add up exactly in any order, and several times faster.
        table, most = table.astype(np.int64), int(rows)
        sums = _summed(np.arange(most + 1.0)) if most <= len(table) * len(ranked.faulty) else None
    step = max(1, _BLOCK // len(ranked.order))
    parts = []
    for start in range(0, len(table), step):
        counted = np.take(table[start : start + step], column, axis=1)
        parts.append(_measures(ranked, counted if own is None else counted * own, sums))
    both, area, excess, general = np.concatenate(parts, axis=1)
    return SelectiveReplicates(auroc=both, aurc=area, excess_aurc=excess, augrc=general)


def weight_columns(cluster: ArrayLike | None, n: int, weights: Floats) -> NDArray[np.intp]:
    """Return the column of a matrix of weights that belongs to each row."""
    column = np.arange(n) if cluster is None else np.asarray(cluster)
    if column.shape != (n,) or not np.issubdtype(column.dtype, np.integer):
        raise DataError(
            f"cluster has shape {column.shape} and type {column.dtype}",
            where="cluster",
            remedy=f"give {n} integers",
        )
    enough = weights.ndim == 2 and 0 <= column.min() <= column.max() < weights.shape[1]
    if not enough or (cluster is None and weights.shape[1] != n):
        raise DataError(
            f"weights have shape {weights.shape}, and rows are of columns {column.min()} to "
            f"{column.max()}",
            where="weights",
            remedy="give a row for each replicate and a column for each cluster, or each row",
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError(
            "negative, NaN or infinite weight", where="weights", remedy="give counts from 0 up"
        )
    return column


def _measures(ranked: Ranked, weights: NDArray[Any], sums: Floats | None) -> Floats:
    """Return AUROC, AURC, excess AURC, AUGRC, shape (4, replicates), for weights as ranked."""
    running = np.zeros((len(weights), weights.shape[1] + 1), dtype=weights.dtype)
    np.cumsum(weights, axis=1, out=running[:, 1:])
    wrong_rows = np.flatnonzero(ranked.wrong)
    starts, ends = np.append(0, ranked.ends)[ranked.faulty], ranked.ends[ranked.faulty]
    # All rows before, and up to, each group that holds wrong rows; the others change nothing.
    before, upto = np.take(running, starts, axis=1), np.take(running, ends, axis=1)
    wrong = np.take(weights, wrong_rows, axis=1)
    if len(starts) < len(wrong_rows):
        wrong = np.add.reduceat(wrong, ranked.first, axis=1)
    n, e = running[:, -1].astype(np.float64), wrong.sum(axis=1).astype(np.float64)
    right = n - e
    # Right rows of higher confidence twice, and those of the same once.
    ahead = before + upto + wrong - 2 * np.cumsum(wrong, axis=1)
    pairs = np.einsum("rg,rg->r", wrong, ahead) / 2.0
    # Each wrong row adds 1 / k for every k from its place on. Over the places of a group these
    # sums of harmonic numbers add up to a difference of S(x) = H(0) + ... + H(x - 1).
    if sums is None:
        delays = _summed(upto) - _summed(before)
    else:
        delays = np.take(sums, upto) - np.take(sums, before)
    if (ends - starts).sum() > len(wrong_rows):
        size = upto - before
        delays *= np.divide(wrong, size, out=np.zeros(size.shape), where=size > 0)
    area = e * digamma(n + 1.0) - delays.sum(axis=1)
    best = e * digamma(n + 1.0) - (_summed(n) - _summed(right))
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = pairs / (right * e)
        # From the pairs and not from the AUROC, which is undefined where this area still is.
        general = (right * e - pairs + e * e / 2.0) / (n * n)
        return np.stack([chance, area / n, np.maximum(area - best, 0.0) / n, general])


def _summed(count: NDArray[Any]) -> Floats:
    """Return digamma(1) + ... + digamma(count), continued to fractions of a count."""
    return np.asarray(count * digamma(count + 1.0) - count)
