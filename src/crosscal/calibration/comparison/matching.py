"""Degradation of calibration beyond what lower accuracy explains.

A language in which a model is wrong more often tends to be worse calibrated for that reason
alone: whoever is as sure as before and right less often is overconfident. So the baseline's right
and wrong answers get other weights, such that its accuracy is the target's, and errors are
compared at equal accuracy. `crosscal.calibration.comparison.brier_split` is another way to take
it apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
from crosscal.calibration.estimation.resampling import ClusterResampling
from crosscal.calibration.statistics.cluster_sums import cluster_bin_sums, cluster_sums
from crosscal.calibration.statistics.shrinkage import folded_normal_mean, shrinkage_matrix
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MatchedContrast:
    """A degradation in two parts: ``target - baseline = explained + beyond``."""

    # baseline, matched, target: the measure in the baseline, in the baseline weighted to the
    # target's accuracy, and in the target
    baseline: float
    matched: float
    target: float
    explained: Contrast  # matched minus baseline: what the lower accuracy alone would do
    beyond: Contrast  # target minus matched


def accuracy_matched(
    baseline: Answers,
    target: Answers,
    resampling: ClusterResampling,
    *,
    bins: int = 15,
    level: float = 0.95,
) -> dict[str, MatchedContrast]:
    """Compare measures of two languages at equal accuracy.

    With accuracy a in the baseline and a' in the target, right rows of the baseline get weight
    ``a' / a`` and wrong rows ``(1 - a') / (1 - a)``: what a subsample of it, drawn by
    correctness to have accuracy a', shows on average, without the noise of drawing. Whole
    clusters are resampled, and the accuracies with them; each replicate has a virtual row, right in
    part and wrong in part. Both languages have the same names of costs and share the resampling, so
    that the contrast is paired. The interval of ``ece_debiased`` is made by inversion (see
    `crosscal.calibration.estimation.inversion`); those of ``gap``, ``confidence`` and the costs are
    quantiles.

    Raises
    ------
    DataError
        Bad arrays; a baseline without any right or any wrong answer (no weights can give it
        another accuracy); costs of other names.

    Notes
    -----
    What is held fixed are the distributions of confidence among right and among wrong answers.
    So "explained" is what happens if the model's answers go wrong more often and nothing else
    changes: it is then overconfident, as it should be here. That is an assumption about the
    counterfactual, not a law; a model could lower its confidence as it errs more (which
    `brier_split` would show).
    """
    if baseline.costs.keys() != target.costs.keys():
        raise DataError(
            f"costs are {sorted(baseline.costs)} and {sorted(target.costs)}",
            where="costs",
            remedy="give the same names for baseline and target",
        )
    ours, theirs = (
        _Sums.of(baseline, resampling, bins, "baseline"),
        _Sums.of(target, resampling, bins, "target"),
    )
    accuracy = theirs.accuracy
    if not 0 < ours.accuracy[0] < 1:
        raise DataError(
            "every answer of the baseline is right, or every one is wrong",
            where="baseline",
            remedy="matching needs both; compare the languages without it",
        )
    # Row 0 is the sample itself, the others are its replicates.
    sides = ours.mixed(ours.accuracy), ours.mixed(accuracy), theirs.mixed(accuracy)
    floors = (
        ours.implied(ours.accuracy[0]),
        ours.implied(accuracy[0]),
        theirs.implied(accuracy[0]),
    )
    width = len(ours.share)
    shares = ours.share, ours.share, theirs.share
    errors = [
        _error(side[:, :width], floor, share, level)
        for side, floor, share in zip(sides, floors, shares, strict=True)
    ]
    contrasts = {"ece_debiased": _matched(errors, level)}
    for column, name in enumerate(("gap", "confidence", *baseline.costs), start=width):
        span = {"gap": (-1.0, 1.0), "confidence": (0.0, 1.0)}.get(name, (-np.inf, np.inf))
        plain = [mean_draws(float(side[0, column]), side[1:, column], span) for side in sides]
        contrasts[name] = _matched(plain, level)
    return contrasts


def _matched(measurements: list[Measurement], level: float) -> MatchedContrast:
    baseline, matched, target = measurements
    return MatchedContrast(
        baseline=baseline.value,
        matched=matched.value,
        target=target.value,
        explained=contrast(matched - baseline, level),
        beyond=contrast(target - matched, level),
    )


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """Means over the right and over the wrong rows, in the sample and in each replicate."""

    accuracy: Floats  # (1 + replicates,)
    # right, wrong: (1 + replicates, columns): excess of each bin, gap, confidence, costs
    right: Floats
    wrong: Floats
    share: Floats  # (bins,)
    spread: Floats  # (2, bins): sums of c (1 - c) over wrong and right rows, over n squared

    @classmethod
    def of(cls, answers: Answers, resampling: ClusterResampling, bins: int, name: str) -> _Sums:
        """Sum the rows of answers by cluster and correctness, and resample."""
        confidence, correct = checked_answers(answers, resampling)
        n, cluster, clusters = len(confidence), answers.cluster, resampling.weights.shape[1]
        index = make_bins(confidence, bins=bins).index(confidence)
        rows = [confidence - correct, confidence]
        rows += [_checked_cost(cost, n, name) for name, cost in answers.costs.items()]
        weight, outcome = resampling.virtual_row(name, mean=float(correct.mean()))
        factor = resampling.student(len(np.unique(cluster)))
        means, counts = [], []
        for kind, share in ((correct == 1, outcome), (correct == 0, 1.0 - outcome)):
            of_kind = [np.where(kind, row, 0.0) for row in rows]
            sums = np.hstack(
                [
                    cluster_bin_sums(of_kind[0], cluster, clusters, index, bins),
                    *(cluster_sums(row, cluster, clusters)[:, None] for row in of_kind),
                ]
            )
            sizes = cluster_sums(kind, cluster, clusters)
            whole = sums.sum(axis=0) / max(sizes.sum(), 1.0)
            virtual = weight * share
            count = resampling.weights @ sizes + virtual
            drawn = (resampling.weights @ sums + virtual[:, None] * whole) / count[:, None]
            means.append(np.vstack([whole, whole + factor[:, None] * (drawn - whole)]))
            counts.append(np.concatenate([[sizes.sum()], count]))
        variance = confidence * (1 - confidence) / n**2
        cell = correct.astype(np.intp) * bins + index
        spread = np.bincount(cell, weights=variance, minlength=2 * bins)
        return cls(
            accuracy=counts[0] / (counts[0] + counts[1]),
            right=means[0],
            wrong=means[1],
            share=np.bincount(index, minlength=bins) / n,
            spread=np.asarray(spread, dtype=np.float64).reshape(2, bins),
        )

    def mixed(self, accuracy: Floats) -> Floats:
        """Return the means at another accuracy, shape (1 + replicates, columns)."""
        share = accuracy[:, None]
        return np.asarray(share * self.right + (1 - share) * self.wrong)

    def implied(self, accuracy: float) -> Floats:
        """Return the variance of the bins' excess that the confidences imply, weighted."""
        own = float(self.accuracy[0])
        wrong = (1 - accuracy) / (1 - own) if own < 1 else 1.0
        right = accuracy / own if own > 0 else 1.0
        return np.asarray(wrong**2 * self.spread[0] + right**2 * self.spread[1])


def _error(excess: Floats, implied: Floats, share: Floats, level: float) -> Measurement:
    """Return the debiased calibration error with draws by inversion; row 0 is the sample."""
    used = np.flatnonzero(share > 0)
    observed, noise = excess[0, used], excess[1:, used] - excess[0, used]
    variance = np.maximum(noise.var(axis=0), implied[used])
    # Bins are of equal width: their numbers lie along confidence.
    shrinkage = shrinkage_matrix(observed, variance, used.astype(np.float64), share[used])
    centre = shrinkage @ observed
    inflation = float((folded_normal_mean(centre, variance) - np.abs(centre)).sum())
    columns = np.arange(len(used))
    return invert(
        ErrorFunctional(columns=columns, weight=np.ones(len(used)), shrinkage=shrinkage),
        observed,
        noise,
        level=level,
        calibrated=np.zeros((0, len(used))),
        dependent=True,
        value=max(0.0, float(np.abs(observed).sum()) - inflation),
    )


def _checked_cost(cost: ArrayLike, n: int, name: str) -> Floats:
    values = np.asarray(cost, dtype=np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise DataError(
            f"cost has shape {values.shape} or is not finite everywhere",
            where=name,
            remedy=f"give {n} finite numbers",
        )
    return values
