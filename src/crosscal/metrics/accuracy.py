"""Accuracy, of strings and of scored choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def accuracy(predicted: Sequence[str], gold: Sequence[str]) -> float:
    """Return the share of right predictions as XTREME: over the predictions, 0 without any."""
    right = sum(a == b for a, b in zip(predicted, gold, strict=False))
    return right / len(predicted) if predicted else 0.0


def first_choice_accuracy(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Return accuracy where the first of the highest scores is the answer; gold -1 is wrong."""
    return float(first_choice_right(scores, gold).mean())


def first_choice_right(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return 1 for each unit whose first choice is right, else 0; shape (n,)."""
    return np.asarray(scores.argmax(axis=1) == gold, dtype=np.float64)


def shared_choice_accuracy(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Return accuracy where m choices that share the highest score count 1/m each.

    The order of the choices then earns nothing; without ties this is `first_choice_accuracy`.
    """
    return float(shared_choice_right(scores, gold)[gold >= 0].sum() / len(gold))


def shared_choice_right(
    scores: NDArray[np.float64], gold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what each unit adds to `shared_choice_accuracy`, from 0 to 1; shape (n,)."""
    highest = scores == scores.max(axis=1, keepdims=True)
    known = gold >= 0
    right = np.zeros(len(gold))
    right[known] = highest[known, gold[known]] / highest[known].sum(axis=1)
    return right
