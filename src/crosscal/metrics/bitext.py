"""Mined pairs of translations: F1 over sets of pairs, and a threshold from training data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.metrics.overlap import overlap

Pair = tuple[str, str]
"""Ids of a sentence and of its translation."""


def bitext_scores(mined: Iterable[Pair], gold: Iterable[Pair]) -> dict[str, float]:
    """Return F1, precision and recall of sets of pairs, as XTREME scores BUCC 2018."""
    return overlap(frozenset(mined), frozenset(gold))


def best_threshold(
    scores: NDArray[np.float64], right: NDArray[np.bool_], gold: int
) -> tuple[float, float]:
    """Return the score from which on mined pairs give the highest F1, and that F1.

    For training data, never the pairs that are then scored. `gold` counts all gold pairs, mined or
    not. Halfway to the next lower score; of several best ones the highest.
    """
    if not right.any():
        raise DataError(
            "no mined pair is right, so no threshold can be chosen",
            where="bitext threshold",
            remedy="Check that ids of mined and gold pairs are the same",
        )
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    # F1 = 2 right / (mined + gold), for each length of the list.
    f1 = 2 * np.cumsum(right[order]) / (np.arange(1, len(ranked) + 1) + gold)
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.where(last_of_equals, f1, -1.0).argmax())
    threshold = float(ranked[best])
    if best + 1 < len(ranked):
        halfway = (threshold + float(ranked[best + 1])) / 2
        # Between neighbouring floats, halfway is one of the two.
        threshold = halfway if halfway > ranked[best + 1] else threshold
    return threshold, float(f1[best])
