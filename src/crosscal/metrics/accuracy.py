"""Accuracy, of strings and of scored choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def accuracy(predicted: Sequence[str], gold: Sequence[str]) -> float:
    """Return the share of predictions that equal their label, as XTREME counts it.

    Parameters
    ----------
    predicted, gold : sequence of str
        The denominator is the number of predictions; what has no partner is not right.

    Returns
    -------
    float
        A fraction; 0 without predictions.
    """
    right = sum(a == b for a, b in zip(predicted, gold, strict=False))
    return right / len(predicted) if predicted else 0.0


def first_choice_accuracy(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Return accuracy where the first of the highest scores is the answer.

    Parameters
    ----------
    scores : ndarray, shape (n, k)
        Choices that a unit does not have are -inf.
    gold : ndarray of int, shape (n,)
        -1, right answer not among the choices, counts as wrong.

    Returns
    -------
    float
        A fraction.
    """
    return float((scores.argmax(axis=1) == gold).mean())


def shared_choice_accuracy(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Return accuracy where m choices that share the highest score count 1/m each.

    The order of the choices then earns nothing. Without ties this is `first_choice_accuracy`.

    Parameters
    ----------
    scores : ndarray, shape (n, k)
    gold : ndarray of int, shape (n,)
        As in `first_choice_accuracy`.

    Returns
    -------
    float
        A fraction.
    """
    highest = scores == scores.max(axis=1, keepdims=True)
    known = gold >= 0
    right = highest[known, gold[known]] / highest[known].sum(axis=1)
    return float(right.sum() / len(gold))
