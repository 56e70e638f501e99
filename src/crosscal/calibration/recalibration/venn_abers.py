"""Venn-Abers calibration: two isotonic fits, one for each label the new row may have."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.marginal import About, Learnt, MarginalCalibration

Floats = NDArray[np.float64]


class VennAbers(MarginalCalibration):
    """Average two isotonic fits: with the new row taken as wrong, and taken as right.

    With p0 and p1 the values of both fits at the new row, its probability is
    ``p1 / (1 - p0 + p1)``, which is never 0 or 1.

    Parameters
    ----------
    notion : {"class-wise", "top-label"}
        See `MarginalCalibration`.
    given : {"scores", "probabilities"}

    Attributes
    ----------
    maps_ : list
    converged_ : bool
        Always True.

    Notes
    -----
    Vovk, Petej and Fedorova (2015): inductive Venn-Abers predictors, merged as in their
    equation 6 (minimax for log loss). One class against the rest, rows divided by their sum.
    """

    def __init__(self, *, notion: About = "class-wise", given: Given = "scores") -> None:
        self.notion = notion
        self.given = given

    def _learn(
        self, confidence: Floats, present: Floats, absent: Floats, outcome: Floats
    ) -> tuple[Learnt, str]:
        level, index, n = np.unique(confidence, return_inverse=True, return_counts=True)
        hits = np.bincount(index, weights=outcome).astype(np.float64)
        return partial(_merged, level, n.astype(np.float64), hits), ""


def _merged(
    level: Floats, n: Floats, hits: Floats, confidence: Floats, present: Floats, absent: Floats
) -> Floats:
    low, high = venn_abers_pair(level, n, hits, confidence)
    return np.asarray(high / (1.0 - low + high))


def venn_abers_pair(level: Floats, n: Floats, hits: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Return the two probabilities of Venn-Abers at each number.

    Parameters
    ----------
    level : ndarray of shape (m,)
        Distinct confidences of the rows learnt from, rising.
    n, hits : ndarray of shape (m,)
        How many rows have each, and how many of those are right.
    at : ndarray of shape (q,)

    Returns
    -------
    low, high : ndarray of shape (q,)
        p0 and p1. Both are steps that change only at the levels and between them, so at most
        2 m + 1 pairs of fits are made.
    """
    before = np.searchsorted(level, at, side="left")
    known = before < len(level)
    equal = np.zeros(len(at), dtype=bool)
    equal[known] = level[before[known]] == at[known]
    places, back = np.unique(2 * before + equal, return_inverse=True)
    pairs = np.array([_fit_pair(n, hits, place // 2, bool(place % 2)) for place in places.tolist()])
    return pairs[back, 0], pairs[back, 1]


def _fit_pair(n: Floats, hits: Floats, place: int, equal: bool) -> tuple[float, float]:
    """Return the isotonic fits at a place, before which a level begins or which it is."""
    if not equal:
        n, hits = np.insert(n, place, 0.0), np.insert(hits, place, 0.0)
    weights = n.copy()
    weights[place] += 1.0
    found = []
    for label in (0.0, 1.0):
        right = hits.copy()
        right[place] += label
        found.append(float(isotonic_regression(right / weights, weights=weights).x[place]))
    return found[0], found[1]
