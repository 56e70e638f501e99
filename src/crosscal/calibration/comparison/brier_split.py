"""The change of the square loss, split into calibration and refinement.

The first part is what a recalibration could mend, the second is what the confidences do not tell
apart. A language can lose in one and keep the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.binning import make_bins
from crosscal.calibration.comparison.contrasts import (
    Answers,
    Contrast,
    Drawn,
    checked_answers,
    resampled_totals,
)
from crosscal.calibration.statistics.resampling import cluster_bin_sums, cluster_sums
from crosscal.calibration.statistics.shrinkage import shrinkage_matrix

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SplitContrast:
    """The change of the square loss of the confidence, and of its two parts.

    Attributes
    ----------
    total : Contrast
        Target minus baseline of mean ``(confidence - correct)^2``.
    calibration : Contrast
        Of ``sum_b share_b (mean confidence_b - accuracy_b)^2``, its expected noise taken off:
        what recalibrating the bins would win.
    refinement : Contrast
        Of the rest: what the confidences do not tell apart.
    """

    total: Contrast
    calibration: Contrast
    refinement: Contrast


def brier_split(
    baseline: Answers,
    target: Answers,
    weights: Floats,
    *,
    bins: int = 15,
    level: float = 0.95,
) -> SplitContrast:
    """Split the change of the confidence's square loss into calibration and refinement.

    ``mean (c - y)^2 = sum_b share_b (mean c_b - mean y_b)^2 + the rest``, for c the confidence
    and y correctness (Murphy 1973; within-bin terms belong to the rest). The first part is
    debiased by its expected noise, not below 0, and drawn by inversion as the calibration
    error is, with the Euclidean norm.

    Parameters
    ----------
    baseline, target, weights, bins, level
        As in `accuracy_matched`; costs are ignored.

    Returns
    -------
    SplitContrast

    Raises
    ------
    DataError
        Bad arrays.
    """
    parts = [brier_parts(answers, weights, bins, level) for answers in (baseline, target)]
    (total, calibration), (total_target, calibration_target) = parts
    return SplitContrast(
        total=(total_target - total).contrast(level),
        calibration=(calibration_target - calibration).contrast(level),
        refinement=((total_target - calibration_target) - (total - calibration)).contrast(level),
    )


def brier_parts(answers: Answers, weights: Floats, bins: int, level: float) -> tuple[Drawn, Drawn]:
    """Return the square loss and its calibration part."""
    confidence, correct, drawn = checked_answers(answers, weights)
    cluster, clusters = drawn.cluster, drawn.clusters
    index = make_bins(confidence, bins=bins).index(confidence)
    residual = confidence - correct
    sums = np.hstack(
        [
            cluster_bin_sums(residual, cluster, clusters, index, bins),
            cluster_sums(residual**2, cluster, clusters)[:, None],
            cluster_sums(np.ones_like(residual), cluster, clusters)[:, None],
        ]
    )
    totals = resampled_totals(sums, drawn.weights)
    means = totals[:, :-1] / totals[:, -1:]
    count = np.bincount(index, minlength=bins)
    used = np.flatnonzero(count)
    share = count[used] / len(confidence)
    observed, noise = means[0, used], means[1:, used] - means[0, used]
    implied = np.bincount(index, weights=confidence * (1 - confidence), minlength=bins)[used]
    variance = np.maximum(noise.var(axis=0), implied / len(confidence) ** 2)
    # Bins are of equal width: their numbers lie along confidence.
    shrinkage = shrinkage_matrix(observed, variance, used.astype(np.float64), share)
    square = float((observed**2 / share).sum())
    draws = _compatible_squares(observed, noise, shrinkage, share)
    alone = (noise**2 / share).sum(axis=1)
    may_be_zero = float((alone >= square).mean()) > (1 - level) / 2
    low = np.zeros_like(draws) if may_be_zero else draws
    value = max(0.0, square - float((variance / share).sum()))
    return Drawn(means[0, -1], means[1:, -1], means[1:, -1]), Drawn(value, low, draws)


def _compatible_squares(excess: Floats, noise: Floats, shrinkage: Floats, share: Floats) -> Floats:
    """Draw true square errors that show the observed one, as `compatible_errors` does.

    The root of ``|t m - e|^2 = observed`` is closed in form for the Euclidean norm.
    """
    scale = 1.0 / np.sqrt(share)
    direction = ((excess + np.roll(noise, len(noise) // 2, axis=0)) @ shrinkage.T) * scale
    error = noise * scale
    length, alone = (direction**2).sum(axis=1), (error**2).sum(axis=1)
    along = (direction * error).sum(axis=1)
    left = float(((excess * scale) ** 2).sum()) - alone
    solvable = (left > 0) & (length > 0)
    length = np.where(solvable, length, 1.0)
    root = (along + np.sqrt(np.maximum(along**2 + length * left, 0.0))) / length
    return np.where(solvable, root**2 * length, 0.0)
