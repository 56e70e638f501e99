"""Measures of recalibrated probabilities, with draws of their true values.

The same as `crosscal.analysis.measures` has for scores, and for one thing more: probabilities that
come from many draws of few examples, each of which takes its share of the replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.measures import Measure, Resample
from crosscal.calibration import (
    bin_table,
    brier_rows,
    calibrated_errors,
    cluster_bin_sums,
    cluster_sums,
    compatible_errors,
    excess_variance,
    make_bins,
    nll_rows,
    shrinkage_matrix,
)
from crosscal.calibration.statistics.shrinkage import folded_normal_mean

Floats = NDArray[np.float64]

METRICS = ("accuracy", "nll", "brier", "confidence", "gap", "ece", "ece_debiased")
"""What is measured under every regime."""

GAINS = ("nll", "brier", "ece", "ece_debiased")
"""Those that a regime can lower."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One measure of one set of probabilities, on some replicates.

    Attributes
    ----------
    value : float
    draws : ndarray of shape (replicates,)
        Of the true value.
    null : ndarray of shape (replicates,) or None
        Of a calibration error: under perfect calibration.
    """

    value: float
    draws: Floats
    null: Floats | None = None


def observe(
    probabilities: Floats, gold: NDArray[np.int64], resample: Resample, *, bins: int
) -> dict[str, Observed]:
    """Measure probabilities on the replicates of a resample.

    Parameters
    ----------
    probabilities : ndarray of shape (n, k)
    gold : ndarray of int, shape (n,)
    resample : Resample
    bins : int

    Returns
    -------
    dict of str to Observed
        By metric of `METRICS`; without ``nll`` where it is infinite, because a right choice has
        probability 0, or not defined, because it is not among the choices.
    """
    confidence = probabilities.max(axis=1)
    outcome = (probabilities.argmax(axis=1) == gold).astype(np.float64)
    rows = {
        "accuracy": outcome,
        "brier": brier_rows(probabilities, gold, given="probabilities"),
        "confidence": confidence,
        "gap": confidence - outcome,
    }
    if (gold >= 0).all():
        rows["nll"] = nll_rows(probabilities, gold, given="probabilities")
    rows = {name: values for name, values in rows.items() if np.isfinite(values).all()}
    cluster, clusters = resample.cluster, resample.clusters
    division = make_bins(confidence, bins=bins)
    table = bin_table(confidence, outcome, division)
    filled = np.flatnonzero(table.n)
    excess = table.excess[filled]
    in_bins = cluster_bin_sums(
        confidence - outcome, cluster, clusters, division.index(confidence), len(division)
    )[:, filled]
    means = np.stack([cluster_sums(v, cluster, clusters) for v in rows.values()], axis=1)
    drawn = resample.weights @ np.hstack([means, in_bins]) / resample.rows[:, None]
    found = {
        name: Observed(value=float(values.mean()), draws=np.ascontiguousarray(drawn[:, place]))
        for place, (name, values) in enumerate(rows.items())
    }
    noise = drawn[:, len(rows) :] - excess
    variance = excess_variance(confidence, outcome, division, cluster, clusters)[filled]
    shrinkage = shrinkage_matrix(
        excess, variance, table.mean_confidence[filled], table.share[filled]
    )
    plain, null = float(np.abs(excess).sum()), np.abs(noise).sum(axis=1)
    draws = compatible_errors(excess, noise, shrinkage)
    found["ece"] = Observed(value=plain, draws=draws, null=null)
    # `crosscal.calibration.ece_debiased` of what is at hand. It estimates the same truth as the
    # plain one: equal draws and p-value.
    centre = shrinkage @ excess
    inflation = folded_normal_mean(centre, variance) - np.abs(centre)
    value = max(0.0, plain - float(inflation.sum()))
    found["ece_debiased"] = Observed(value=value, draws=draws, null=null + (value - plain))
    return found


def noise_floor(probabilities: Floats, resample: Resample, *, bins: int) -> float:
    """Return the mean ECE if these probabilities were right."""
    confidence = probabilities.max(axis=1)
    divisions = [make_bins(confidence, bins=bins)]
    return float(calibrated_errors(confidence, divisions, resample.uniforms).mean())


def share_of(resample: Resample, number: int, of: int) -> Resample:
    """Return every so-manieth replicate of a resample, from a number on."""
    return replace(resample, weights=resample.weights[number::of], rows=resample.rows[number::of])


def settle(
    drawn: Sequence[Observed], *, level: float, floor: float | None, stretched: float = 1.0
) -> Measure:
    """Put the replicates of one or several draws together.

    Parameters
    ----------
    drawn : sequence of Observed
        Number d of D has replicates d, d + D, d + 2 D, ...
    level : float
        Of the intervals to be made; decides which errors may well be 0.
    floor : float or None
        Noise floor, of a calibration error.
    stretched : float
        Factor on the deviation of each draw from their mean.

    Returns
    -------
    Measure
        Its value is the mean over draws.
    """
    values = np.array([one.value for one in drawn])
    replicates = sum(len(one.draws) for one in drawn)
    draws, at = np.empty(replicates), np.empty(replicates)
    for number, one in enumerate(drawn):
        draws[number :: len(drawn)] = one.draws
        at[number :: len(drawn)] = one.value
    draws += (stretched - 1.0) * (at - values.mean())
    if drawn[0].null is None:
        return Measure(value=float(values.mean()), low=draws, high=draws)
    null = np.empty(replicates)
    for number, one in enumerate(drawn):
        null[number :: len(drawn)] = one.null
    draws = np.maximum(draws, 0.0)
    may_be_zero = float((null >= at).mean()) > (1 - level) / 2
    return Measure(
        value=float(values.mean()),
        low=np.zeros_like(draws) if may_be_zero else draws,
        high=draws,
        noise_floor=floor,
        null=null,
    )
