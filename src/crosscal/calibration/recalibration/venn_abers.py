"""Venn-Abers calibration: two isotonic fits, one for each label the new row may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration.marginal import About, ConfidenceMap, MarginalCalibration

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MergedSteps:
    """``p1 / (1 - p0 + p1)`` of two step functions."""

    level: Floats  # (m,), rising: of confidences, or of log-odds
    low: Floats  # (m + 1,): p0 by the number of levels at or below
    high: Floats  # (m + 1,): p1 by the number of levels below
    by_confidence: bool

    def __call__(self, confidence: Floats, present: Floats, absent: Floats) -> Floats:
        """Return the new confidences, shape (n,)."""
        at = confidence if self.by_confidence else present - absent
        low = self.low[np.searchsorted(self.level, at, side="right")]
        high = self.high[np.searchsorted(self.level, at, side="left")]
        return np.asarray(high / (1.0 - low + high))


class VennAbers(MarginalCalibration):
    """Average two isotonic fits: with the new row taken as wrong, and taken as right.

    With p0 and p1 the values of both fits at the new row, its probability is ``p1 / (1 - p0 +
    p1)``, which is never 0 or 1. Vovk, Petej and Fedorova (2015): inductive Venn-Abers predictors,
    merged as in their equation 6 (minimax for log loss). One class against the rest, rows divided
    by their sum. Among weighted rows the new one has their mean weight.

    Attributes
    ----------
    converged_ : bool
        Always True.
    """

    map_kind: ClassVar[type] = MergedSteps

    def __init__(self, *, notion: About = "class-wise", given: Given = "scores") -> None:
        self.notion = notion
        self.given = given

    def _learn(
        self,
        confidence: Floats,
        present: Floats,
        absent: Floats,
        outcome: Floats,
        weights: Floats | None,
    ) -> tuple[ConfidenceMap, str]:
        # Only the order counts; that of log-odds survives where confidences round to 1.
        at = confidence if self.given == "probabilities" else present - absent
        level, index = np.unique(at, return_inverse=True)
        n = np.bincount(index, weights=weights)
        hits = np.bincount(index, weights=outcome if weights is None else weights * outcome)
        low, high = venn_abers_steps(n, hits)
        # A level at which neither steps is none.
        step = (np.diff(low) != 0) | (np.diff(high) != 0)
        kept = np.concatenate([[True], step])
        steps = MergedSteps(
            level=level[step],
            low=low[kept],
            high=high[kept],
            by_confidence=self.given == "probabilities",
        )
        return steps, ""


def venn_abers_steps(n: ArrayLike, hits: ArrayLike) -> tuple[Floats, Floats]:
    """Return both probabilities of Venn-Abers at every place a new row can have."""
    # low[i] is p0, the isotonic fit at a new wrong row that has i confidences at or below its own;
    # high[i] is p1, that at a new right row with i below. An isotonic fit is the slope of the
    # greatest convex minorant of the cumulative sums (Barlow et al. 1972). A new row shifts all
    # later points, so its fit is the slope of the common lower tangent of the points before and
    # after it, found by walking outwards on both hulls, all places at once.
    rows = np.concatenate([[0.0], np.cumsum(n, dtype=np.float64)])
    right = np.concatenate([[0.0], np.cumsum(hits, dtype=np.float64)])
    before = _corners(rows, right)
    # Read from the other end, what is after is before.
    after = (len(rows) - 1 - _corners(rows[-1] - rows[::-1], right[::-1]))[::-1]
    return (
        _tangents(rows, right, before, after, label=0.0),
        _tangents(rows, right, before, after, label=1.0),
    )


def _corners(rows: Floats, right: Floats) -> NDArray[np.intp]:
    """Return for each point the corner before it on the lower hull of all points up to it."""
    x, y = rows.tolist(), right.tolist()
    hull, corner = [0], [0]
    for i in range(1, len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (y[i] - y[b]) * (x[b] - x[a]) > (y[b] - y[a]) * (x[i] - x[b]):
                break
            hull.pop()
        corner.append(hull[-1])
        hull.append(i)
    return np.array(corner, dtype=np.intp)


def _tangents(
    rows: Floats,
    right: Floats,
    before: NDArray[np.intp],
    after: NDArray[np.intp],
    *,
    label: float,
) -> Floats:
    """Return the slope of the common lower tangent at each place, for a new row's label."""
    left, far = np.arange(len(rows)), np.arange(len(rows))

    def slope(a: NDArray[np.intp], b: NDArray[np.intp]) -> Floats:
        return np.asarray((right[b] + label - right[a]) / (rows[b] + 1.0 - rows[a]))

    slopes = slope(left, far)
    moving = np.arange(len(rows))
    while moving.size:
        a, b = left[moving], far[moving]
        lower = slope(a, after[b]) < slopes[moving]
        far[moving] = b = np.where(lower, after[b], b)
        slopes[moving] = slope(a, b)
        higher = slope(before[a], b) > slopes[moving]
        left[moving] = a = np.where(higher, before[a], a)
        slopes[moving] = slope(a, b)
        moving = moving[lower | higher]
    return slopes
