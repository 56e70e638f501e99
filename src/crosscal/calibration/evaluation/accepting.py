"""What is gained by accepting confident predictions only, by group, and from which confidence on.

The rows above a threshold are a set of rows as any other: their accuracy, and the share that they
are of all, come from the one engine with its draws of clusters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.engine import measure_outcomes
from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.estimation.samples import OutcomeSet
from crosscal.calibration.evaluation.cluster_design import GroupDesign
from crosscal.calibration.evaluation.results import AcceptedRows, NeededThreshold
from crosscal.calibration.sample_weights import weighted_mean
from crosscal.calibration.selective.selective import risk_coverage

Floats = NDArray[np.float64]
Rows = NDArray[np.intp] | slice

THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Confidences above which predictions are accepted, where none are named."""
WANTED = (0.9, 0.95)
"""Accuracies that a threshold is looked for, where none are named."""

# Shares of the rows at whose confidences accuracy is bounded; below the least none is looked for.
_SHARES = np.concatenate([[1 / 320, 1 / 160, 1 / 80], np.arange(1, 41) / 40])
_FEWEST = 20
# How many of the next confidences a lower bound must hold at as well.
_LASTING = 3
# Rows of all sets that are measured at once.
_MOST_ROWS = 2_000_000


class ConfidentRows:
    """One group's confidences and outcomes, to be cut off at thresholds."""

    def __init__(
        self,
        group: str,
        confidence: Floats,
        correct: NDArray[np.bool_],
        design: GroupDesign,
        level: float,
    ) -> None:
        # Once, and not for every threshold; numbers of 16 bits several times as fast.
        small = design.units <= np.iinfo(np.uint16).max
        unit = design.unit.astype(np.uint16, copy=False) if small else design.unit
        order = np.argsort(unit, kind="stable")
        self.group, self.level = group, level
        self.confidence, self.correct = confidence[order], correct[order]
        self.unit, self.design = unit[order], design
        self.weights = None if design.weights is None else design.weights[order]

    def accepted(self, thresholds: Sequence[float]) -> list[AcceptedRows]:
        """Return what accepting all rows of at least a confidence keeps, and how right it is."""
        kept = [self.confidence >= threshold for threshold in thresholds]
        shares = self._measured([(each, slice(None)) for each in kept])
        some = [t for t, each in zip(thresholds, kept, strict=True) if each.any()]
        right = dict(zip(some, self._accuracies(some), strict=True))
        return [
            self._accepted(threshold, int(each.sum()), share, right.get(threshold))
            for threshold, each, share in zip(thresholds, kept, shares, strict=True)
        ]

    def _accepted(
        self, threshold: float, n: int, share: Measurement, accuracy: Measurement | None
    ) -> AcceptedRows:
        (kept_low, kept_high), (low, high) = self._interval(share), self._interval(accuracy)
        return AcceptedRows(
            group=self.group,
            threshold=threshold,
            n=n,
            kept=share.value,
            kept_low=kept_low,
            kept_high=kept_high,
            accuracy=None if accuracy is None else accuracy.value,
            low=low,
            high=high,
        )

    def needed(self, wanted: Sequence[float]) -> list[NeededThreshold]:
        """Return the least threshold above which each accuracy is reached, with its interval."""
        n = len(self.confidence)
        counts = np.unique(np.ceil(_SHARES * n)[_SHARES * n >= min(_FEWEST, n)].astype(np.intp))
        falling = np.sort(self.confidence)[::-1]
        grid = np.unique(falling[counts - 1])
        measured = self._accuracies(grid.tolist())
        bounds = [self._interval(each) for each in measured]
        low = _lasting(np.array([0.0 if a is None else a for a, _ in bounds]))
        high = np.array([1.0 if b is None else b for _, b in bounds])
        curve = risk_coverage(self.confidence, self.correct, weights=self.weights)
        return [self._needed(a, grid, low, high, curve.threshold, 1 - curve.risk) for a in wanted]

    def _needed(
        self,
        wanted: float,
        grid: Floats,
        low: Floats,
        high: Floats,
        threshold: Floats,
        accuracy: Floats,
    ) -> NeededThreshold:
        reached = threshold[(accuracy >= wanted - 1e-12) & (threshold >= grid[0])]
        # Of confidences above the last of the grid too few rows are left to say anything.
        within = reached[reached <= grid[-1]]
        least = float(within.min()) if within.size else None
        first, sure = _crossing(grid, high, wanted), _crossing(grid, low, wanted)
        if least is not None:
            first = least if first is None else min(first, least)
            sure = None if sure is None else max(sure, least)
        kept = None if least is None else self._share(least)
        known = self.design.clusters > 1
        return NeededThreshold(
            group=self.group,
            wanted=wanted,
            threshold=least,
            low=first if known else None,
            high=sure if known else None,
            kept=kept,
        )

    def _share(self, threshold: float) -> float:
        above = (self.confidence >= threshold).astype(np.float64)
        return weighted_mean(above, self.weights)

    def _accuracies(self, thresholds: Sequence[float]) -> list[Measurement]:
        at_once = max(1, _MOST_ROWS // len(self.confidence))
        measured: list[Measurement] = []
        for start in range(0, len(thresholds), at_once):
            kept = [np.flatnonzero(self.confidence >= t) for t in thresholds[start:][:at_once]]
            measured += self._measured([(self.correct, each) for each in kept])
        return measured

    def _measured(self, outcomes: Sequence[tuple[NDArray[np.bool_], Rows]]) -> list[Measurement]:
        """Measure the means of outcomes of some rows."""
        sets = (
            OutcomeSet(
                outcome=outcome[rows].astype(np.float64),
                unit=self.unit[rows].astype(np.intp),
                name=self.group,
                weights=None if self.weights is None else self.weights[rows],
            )
            for outcome, rows in outcomes
        )
        return measure_outcomes(sets, self.design.resampling)

    def _interval(self, one: Measurement | None) -> tuple[float | None, float | None]:
        if one is None or self.design.clusters < 2 or not one.known:
            return None, None
        return one.interval(self.level)


def _lasting(low: Floats) -> Floats:
    """Return the least of each lower bound and those at the next confidences."""
    # The first of many bounds to cross is the luckiest: it must hold for a while.
    padded = np.concatenate([low, np.full(_LASTING, np.inf)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, _LASTING + 1)
    return np.asarray(windows.min(axis=1))


def _crossing(grid: Floats, bound: Floats, wanted: float) -> float | None:
    """Return the least confidence at which a bound of the accuracy reaches what is wanted."""
    above = bound >= wanted
    if not above.any():
        return None
    at = int(above.argmax())
    if at == 0:
        return float(grid[0])
    rise = (wanted - bound[at - 1]) / (bound[at] - bound[at - 1])
    return float(grid[at - 1] + rise * (grid[at] - grid[at - 1]))
