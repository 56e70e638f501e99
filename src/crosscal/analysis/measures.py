"""Every metric of one run in one language, with the bootstrap's errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    ece_debiased,
    excess_variance,
    make_bins,
    nll_rows,
    shrunken_excess,
    top_label,
)

Floats = NDArray[np.float64]

@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric of one run in one language, or a combination of such.

    Attributes
    ----------
    value : float
    errors : ndarray of shape (replicates,)
        Replicate minus the truth of the world it was drawn from.
    noise_floor : float or None
    null : ndarray of shape (replicates,) or None
        For calibration errors: replicates under perfect calibration.
    """

    value: float
    errors: Floats
    noise_floor: float | None = None
    null: Floats | None = None

    def moved_to(self, value: float) -> Measure:
        """Return another estimate of the same truth, with the same interval and p-value."""
        shift = value - self.value
        return Measure(
            value=value,
            errors=self.errors + shift,
            noise_floor=self.noise_floor,
            null=None if self.null is None else self.null + shift,
        )

    def __sub__(self, other: Measure) -> Measure:
        return Measure(value=self.value - other.value, errors=self.errors - other.errors)


def mean_measure(measures: Sequence[Measure]) -> Measure:
    """Return the unweighted mean of measures of one kind."""
    floors = [m.noise_floor for m in measures if m.noise_floor is not None]
    nulls = [m.null for m in measures if m.null is not None]
    return Measure(
        value=float(np.mean([m.value for m in measures])),
        errors=np.mean([m.errors for m in measures], axis=0),
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


def measure(
    scores: Floats, gold: NDArray[np.int64], resample: Resample, bins: int
) -> dict[str, Measure]:
    """Return every metric of `crosscal.analysis.METRICS`.

    Parameters
    ----------
    scores : ndarray of shape (n, k)
    gold : ndarray of int, shape (n,)
    resample : Resample
    bins : int

    Returns
    -------
    dict of str to Measure
    """
    confidence, correct = top_label(scores, gold)
    outcome = correct.astype(np.float64)
    rows = {
        "accuracy": outcome,
        "nll": nll_rows(scores, gold),
        "brier": brier_rows(scores, gold),
        "confidence": confidence,
        "gap": confidence - outcome,
    }
    found = _means(rows, resample)
    schemes: dict[str, Scheme] = {"ece": "width", "ece_mass": "mass"}
    divisions = [make_bins(confidence, bins=bins, scheme=scheme) for scheme in schemes.values()]
    floors = calibrated_errors(confidence, divisions, resample.uniforms).mean(axis=1)
    for name, division, floor in zip(schemes, divisions, floors, strict=True):
        found[name] = _binned(confidence, outcome, division, resample, float(floor))
    # The debiased error estimates the same truth as the plain one: equal interval and p-value.
    plain = found["ece"]
    debiased = ece_debiased(confidence, outcome, bins=bins, clusters=resample.cluster)
    found["ece_debiased"] = plain.moved_to(debiased)
    return found


def _means(rows: dict[str, Floats], resample: Resample) -> dict[str, Measure]:
    """Return the mean of each column and its errors, in one matrix product."""
    columns = [cluster_sums(v, resample.cluster, resample.clusters) for v in rows.values()]
    replicates = resample.weights @ np.stack(columns, axis=1) / resample.rows[:, None]
    values = [float(v.mean()) for v in rows.values()]
    return {
        name: Measure(value=value, errors=replicates[:, i] - value)
        for i, (name, value) in enumerate(zip(rows, values, strict=True))
    }


def _binned(
    confidence: Floats, outcome: Floats, bins: Bins, resample: Resample, floor: float
) -> Measure:
    """Return the plug-in calibration error and its errors.

    The bootstrap world is centred: its true excess in each bin is the shrunken one, not the
    observed one, which has the noise of this sample in it already. Replicates then show the
    bias and the spread that the plug-in error has around the truth they come from.
    """
    table = bin_table(confidence, outcome, bins)
    n, size = len(confidence), len(bins)
    sums = cluster_bin_sums(
        confidence - outcome, resample.cluster, resample.clusters, bins.index(confidence), size
    )
    noise = resample.weights @ sums / resample.rows[:, None] - table.excess
    centre = shrunken_excess(
        table.excess,
        excess_variance(confidence, outcome, bins, resample.cluster, resample.clusters),
        table.confidence / np.maximum(table.n, 1),
        table.n / n,
    )
    return Measure(
        value=float(np.abs(table.excess).sum()),
        errors=np.abs(noise + centre).sum(axis=1) - float(np.abs(centre).sum()),
        noise_floor=floor,
        null=np.abs(noise).sum(axis=1),
    )
