"""Differences between a baseline group and the others, with adjusted p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.evaluation.measures import GroupMeasures
from crosscal.calibration.evaluation.results import Difference
from crosscal.calibration.statistics.multiplicity import holm


def differences(
    measured: Mapping[str, GroupMeasures], baseline: str, level: float
) -> list[Difference]:
    """Compare every group with the baseline in every measure that both have."""
    # Without interval and p-value where a group is a single cluster.
    base = measured[baseline]
    others = [name for name in measured if name != baseline]
    compared = []
    for name, reference in base.measurements.items():
        family = [
            _difference(group, baseline, name, measured[group], base, level)
            for group in others
            if _comparable(measured[group].measurements.get(name), reference)
        ]
        compared += _adjusted(family)
    return compared


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
