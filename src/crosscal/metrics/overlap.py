"""Precision, recall and F1 of one set of things against another."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from collections.abc import Set as AbstractSet
from typing import TypeVar

import numpy as np

from crosscal.metrics.metric_input import OutcomeRows

Thing = TypeVar("Thing", bound=Hashable)


def overlap(predicted: AbstractSet[Hashable], gold: AbstractSet[Hashable]) -> dict[str, float]:
    """Return ``f1``, ``precision`` and ``recall`` of two sets; a ratio over 0 is 0.

    So do seqeval 0.0.12 and XTREME's scorer of BUCC: nothing predicted of nothing scores 0, not 1.
    """
    shared = len(predicted & gold)
    precision = shared / len(predicted) if predicted else 0.0
    recall = shared / len(gold) if gold else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both > 0 else 0.0
    return {"f1": f1, "precision": precision, "recall": recall}


def overlap_rows(
    predicted: AbstractSet[Thing], gold: AbstractSet[Thing], cluster_of: Callable[[Thing], int]
) -> OutcomeRows:
    """Return the rows whose mean is the F1 of two sets: 2 shared / (predicted + gold)."""
    # Sorted, since sets of texts have no order that lasts.
    rows = sorted(
        (cluster_of(thing), thing in other)
        for things, other in ((predicted, gold), (gold, predicted))
        for thing in things
    )
    return OutcomeRows(
        values=np.array([shared for _, shared in rows], dtype=np.float64),
        cluster=np.array([cluster for cluster, _ in rows], dtype=np.intp),
    )
