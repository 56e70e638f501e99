"""Differences between a baseline group and the others, with adjusted p-values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from crosscal.calibration.estimation.error_estimate import ErrorEstimate
from crosscal.calibration.evaluation.measures import Measured
from crosscal.calibration.evaluation.results import Difference
from crosscal.calibration.statistics.intervals import quantile_interval, two_sided_p
from crosscal.calibration.statistics.multiplicity import holm


def differences(measured: Mapping[str, Measured], baseline: str, level: float) -> list[Difference]:
    """Compare every group with the baseline in every measure that both have.

    Parameters
    ----------
    measured : dict of str to Measured
    baseline : str
    level : float

    Returns
    -------
    list of Difference
        By measure, then by group. Without interval and p-value where a group is a single
        cluster.
    """
    base = measured[baseline]
    others = [name for name in measured if name != baseline]
    found = []
    for name in base.estimates:
        compared = [
            _difference(group, baseline, name, measured[group], base, level)
            for group in others
            if _comparable(measured[group].estimates.get(name), base.estimates[name])
        ]
        found += _adjusted(compared)
    return found


def shift(
    one: ErrorEstimate, other: ErrorEstimate, level: float
) -> tuple[float, float | None, float | None, float | None]:
    """Return one value minus another, its interval, and the p-value of no difference."""
    low = one.draws_low - other.draws_high
    high = one.draws_high - other.draws_low
    value = one.value - other.value
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return value, None, None, None
    return value, *quantile_interval(low, high, level), two_sided_p(low, high)


def _comparable(one: ErrorEstimate | None, other: ErrorEstimate) -> bool:
    return one is not None and bool(np.isfinite([one.value, other.value]).all())


def _difference(
    group: str, baseline: str, name: str, one: Measured, other: Measured, level: float
) -> Difference:
    value, low, high, p = shift(one.estimates[name], other.estimates[name], level)
    known = one.clusters > 1 and other.clusters > 1
    return Difference(
        group=group,
        baseline=baseline,
        measure=name,
        value=value,
        low=low if known else None,
        high=high if known else None,
        p_value=p if known else None,
        p_adjusted=None,
        paired=one.draw == other.draw,
    )


def _adjusted(compared: list[Difference]) -> list[Difference]:
    """Fill in Holm's p-values; comparisons without one do not count."""
    known = [i for i, each in enumerate(compared) if each.p_value is not None]
    raised = holm([compared[i].p_value or 0.0 for i in known])
    adjusted = dict(zip(known, raised.tolist(), strict=True))
    return [
        Difference(**{**vars(each), "p_adjusted": adjusted.get(i)})
        for i, each in enumerate(compared)
    ]
