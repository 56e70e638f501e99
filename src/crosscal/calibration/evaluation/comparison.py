"""Differences between a baseline group and the others, with adjusted p-values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.evaluation.measures import GroupMeasures
from crosscal.calibration.evaluation.results import Difference
from crosscal.calibration.statistics.multiplicity import holm


class Comparison:
    """Differences of groups from a baseline, collected group by group."""

    # Draws are not kept. Without interval and p-value where a group is a single cluster.
    def __init__(self, baseline: str, base: GroupMeasures, level: float) -> None:
        self._baseline, self._base, self._level = baseline, base, level
        self._found: dict[str, list[Difference]] = {name: [] for name in base.measurements}

    def add(self, group: str, measured: GroupMeasures) -> None:
        """Compare a group in every measure that both have."""
        for name, reference in self._base.measurements.items():
            if _comparable(measured.measurements.get(name), reference):
                self._found[name].append(
                    _difference(group, self._baseline, name, measured, self._base, self._level)
                )

    def differences(self) -> list[Difference]:
        """Return all, measure by measure, with adjusted p-values."""
        return [each for family in self._found.values() for each in _adjusted(family)]


def _comparable(one: Measurement | None, other: Measurement) -> bool:
    return one is not None and bool(np.isfinite([one.value, other.value]).all())


def _difference(
    group: str, baseline: str, name: str, one: GroupMeasures, other: GroupMeasures, level: float
) -> Difference:
    change = one.measurements[name] - other.measurements[name]
    known = one.clusters > 1 and other.clusters > 1 and change.known
    low, high = change.interval(level) if known else (None, None)
    return Difference(
        group=group,
        baseline=baseline,
        measure=name,
        value=change.value,
        low=low,
        high=high,
        p_value=change.p_value() if known else None,
        p_adjusted=None,
        paired=one.draw == other.draw,
    )


def _adjusted(family: list[Difference]) -> list[Difference]:
    """Fill in Holm's p-values; comparisons without one do not count."""
    known = [i for i, each in enumerate(family) if each.p_value is not None]
    raised = holm([family[i].p_value or 0.0 for i in known])
    adjusted = dict(zip(known, raised.tolist(), strict=True))
    return [replace(each, p_adjusted=adjusted.get(i)) for i, each in enumerate(family)]
