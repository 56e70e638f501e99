"""Votes of several annotators: their shares, and the entropy of what they were drawn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, entr

from crosscal.calibration.checks import as_array
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]


def check_votes(votes: ArrayLike, shape: tuple[int, ...] | None = None) -> Floats:
    """Return counts of votes as float64."""
    values = as_array(votes, "votes", np.float64)
    if values.ndim != 2 or 0 in values.shape or (shape is not None and values.shape != shape):
        raise DataError(
            f"votes have shape {values.shape}",
            where="votes",
            remedy=f"give counts of shape {'(n, k)' if shape is None else shape}",
        )
    broken = ~np.isfinite(values) | (values < 0) | (values != np.floor(values))
    wrong = broken.any(axis=1) | (np.where(broken, 0, values).sum(axis=1) < 1)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"votes are {values[row].tolist()}",
            where=f"votes, row {row}",
            remedy="give how many annotators chose each label, one or more in a row",
        )
    return values


def vote_shares(votes: ArrayLike) -> Floats:
    """Return the share of the votes that each label has in each row, shape (n, k)."""
    counts = check_votes(votes)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def vote_entropy_rows(votes: ArrayLike) -> Floats:
    """Return the entropy of the vote shares of each row, in nats.

    From 0 to ln k. Too low for what the votes were drawn from, by about ``(k - 1) / (2 m)`` with m
    votes: few annotators agree more than many.
    """
    return np.asarray(entr(vote_shares(votes)).sum(axis=1), dtype=np.float64)


def vote_entropy_debiased_rows(votes: ArrayLike) -> Floats:
    """Return an estimate of the entropy of the distribution that each row's votes come from.

    ``sum_j (v_j / m) (digamma(m) - digamma(v_j))`` over the labels with votes v_j > 0 of m. In
    nats, at least 0; it may exceed ln k. 0 with one vote, which says nothing. Montgomery-Smith and
    Schuermann (2005); Zhang (2012). For votes drawn independently from shares q the bias is
    ``-sum_j sum_{t >= m} q_j (1 - q_j)^t / t``: always below 0, and it vanishes exponentially in m.
    No estimator from m votes is unbiased for every q.
    """
    counts = check_votes(votes)
    m = counts.sum(axis=1, keepdims=True)
    behind = digamma(m) - digamma(np.maximum(counts, 1.0))
    return np.asarray((counts / m * behind).sum(axis=1), dtype=np.float64)
