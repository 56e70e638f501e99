"""The change of the square loss, split into calibration and refinement.

The first part is what a recalibration could mend, the second is what the confidences do not tell
apart. A language can lose in one and keep the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.binning import make_bins
from crosscal.calibration.comparison.contrasts import (
    Answers,
    Contrast,
    checked_answers,
    contrast,
    mean_draws,
)
from crosscal.calibration.estimation.engine import invert
from crosscal.calibration.estimation.functionals import ErrorFunctional
from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.estimation.norms import L2
from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.calibration.statistics.cluster_sums import cluster_bin_sums, cluster_sums
from crosscal.calibration.statistics.shrinkage import shrinkage_matrix

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SplitContrast:
    """The change of the square loss of the confidence, and of its two parts."""

    total: Contrast  # target minus baseline of mean ``(confidence - correct)^2``
    # of ``sum_b share_b (mean confidence_b - accuracy_b)^2``, its expected noise taken off: what
    # recalibrating the bins would win
    calibration: Contrast
    refinement: Contrast  # of the rest: what the confidences do not tell apart


def brier_split(
    baseline: Answers,
    target: Answers,
    resampling: ClusterResampling,
    *,
    bins: int = 15,
    level: float = 0.95,
) -> SplitContrast:
    """Split the change of the confidence's square loss into calibration and refinement.

    ``mean (c - y)^2 = sum_b share_b (mean c_b - mean y_b)^2 + the rest``, for c the confidence
    and y correctness (Murphy 1973; within-bin terms belong to the rest). The first part is
    debiased by its expected noise, not below 0, and drawn by inversion as the calibration
    error is, with the Euclidean norm. Arguments as in `accuracy_matched`; costs are ignored.
    """
    (total, calibration), (total_target, calibration_target) = (
        brier_parts(answers, resampling, bins, level, name)
        for answers, name in ((baseline, "baseline"), (target, "target"))
    )
    refinement = (total_target - calibration_target) - (total - calibration)
    return SplitContrast(
        total=contrast(total_target - total, level),
        calibration=contrast(calibration_target - calibration, level),
        refinement=contrast(refinement, level),
    )


def brier_parts(
    answers: Answers, resampling: ClusterResampling, bins: int, level: float, name: str = "all"
) -> tuple[Measurement, Measurement]:
    """Return the square loss and its calibration part."""
    confidence, correct = checked_answers(answers, resampling)
    cluster, clusters, n = answers.cluster, resampling.weights.shape[1], len(confidence)
    index = make_bins(confidence, bins=bins).index(confidence)
    residual = confidence - correct
    sums = np.hstack(
        [
            cluster_bin_sums(residual, cluster, clusters, index, bins),
            cluster_sums(residual**2, cluster, clusters)[:, None],
        ]
    )
    means = sums.sum(axis=0) / n
    rows = resampling.weights @ np.bincount(cluster, minlength=clusters)
    weight, outcome = (
        each[:, None] for each in resampling.virtual_row(name, mean=float(correct.mean()))
    )
    right, wrong = (
        np.append(np.bincount(index, weights=off, minlength=bins) / n, (off**2).mean())
        for off in (confidence - 1.0, confidence)
    )
    virtual = outcome * right + (1.0 - outcome) * wrong
    drawn = (resampling.weights @ sums + weight * virtual) / (rows[:, None] + weight)
    drawn = means + resampling.student(len(np.unique(cluster)))[:, None] * (drawn - means)
    count = np.bincount(index, minlength=bins)
    used = np.flatnonzero(count)
    share = count[used] / n
    observed, noise = means[used], drawn[:, used] - means[used]
    implied = np.bincount(index, weights=confidence * (1 - confidence), minlength=bins)[used]
    variance = np.maximum(noise.var(axis=0), implied / n**2)
    root = invert(
        ErrorFunctional(
            columns=np.arange(len(used)),
            weight=np.ones(len(used)),
            norm=L2(1.0 / share),
            # Bins are of equal width: their numbers lie along confidence.
            shrinkage=shrinkage_matrix(observed, variance, used.astype(np.float64), share),
        ),
        observed,
        noise,
        level=level,
        calibrated=np.zeros((0, len(used))),
        dependent=True,
    )
    calibration = replace(
        root,
        value=max(0.0, root.value**2 - float((variance / share).sum())),
        draws_low=root.draws_low**2,
        draws_high=root.draws_high**2,
        null=None,
    )
    return mean_draws(float(means[-1]), drawn[:, -1], (0.0, 1.0)), calibration
