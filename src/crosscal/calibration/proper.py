"""Probabilities from scores, and the proper scores: negative log-likelihood and Brier."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_gold, check_probabilities, check_scores
from crosscal.calibration.rows import row_argmax, row_max, row_sum
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Given = Literal["scores", "probabilities"]


def log_softmax(scores: ArrayLike) -> Floats:
    """Return log-probabilities of scores, row by row.

    ``s - max(s) - log(sum(exp(s - max(s))))``: finite wherever the scores are, unless they lie
    further apart than float64 reaches (1.8e308).
    """
    values = check_scores(scores)
    shifted = values - row_max(values)[:, None]
    return np.asarray(shifted - np.log(row_sum(np.exp(shifted)))[:, None])


def softmax(scores: ArrayLike) -> Floats:
    """Return probabilities of scores, row by row (see `log_softmax`)."""
    return np.exp(log_softmax(scores))


def top_label(scores: ArrayLike, gold: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the confidence of the chosen label and whether it is right.

    The chosen label is the first of those with the highest score (of the scores themselves:
    rounding in softmax may make two of them equal). Gold -1 (right choice not among them) counts
    as wrong.
    """
    values = check_scores(scores)
    right = check_gold(gold, values.shape, absent=True)
    return highest_probability(values), row_argmax(values) == right


def highest_probability(scores: Floats) -> Floats:
    """Return ``softmax(scores).max(axis=1)`` of checked scores, equal to the last bit."""
    # The highest score less itself is 0, so that only the sum is left to compute.
    shifted = scores - row_max(scores)[:, None]
    return np.exp(0.0 - np.log(row_sum(np.exp(shifted))))


def nll_rows(values: ArrayLike, gold: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return the negative log-likelihood of each row, in nats.

    Gold -1 is rejected, because the right choice then has no probability. A right choice of
    probability 0 costs infinity (scikit-learn's ``log_loss`` clips instead).
    """
    return nll_of(log_probabilities(values, given=given), gold)


def log_probabilities(values: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return log-probabilities, minus infinity where a probability is 0."""
    _check_given(given)
    if given == "scores":
        return log_softmax(values)
    with np.errstate(divide="ignore"):
        return np.log(check_probabilities(values))


def nll_of(logs: Floats, gold: ArrayLike) -> Floats:
    """Return what `nll_rows` does, from log-probabilities."""
    right = check_gold(gold, logs.shape)
    return -logs[np.arange(len(right)), right] + 0.0  # + 0.0 turns -0 into 0


def nll(values: ArrayLike, gold: ArrayLike, *, given: Given = "scores") -> float:
    """Return the mean negative log-likelihood in nats (see `nll_rows`)."""
    return float(nll_rows(values, gold, given=given).mean())


def brier_rows(values: ArrayLike, gold: ArrayLike, *, given: Given = "scores") -> Floats:
    """Return the Brier score of each row: squared distances summed over the classes.

    ``sum_k (p_k - [k = gold])^2``, from 0 to 2, as Brier (1950) has it; for two classes this
    is twice the one-column score (scikit-learn's ``scale_by_half`` halves it).
    Gold -1 (right choice not among them) is a class of probability 0.
    """
    _check_given(given)
    return brier_of(softmax(values) if given == "scores" else check_probabilities(values), gold)


def brier_of(probabilities: Floats, gold: ArrayLike) -> Floats:
    """Return what `brier_rows` does, from checked probabilities."""
    right = check_gold(gold, probabilities.shape, absent=True)
    known = np.flatnonzero(right >= 0)
    probabilities = probabilities.copy()
    probabilities[known, right[known]] -= 1.0
    return np.asarray(row_sum(np.square(probabilities)) + (right < 0))


def _check_given(given: str) -> None:
    if given not in ("scores", "probabilities"):
        raise SettingsError(
            f"values given as {given!r}", where="given", remedy="say scores or probabilities"
        )


def brier(values: ArrayLike, gold: ArrayLike, *, given: Given = "scores") -> float:
    """Return the mean Brier score, 0 to 2 (see `brier_rows`)."""
    return float(brier_rows(values, gold, given=given).mean())
