"""The calibration error where outcomes are shares, as the F1 of an answer.

A bin's mean outcome takes the place of its accuracy: the expected F1 is calibrated if, of answers
with an expected F1 of 0.7, the mean F1 is 0.7. Outcomes of 0 and 1 are the case that scatters
most, so that what is drawn from confidences (noise floors by consistency resampling) would
be too much here. All noise is therefore taken from the data: clusters are resampled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration import (
    cluster_bin_sums,
    compatible_errors,
    make_bins,
    quantile_interval,
    shrinkage_matrix,
)
from crosscal.calibration.estimation.error_estimate import ErrorEstimate

Floats = NDArray[np.float64]
BINS = 15
LEVEL = 0.95


def estimate_soft(
    confidence: Floats, outcome: Floats, cluster: NDArray[np.intp], weights: Floats
) -> tuple[ErrorEstimate, ErrorEstimate]:
    """Estimate the gap and the expected calibration error of outcomes from 0 to 1.

    Parameters
    ----------
    confidence, outcome : ndarray of float64, shape (n,)
        In [0, 1].
    cluster : ndarray of int, shape (n,)
        Number of each row's cluster.
    weights : ndarray of shape (replicates, clusters)
        From `crosscal.calibration.cluster_weights`.

    Returns
    -------
    gap, error : ErrorEstimate
        Mean confidence minus mean outcome; and ``sum_b (n_b / n) |mean confidence_b - mean
        outcome_b|`` over 15 bins of equal width. The error's interval is by inversion (see
        `crosscal.calibration.estimation.inversion`); its noise floor is what the scatter of
        residuals around the mean of their bin adds up to; its p-value is the share of replicates
        whose noise alone is as large.
    """
    clusters = weights.shape[1]
    division = make_bins(confidence, bins=BINS)
    index = np.unique(division.index(confidence), return_inverse=True)[1]
    bins, n = int(index.max()) + 1, len(confidence)
    residual = confidence - outcome
    counts = np.bincount(index, minlength=bins)
    excess = np.bincount(index, weights=residual, minlength=bins) / n
    within = residual - (excess * n / counts)[index]
    rows = weights @ np.bincount(cluster, minlength=clusters)
    sums = cluster_bin_sums(residual, cluster, clusters, index, bins)
    scatter = cluster_bin_sums(within, cluster, clusters, index, bins)
    replicates = weights @ sums / rows[:, None]
    noise = replicates - excess
    value, alone = float(np.abs(excess).sum()), np.abs(noise).sum(axis=1)
    variance = scatter.var(axis=0) * clusters**2 / max(clusters - 1, 1) / n**2
    means = np.bincount(index, weights=confidence, minlength=bins) / counts
    shrinkage = shrinkage_matrix(excess, variance, means, counts / n)
    high = compatible_errors(excess, noise, shrinkage)
    # A draw between 0 and the noise is too high if the true error is 0.
    may_be_zero = float((alone >= value).mean()) > (1 - LEVEL) / 2
    low = np.zeros_like(high) if may_be_zero else high
    floor = np.abs(weights @ scatter / rows[:, None]).sum(axis=1).mean()
    ends = quantile_interval(low, high, LEVEL)
    gaps = replicates.sum(axis=1)
    gap_ends = quantile_interval(gaps, gaps, LEVEL)
    gap = ErrorEstimate(
        value=float(residual.mean()),
        low=gap_ends[0],
        high=gap_ends[1],
        noise_floor=None,
        p_value=None,
        draws_low=gaps,
        draws_high=gaps,
    )
    error = ErrorEstimate(
        value=value,
        low=ends[0],
        high=min(1.0, ends[1]),
        noise_floor=float(floor),
        # A tie in the last bits must count as a tie.
        p_value=float((1 + (alone >= value - 1e-12).sum()) / (1 + len(alone))),
        draws_low=low,
        draws_high=high,
    )
    return gap, error
