"""How well events are calibrated, in numbers with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosscal.analysis.events.event import Events
from crosscal.calibration import Measurement, estimate_errors, resample_clusters
from crosscal.calibration.estimation.engine import measure_soft

REPLICATES = 1000
# Where clusters are very many fewer replicates must do: these hold 400 MB of weights.
_NUMBERS = 50_000_000
_FEWEST = 200
_YES = 1
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Calibration of the events of one language, as fractions; intervals at 95 %."""

    # n, clusters: events, and what is independent among them
    n: int
    clusters: int
    # accuracy, confidence: means; accuracy is the mean F1 where events are soft. None without
    # events, as all below
    accuracy: float | None = None
    confidence: float | None = None
    # gap, gap_low, gap_high: mean confidence minus accuracy, and its interval; above 0
    # overconfident
    gap: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    # ece, ece_debiased: 15 bins of equal width, as `crosscal.calibration.ece` and `ece_debiased`;
    # of soft events the mean outcome of a bin takes the place of its accuracy, and nothing is
    # debiased
    ece: float | None = None
    ece_debiased: float | None = None
    # ece_low, ece_high: for the error at infinite data. None with fewer than two clusters, as the
    # gap's
    ece_low: float | None = None
    ece_high: float | None = None
    # noise_floor, p_value: of the ECE; see `crosscal.calibration.estimate_errors`, of soft events
    # `crosscal.calibration.estimation.engine.measure_soft`
    noise_floor: float | None = None
    p_value: float | None = None
    # temperature, shift: as the events have it
    temperature: float = 1.0
    shift: float = 0.0


def summarise(events: Events, *, seed: int = 0) -> Calibration:
    """Measure the calibration of events of one language; `seed` is of bootstrap and noise floor."""
    names, cluster = np.unique(events.cluster_ids, return_inverse=True)
    fitted = {"temperature": events.temperature, "shift": events.shift}
    if not len(events):
        return Calibration(n=0, clusters=0, **fitted)
    several = len(names) > 1
    measured = _measured(events, cluster, len(names), seed)
    gap, error, debiased = measured["gap"], measured["ece"], measured.get("ece_debiased")
    (gap_low, gap_high), (low, high) = gap.interval(LEVEL), error.interval(LEVEL)
    return Calibration(
        n=len(events),
        clusters=len(names),
        accuracy=float(events.correct.mean()),
        confidence=float(events.confidence.mean()),
        gap=gap.value,
        gap_low=gap_low if several else None,
        gap_high=gap_high if several else None,
        ece=error.value,
        ece_debiased=None if debiased is None else debiased.value,
        ece_low=low if several else None,
        ece_high=high if several else None,
        noise_floor=error.noise_floor,
        p_value=error.null.p_value() if several and error.null is not None else None,
        **fitted,
    )


def _measured(
    events: Events, cluster: np.ndarray, clusters: int, seed: int
) -> dict[str, Measurement]:
    # A single cluster has no variance to resample; its intervals are not shown.
    replicates = max(_FEWEST, min(REPLICATES, _NUMBERS // clusters))
    resampling = resample_clusters(clusters, replicates, entropy=(seed,))
    if events.soft:
        return measure_soft(events.confidence, events.correct, cluster, resampling, level=LEVEL)
    values, gold = events.as_choices()
    return estimate_errors(
        values,
        gold,
        cluster=cluster,
        resampling=resampling,
        given="probabilities",
        notion=_YES,
        level=LEVEL,
        errors=("ece", "ece_debiased"),
    )
