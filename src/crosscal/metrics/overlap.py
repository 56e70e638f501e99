"""Precision, recall and F1 of one set of things against another."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Set as AbstractSet


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
