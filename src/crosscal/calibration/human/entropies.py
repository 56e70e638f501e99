"""Entropy of predictions against that of human labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from crosscal.calibration.entropy import entropy_rows
from crosscal.calibration.human.votes import (
    check_votes,
    vote_entropy_debiased_rows,
    vote_entropy_rows,
)
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given

Floats = NDArray[np.float64]


def entropy_calibration_rows(
    values: ArrayLike, votes: ArrayLike, *, given: Given = "scores"
) -> Floats:
    """Return predicted entropy minus that of the vote shares: above 0 less sure than people.

    In nats. Too high, because few votes show too little entropy: see
    `entropy_calibration_debiased_rows`. EntCE of Baan et al. (2022); they also report
    ``abs(rows).mean()``, which noise inflates.
    """
    return _excess(values, votes, vote_entropy_rows(votes), given)


def entropy_calibration(values: ArrayLike, votes: ArrayLike, *, given: Given = "scores") -> float:
    """Return the mean of `entropy_calibration_rows`, with its sign."""
    return float(entropy_calibration_rows(values, votes, given=given).mean())


def entropy_calibration_debiased_rows(
    values: ArrayLike, votes: ArrayLike, *, given: Given = "scores"
) -> Floats:
    """Return predicted entropy minus that of the distribution the votes come from, estimated.

    In nats; the human entropy is that of `vote_entropy_debiased_rows`, and so is the bias, with its
    sign turned.
    """
    return _excess(values, votes, vote_entropy_debiased_rows(votes), given)


def entropy_calibration_debiased(
    values: ArrayLike, votes: ArrayLike, *, given: Given = "scores"
) -> float:
    """Return the mean of `entropy_calibration_debiased_rows`, with its sign."""
    return float(entropy_calibration_debiased_rows(values, votes, given=given).mean())


def entropy_noise_floor_rows(
    values: ArrayLike, annotators: ArrayLike, *, given: Given = "scores"
) -> Floats:
    """Return what `entropy_calibration_debiased_rows` shows on average if people vote as predicted.

    In nats, above 0: m votes show too little entropy even when that is corrected, by
    ``sum_j p_j (-ln p_j - sum_{t < m} (1 - p_j)^t / t)``.

    Parameters
    ----------
    annotators : array of int, shape (n,)
        Votes in each row, 1 or more.
    """
    p = np.minimum(to_probabilities(values, given=given), 1.0)
    count = np.broadcast_to(np.asarray(annotators), len(p))
    shown = np.zeros_like(p)
    power = np.ones_like(p)
    for t in range(1, int(count.max())):
        power = power * (1.0 - p)
        shown += np.where(t < count, 1.0, 0.0)[:, None] * power / t
    # Of a probability so small that few votes show it, the sum is far from its end.
    return np.asarray(np.maximum((entr(p) - p * shown).sum(axis=1), 0.0))


def _excess(values: ArrayLike, votes: ArrayLike, human: Floats, given: Given) -> Floats:
    predicted = entropy_rows(values, given=given)
    check_votes(votes, np.shape(values))
    return predicted - human
