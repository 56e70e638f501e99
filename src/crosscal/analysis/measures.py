"""Every metric of one run in every language, with draws of its true value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration import (
    Bins,
    Scheme,
    bin_table,
    brier_rows,
    calibrated_errors,
    cluster_bin_sums,
    cluster_sums,
    compatible_errors,
    ece_debiased,
    excess_variance,
    make_bins,
    nll_rows,
    shrinkage_matrix,
    top_label,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric of one run in one language, or a combination of such.

    Attributes
    ----------
    value : float
    low, high : ndarray of shape (replicates,)
        Draws of the true value. They differ where a calibration error may well be 0: `low` is
        then 0 throughout, because a draw between 0 and the noise is too high if it is.
    noise_floor : float or None
    null : ndarray of shape (replicates,) or None
        For calibration errors: replicates of the value under perfect calibration.
    """

    value: float
    low: Floats
    high: Floats
    noise_floor: float | None = None
    null: Floats | None = None

    def __sub__(self, other: Measure) -> Measure:
        return Measure(
            value=self.value - other.value,
            low=self.low - other.high,
            high=self.high - other.low,
        )


def mean_measure(measures: Sequence[Measure]) -> Measure:
    """Return the unweighted mean of measures of one kind."""
    if len(measures) == 1:
        return measures[0]
    floors = [m.noise_floor for m in measures if m.noise_floor is not None]
    nulls = [m.null for m in measures if m.null is not None]
    return Measure(
        value=float(np.mean([m.value for m in measures])),
        low=np.mean([m.low for m in measures], axis=0),
        high=np.mean([m.high for m in measures], axis=0),
        noise_floor=float(np.mean(floors)) if floors else None,
        null=np.mean(nulls, axis=0) if nulls else None,
    )


@dataclass(frozen=True, kw_only=True)
class Resample:
    """The one draw of clusters that all measures share.

    Attributes
    ----------
    weights : ndarray of shape (replicates, clusters)
    cluster : ndarray of int, shape (n,)
    rows : ndarray of shape (replicates,)
        Rows in each replicate.
    uniforms : ndarray of float32, shape (resamples, n)
        For the noise floors.
    """

    weights: Floats
    cluster: NDArray[np.intp]
    rows: Floats
    uniforms: NDArray[np.float32]

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.weights.shape[1])


def make_resample(
    weights: Floats, cluster: NDArray[np.intp], uniforms: NDArray[np.float32]
) -> Resample:
    """Return a Resample of these weights and rows."""
    sizes = np.bincount(cluster, minlength=weights.shape[1]).astype(np.float64)
    return Resample(weights=weights, cluster=cluster, rows=weights @ sizes, uniforms=uniforms)


@dataclass(frozen=True, kw_only=True)
class _Bins:
    """A binned calibration error before resampling; arrays over the bins with rows."""

    excess: Floats
    variance: Floats
    confidence: Floats
    share: Floats
    sums: Floats
    noise_floor: float

    def measure(self, replicates: Floats, level: float) -> Measure:
        """Return the plug-in error and the true errors compatible with it."""
        noise = replicates - self.excess
        shrinkage = shrinkage_matrix(self.excess, self.variance, self.confidence, self.share)
        value = float(np.abs(self.excess).sum())
        null = np.abs(noise).sum(axis=1)
        draws = compatible_errors(self.excess, noise, shrinkage)
        may_be_zero = float((null >= value).mean()) > (1 - level) / 2
        return Measure(
            value=value,
            low=np.zeros_like(draws) if may_be_zero else draws,
            high=draws,
            noise_floor=self.noise_floor,
            null=null,
        )


@dataclass(frozen=True, kw_only=True)
class _Collected:
    """One language's sums over clusters, all that resampling needs."""

    means: dict[str, float]
    mean_sums: Floats
    binned: dict[str, _Bins]
    debiased: float

    @property
    def sums(self) -> Floats:
        """All columns side by side, shape (clusters, columns)."""
        return np.hstack([self.mean_sums, *(b.sums for b in self.binned.values())])

    def measures(self, replicates: Floats, level: float) -> dict[str, Measure]:
        """Turn the columns' replicates, in the order of `sums`, into measures."""
        done = len(self.means)
        draws = np.ascontiguousarray(replicates[:, :done].T)
        found = {
            name: Measure(value=value, low=draw, high=draw)
            for (name, value), draw in zip(self.means.items(), draws, strict=True)
        }
        for name, bins in self.binned.items():
            width = len(bins.excess)
            found[name] = bins.measure(replicates[:, done : done + width], level)
            done += width
        # The debiased error estimates the same truth as the plain: equal interval and p-value.
        plain, shift = found["ece"], self.debiased - found["ece"].value
        null = None if plain.null is None else plain.null + shift
        found["ece_debiased"] = replace(plain, value=self.debiased, null=null)
        return found


def measure_run(
    scores: Mapping[str, Floats],
    gold: Mapping[str, NDArray[np.int64]],
    resample: Resample,
    *,
    bins: int,
    level: float,
    all_gold: bool = True,
) -> dict[str, dict[str, Measure]]:
    """Return every metric of `crosscal.analysis.METRICS` in languages of a run.

    Parameters
    ----------
    scores : mapping of language to ndarray of shape (n, k)
    gold : mapping of language to ndarray of int, shape (n,)
    resample : Resample
    bins : int
    level : float
        Of the intervals to be made; decides which errors may well be 0.
    all_gold : bool
        Whether the right choice is always among the choices; if not, there is no NLL.

    Returns
    -------
    dict of language to dict of metric to Measure
    """
    collected = {
        code: _collect(scores[code], gold[code], resample, bins, all_gold=all_gold)
        for code in scores
    }
    # One product for all languages: the weights are read from memory once.
    sums = [each.sums for each in collected.values()]
    replicates = resample.weights @ np.hstack(sums) / resample.rows[:, None]
    parts = np.split(replicates, np.cumsum([s.shape[1] for s in sums])[:-1], axis=1)
    return {
        code: each.measures(part, level)
        for (code, each), part in zip(collected.items(), parts, strict=True)
    }


def _collect(
    scores: Floats, gold: NDArray[np.int64], resample: Resample, bins: int, *, all_gold: bool
) -> _Collected:
    confidence, correct = top_label(scores, gold)
    outcome = correct.astype(np.float64)
    rows = {
        "accuracy": outcome,
        # A right choice without probability would cost infinitely much.
        **({"nll": nll_rows(scores, gold)} if all_gold else {}),
        "brier": brier_rows(scores, gold),
        "confidence": confidence,
        "gap": confidence - outcome,
    }
    schemes: dict[str, Scheme] = {"ece": "width", "ece_mass": "mass"}
    divisions = [make_bins(confidence, bins=bins, scheme=scheme) for scheme in schemes.values()]
    floors = calibrated_errors(confidence, divisions, resample.uniforms).mean(axis=1)
    columns = [cluster_sums(v, resample.cluster, resample.clusters) for v in rows.values()]
    return _Collected(
        means={name: float(values.mean()) for name, values in rows.items()},
        mean_sums=np.stack(columns, axis=1),
        binned={
            name: _collect_bins(confidence, outcome, division, resample, float(floor))
            for name, division, floor in zip(schemes, divisions, floors, strict=True)
        },
        debiased=ece_debiased(confidence, outcome, bins=bins, clusters=resample.cluster),
    )


def _collect_bins(
    confidence: Floats, outcome: Floats, bins: Bins, resample: Resample, floor: float
) -> _Bins:
    table = bin_table(confidence, outcome, bins)
    filled = np.flatnonzero(table.n)
    cluster, clusters, index = resample.cluster, resample.clusters, bins.index(confidence)
    variance = excess_variance(confidence, outcome, bins, cluster, clusters)
    sums = cluster_bin_sums(confidence - outcome, cluster, clusters, index, len(bins))
    return _Bins(
        excess=table.excess[filled],
        variance=variance[filled],
        confidence=table.mean_confidence[filled],
        share=table.share[filled],
        sums=sums[:, filled],
        noise_floor=floor,
    )
