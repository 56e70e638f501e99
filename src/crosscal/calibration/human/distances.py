"""Predicted distributions against those of human labels.

Where annotators disagree, a model that is calibrated to the majority label is calibrated to the
wrong thing: its distribution should be that of the labels people give. The shares of m votes are
a noisy reading of that distribution, so every distance from them is too large; the noise floor
says how large it would be if the model's distribution were the human one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, gammaln, rel_entr, xlog1py, xlogy

from crosscal.calibration.human.votes import (
    check_votes,
    vote_entropy_debiased_rows,
    vote_entropy_rows,
    vote_shares,
)
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given, log_softmax
from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]
Distance = Literal["total-variation", "squared", "kl", "jensen-shannon"]


def human_distance_rows(
    values: ArrayLike,
    votes: ArrayLike,
    *,
    distance: Distance = "total-variation",
    given: Given = "scores",
) -> Floats:
    """Return the distance of each row's predicted distribution p from the vote shares h.

    The total variation is DistCE of Baan et al. (2022). Nie et al. (2020) report KL, and as JSD the
    mean of the square roots of the divergence, ``sqrt(rows).mean()``. All are too large in
    expectation, the less the more annotators: see `human_noise_floor` and
    `human_distance_debiased_rows`.

    Parameters
    ----------
    values : array of shape (n, k)
        Scores (minus infinity where a row does not have that choice), or probabilities if so
        given.
    votes : array of shape (n, k)
        How many annotators chose each label.
    distance : {"total-variation", "squared", "kl", "jensen-shannon"}
        ``total-variation``: ``sum |p - h| / 2``, from 0 to 1. ``squared``: ``sum (p - h)^2``,
        from 0 to 2. ``kl``: ``sum h ln(h / p)``, of the human from the predicted, from 0 to
        infinity (p = 0 where there are votes). ``jensen-shannon``: the divergence in nats, from
        0 to ln 2.
    given : {"scores", "probabilities"}
    """
    _check_distance(distance)
    probabilities = to_probabilities(values, given=given)
    shares = vote_shares(check_votes(votes, probabilities.shape))
    if distance == "kl":
        # From the scores themselves: a probability that underflows is not 0.
        rows = human_nll_rows(values, votes, given=given) - vote_entropy_rows(votes)
        return np.maximum(rows, 0.0)
    return np.asarray(_TERMS[distance](shares, probabilities).sum(axis=1), dtype=np.float64)


def human_distance(
    values: ArrayLike,
    votes: ArrayLike,
    *,
    distance: Distance = "total-variation",
    given: Given = "scores",
) -> float:
    """Return the mean distance from the vote shares (see `human_distance_rows`)."""
    return float(human_distance_rows(values, votes, distance=distance, given=given).mean())


def human_distance_debiased_rows(
    values: ArrayLike,
    votes: ArrayLike,
    *,
    distance: Literal["squared", "kl"] = "squared",
    given: Given = "scores",
) -> Floats:
    """Return estimates of the distance from the distribution that the votes come from.

    Single rows may be below 0; it is their mean that estimates.

    Parameters
    ----------
    distance : {"squared", "kl"}
        ``squared``: ``sum (p - h)^2 - sum h (1 - h) / (m - 1)``, unbiased for m >= 2 votes. ``kl``:
        ``-sum h ln p`` less `vote_entropy_debiased_rows`, whose bias vanishes exponentially in m.
        The total variation and the Jensen-Shannon divergence have no unbiased form.
    """
    if distance == "kl":
        return human_nll_rows(values, votes, given=given) - vote_entropy_debiased_rows(votes)
    if distance != "squared":
        raise SettingsError(
            f"no unbiased form of the distance {distance!r}",
            where="distance",
            remedy="say squared or kl, or compare with human_noise_floor",
        )
    plain = human_distance_rows(values, votes, distance="squared", given=given)
    m = check_votes(votes).sum(axis=1)
    if (m < 2).any():
        raise DataError(
            "one vote has no variance",
            where=f"votes, row {int((m < 2).argmax())}",
            remedy="leave out rows with fewer than two votes",
        )
    shares = vote_shares(votes)
    return np.asarray(plain - (shares * (1 - shares)).sum(axis=1) / (m - 1))


def human_distance_debiased(
    values: ArrayLike,
    votes: ArrayLike,
    *,
    distance: Literal["squared", "kl"] = "squared",
    given: Given = "scores",
) -> float:
    """Return the mean of `human_distance_debiased_rows`; it may be below 0."""
    rows = human_distance_debiased_rows(values, votes, distance=distance, given=given)
    return float(rows.mean())


def human_noise_floor_rows(
    values: ArrayLike,
    annotators: ArrayLike,
    *,
    distance: Distance = "total-variation",
    given: Given = "scores",
) -> Floats:
    """Return the distance that each row would show on average if people voted as predicted.

    Expected distance of the shares of that many independent votes from the distribution they are
    drawn from; exact, a sum over the binomial distribution of each label's votes.

    Parameters
    ----------
    annotators : int, or array of int, shape (n,)
        Votes in each row, 1 or more: ``votes.sum(axis=1)``.
    """
    _check_distance(distance)
    probabilities = to_probabilities(values, given=given)
    votes = np.asarray(annotators)
    count = np.broadcast_to(votes, len(probabilities)) if votes.ndim == 0 else votes
    fits = count.shape == probabilities.shape[:1] and np.issubdtype(count.dtype, np.integer)
    if not fits or (count < 1).any():
        raise DataError(
            f"numbers of votes have shape {count.shape} and type {count.dtype}",
            where="annotators",
            remedy=f"give one whole number from 1 up, or {len(probabilities)} of them",
        )
    floor = np.empty(len(probabilities))
    for m in np.unique(count).tolist():
        rows = count == m
        floor[rows] = _expected(_TERMS[distance], probabilities[rows], m).sum(axis=1)
    return floor


def human_noise_floor(
    values: ArrayLike,
    annotators: ArrayLike,
    *,
    distance: Distance = "total-variation",
    given: Given = "scores",
) -> float:
    """Return the mean of `human_noise_floor_rows`."""
    rows = human_noise_floor_rows(values, annotators, distance=distance, given=given)
    return float(rows.mean())


def human_nll_rows(values: ArrayLike, votes: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return the negative log-likelihood of an average vote of each row, in nats.

    ``-sum h ln p``; infinite where a label with votes has probability 0. Unbiased whatever the
    number of annotators, since it is linear in the votes: differences of it between models are
    differences of KL from the human distribution.
    """
    if given == "scores":
        logs = log_softmax(values)
    else:
        with np.errstate(divide="ignore"):
            logs = np.log(to_probabilities(values, given=given))
    shares = vote_shares(check_votes(votes, logs.shape))
    # Labels without votes cost nothing, however improbable they are.
    return np.asarray(-(shares * np.where(shares > 0, logs, 0.0)).sum(axis=1) + 0.0)


def human_nll(values: ArrayLike, votes: ArrayLike, *, given: Given = "scores") -> float:
    """Return the mean of `human_nll_rows`."""
    return float(human_nll_rows(values, votes, given=given).mean())


def human_ranking_rows(values: ArrayLike, votes: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return whether each row's prediction ranks the labels as the votes do.

    1 if every label with more votes than another also has a higher probability, else 0. Labels with
    equally many votes may stand in any order. RankCS of Baan et al. (2022), except that ties among
    votes are no disagreement here: a sort of both sides breaks them by the order of the columns.
    Few votes misrank labels that people choose about equally often, so that even the human
    distribution itself would not reach 1.
    """
    to_probabilities(values, given=given)
    table = np.asarray(values, dtype=np.float64)
    counts = check_votes(votes, table.shape)
    # By votes, then by value: the highest of one number of votes stands before the lowest of
    # the next, so neighbours tell for all pairs.
    order = np.lexsort((table, counts), axis=1)
    more_votes = np.diff(np.take_along_axis(counts, order, axis=1), axis=1) > 0
    ranked = np.take_along_axis(table, order, axis=1)
    not_higher = ranked[:, 1:] <= ranked[:, :-1]
    return np.asarray(1.0 - (more_votes & not_higher).any(axis=1), dtype=np.float64)


def human_ranking(values: ArrayLike, votes: ArrayLike, *, given: Given = "scores") -> float:
    """Return the share of rows that `human_ranking_rows` counts, from 0 to 1."""
    return float(human_ranking_rows(values, votes, given=given).mean())


def _check_distance(distance: str) -> None:
    if distance not in _TERMS:
        raise SettingsError(
            f"unknown distance {distance!r}",
            where="distance",
            remedy=f"say one of {', '.join(_TERMS)}",
        )


def _jensen_shannon(shares: Floats, probabilities: Floats) -> Floats:
    middle = (shares + probabilities) / 2.0
    return np.asarray((rel_entr(shares, middle) + rel_entr(probabilities, middle)) / 2.0)


# What one label adds to each distance, from its share of votes and its probability.
_TERMS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "total-variation": lambda h, p: np.abs(h - p) / 2.0,
    "squared": lambda h, p: (h - p) ** 2,
    # Not h ln(h / p), but of the same mean where the votes are drawn from p.
    "kl": lambda h, p: entr(p) - entr(h),
    "jensen-shannon": _jensen_shannon,
}


def _expected(term: Callable[[Floats, Floats], Floats], probabilities: Floats, m: int) -> Floats:
    """Return the mean of a term over the shares of m votes, shape (n, k)."""
    # Rows that sum to one within a tolerance may hold a class a little above one.
    p = np.minimum(probabilities, 1.0)
    total = np.zeros_like(p)
    for v in range(m + 1):
        ways = gammaln(m + 1) - gammaln(v + 1) - gammaln(m - v + 1)
        chance = np.exp(ways + xlogy(v, p) + xlog1py(m - v, -p))
        total += chance * term(np.full_like(p, v / m), p)
    return total
