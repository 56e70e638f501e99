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
    """Return F1, precision and recall of mined pairs, as XTREME scores BUCC 2018.

    Parameters
    ----------
    mined, gold : iterable of (str, str)
        A pair that is there twice counts once.

    Returns
    -------
    dict of str to float
        ``f1``, ``precision``, ``recall``, fractions; 0 if no pair is right.
    """
    return overlap(frozenset(mined), frozenset(gold))


def best_threshold(
    scores: NDArray[np.float64], right: NDArray[np.bool_], gold: int
) -> tuple[float, float]:
    """Find the score from which on mined pairs give the highest F1.

    To be used on training data, never on the pairs that are then scored. The threshold lies
    halfway to the next lower score, so that pairs of one score are kept or dropped together.

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Of the mined pairs, in any order.
    right : ndarray of bool, shape (n,)
        Whether each is a gold pair.
    gold : int
        Number of gold pairs, mined or not.

    Returns
    -------
    threshold : float
        Pairs of at least this score are kept. Of several best ones, the highest.
    f1 : float
        A fraction.

    Raises
    ------
    DataError
        No pair is right.
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
