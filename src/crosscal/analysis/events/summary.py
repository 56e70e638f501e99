"""How well events are calibrated, in numbers with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.events.event import Events, Floats
from crosscal.calibration import (
    Bins,
    bin_table,
    calibrated_errors,
    cluster_bin_sums,
    cluster_weights,
    compatible_errors,
    ece_debiased,
    excess_variance,
    make_bins,
    quantile_interval,
    shrinkage_matrix,
)

BINS = 15
REPLICATES = 2000
NOISE_RESAMPLES = 400
LEVEL = 0.95
# Numbers held at once where weights or outcomes are drawn: 32 MB.
_BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Calibration of the events of one language, as fractions; intervals at 95 %.

    Attributes
    ----------
    n, clusters : int
        Events, and what is independent among them.
    accuracy, confidence : float or None
        Means; accuracy is the mean F1 where events are soft. None without events, as all below.
    gap, gap_low, gap_high : float or None
        Mean confidence minus accuracy, and its interval; above 0 overconfident.
    ece, ece_debiased : float or None
        15 bins of equal width, as `crosscal.calibration.ece` and `ece_debiased`; of soft
        events the mean outcome of a bin takes the place of its accuracy, and nothing is
        debiased.
    ece_low, ece_high : float or None
        For the error at infinite data. None with fewer than two clusters, as the gap's.
    noise_floor : float or None
        Of the ECE, by consistency resampling. Soft outcomes have no distribution to draw
        from: theirs is what their scatter within bins adds up to, resampled by cluster (None
        with fewer than two).
    p_value : float or None
        Of the hypothesis that every confidence is right.
    temperature, shift : float
        As the events have it.
    """

    n: int
    clusters: int
    accuracy: float | None = None
    confidence: float | None = None
    gap: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    ece: float | None = None
    ece_debiased: float | None = None
    ece_low: float | None = None
    ece_high: float | None = None
    noise_floor: float | None = None
    p_value: float | None = None
    temperature: float = 1.0
    shift: float = 0.0


def summarise(events: Events, *, rng: np.random.Generator) -> Calibration:
    """Measure the calibration of events.

    Parameters
    ----------
    events : Events
        Of one language.
    rng : numpy.random.Generator
        For the bootstrap over clusters and the noise floor.

    Returns
    -------
    Calibration
    """
    names, cluster = np.unique(events.cluster_ids, return_inverse=True)
    n, fitted = len(events), {"temperature": events.temperature, "shift": events.shift}
    if n == 0:
        return Calibration(n=0, clusters=0, **fitted)
    confidence, correct = events.confidence, events.correct
    division = make_bins(confidence, bins=BINS)
    excess = _excess(confidence, correct, division)
    value = float(np.abs(excess).sum())
    means = {
        "accuracy": float(correct.mean()),
        "confidence": float(confidence.mean()),
        "gap": float((confidence - correct).mean()),
        "ece": value,
    }
    debiased = None
    if not events.soft:
        debiased = ece_debiased(confidence, correct, bins=BINS, clusters=cluster)
    floor = None if events.soft else _noise_floor(confidence, division, rng)
    if len(names) < 2:
        return Calibration(
            n=n, clusters=1, **means, ece_debiased=debiased, noise_floor=floor, **fitted
        )
    index = division.index(confidence)
    draws = _replicates(confidence - correct, cluster, index, rng)
    gaps = draws.sum(axis=1)
    filled = np.flatnonzero(np.bincount(index, minlength=len(division)))
    noise = (draws - excess)[:, filled]
    null = np.abs(noise).sum(axis=1)
    if floor is None:
        scatter = _within(confidence - correct, index)
        floor = float(np.abs(_replicates(scatter, cluster, index, rng)).sum(axis=1).mean())
    low, high = _error_interval(events, division, cluster, excess, noise, filled)
    gap_low, gap_high = quantile_interval(gaps, gaps, LEVEL)
    return Calibration(
        n=n,
        clusters=len(names),
        **means,
        ece_debiased=debiased,
        noise_floor=floor,
        gap_low=gap_low,
        gap_high=gap_high,
        ece_low=low,
        ece_high=high,
        # A tie in the last bits must count as a tie.
        p_value=float((1 + (null >= value - 1e-12).sum()) / (1 + len(null))),
        **fitted,
    )


def _excess(confidence: Floats, correct: Floats, division: Bins) -> Floats:
    """Return mean confidence minus mean outcome of each bin, times its share of the events."""
    index = division.index(confidence)
    sums = np.bincount(index, weights=confidence - correct, minlength=len(division))
    return np.asarray(sums / len(confidence))


def _replicates(
    residual: Floats, cluster: NDArray[np.intp], index: NDArray[np.intp], rng: np.random.Generator
) -> Floats:
    """Return the excess of each bin in every replicate, shape (replicates, bins)."""
    clusters = int(cluster.max()) + 1
    sums = cluster_bin_sums(residual, cluster, clusters, index, BINS)
    sizes = np.bincount(cluster, minlength=clusters).astype(np.float64)
    step = max(1, _BLOCK // clusters)
    parts = []
    for size in _sizes(REPLICATES, step):
        weights = cluster_weights(clusters, size, rng)
        parts.append(weights @ sums / (weights @ sizes)[:, None])
    return np.concatenate(parts)


def _within(residual: Floats, index: NDArray[np.intp]) -> Floats:
    """Return by how much each residual differs from the mean of its bin."""
    n = np.maximum(np.bincount(index), 1)
    return np.asarray(residual - (np.bincount(index, weights=residual) / n)[index])


def _noise_floor(confidence: Floats, division: Bins, rng: np.random.Generator) -> float:
    """Return the mean error of outcomes that are drawn from the confidences."""
    step = max(1, _BLOCK // len(confidence))
    drawn = [
        calibrated_errors(confidence, [division], rng.random((size, len(confidence)))).ravel()
        for size in _sizes(NOISE_RESAMPLES, step)
    ]
    return float(np.concatenate(drawn).mean())


def _sizes(total: int, step: int) -> Iterator[int]:
    yield from (min(step, total - done) for done in range(0, total, step))


def _error_interval(
    events: Events,
    division: Bins,
    cluster: NDArray[np.intp],
    excess: Floats,
    noise: Floats,
    filled: NDArray[np.intp],
) -> tuple[float, float]:
    """Return the interval of the true errors that could have shown the one observed."""
    confidence = events.confidence
    variance = excess_variance(
        confidence, events.correct, division, cluster, int(cluster.max()) + 1
    )
    table = bin_table(confidence, np.zeros(len(confidence)), division)
    observed = excess[filled]
    shrinkage = shrinkage_matrix(
        observed, variance[filled], table.mean_confidence[filled], table.share[filled]
    )
    draws = compatible_errors(observed, noise, shrinkage)
    value, null = float(np.abs(observed).sum()), np.abs(noise).sum(axis=1)
    may_be_zero = float((null >= value).mean()) > (1 - LEVEL) / 2
    low, high = quantile_interval(np.zeros_like(draws) if may_be_zero else draws, draws, LEVEL)
    return max(0.0, low), min(1.0, high)
