"""In which order a model learnt its labels, by what it says of development data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

# All orders of more labels are too many to try.
MOST_ORDERED = 6


def permuted_labels(
    scores: NDArray[np.floating],
    gold: NDArray[np.integer],
    labels: Sequence[str],
    *,
    z: float = 4.0,
) -> tuple[str, ...] | None:
    """Say in which order a model seems to have learned the labels, if not in this one.

    Published checkpoints and data sets disagree about the order of NLI labels, and the wrong
    one looks like a bad model. On development data in the training language the accuracy under
    every order is computed; another order wins if it is right more often by `z` standard errors
    of the difference, over the units on which the two disagree (McNemar), and better than
    always answering the commonest label.

    Parameters
    ----------
    scores : array of shape (n, k)
        Model scores in the order of `labels`.
    gold : array of shape (n,)
        Gold labels, from 0 to k - 1.
    labels : sequence of str
        The k labels, at most 6.
    z : float, default 4.0
        How many standard errors are convincing; there are many orders to be wrong about.

    Returns
    -------
    tuple of str or None
        The labels in the order of the model's scores, or None if there is no reason to doubt
        the order.

    Raises
    ------
    ValueError
        If shapes do not agree or there are more than 6 labels (720 orders).

    Examples
    --------
    >>> truth = np.array([0, 1, 2] * 20)
    >>> permuted_labels(np.eye(3)[(truth + 1) % 3], truth, ["a", "b", "c"])
    ('c', 'a', 'b')
    """
    count, choices = scores.shape
    if gold.shape != (count,) or len(labels) != choices or not 2 <= choices <= MOST_ORDERED:
        raise ValueError("scores need shape (n, k), gold (n,), and 2 to 6 labels")
    confusion = np.zeros((choices, choices))  # predicted, gold
    np.add.at(confusion, (scores.argmax(axis=1), gold), 1)
    columns = np.arange(choices)
    best = max(
        permutations(range(choices)), key=lambda order: confusion[columns, list(order)].sum()
    )
    moved = columns != np.array(best)
    won = confusion[columns, list(best)][moved].sum()
    lost = confusion[columns, columns][moved].sum()
    convincing = won - lost > z * np.sqrt(won + lost)
    constant = np.bincount(gold, minlength=choices).max()
    if not convincing or confusion[columns, list(best)].sum() <= constant:
        return None
    return tuple(labels[index] for index in best)
