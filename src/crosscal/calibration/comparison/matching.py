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
    Drawn,
    checked_answers,
    resampled_totals,
)
from crosscal.calibration.estimation.inversion import compatible_errors
from crosscal.calibration.statistics.resampling import cluster_bin_sums, cluster_sums
from crosscal.calibration.statistics.shrinkage import folded_normal_mean, shrinkage_matrix
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MatchedContrast:
    """A degradation in two parts: ``target - baseline = explained + beyond``.

    Attributes
    ----------
    baseline, matched, target : float
        The measure in the baseline, in the baseline weighted to the target's accuracy, and in
        the target.
    explained : Contrast
        Matched minus baseline: what the lower accuracy alone would do.
    beyond : Contrast
        Target minus matched.
    """

    baseline: float
    matched: float
    target: float
    explained: Contrast
    beyond: Contrast


def accuracy_matched(
    baseline: Answers,
    target: Answers,
    weights: Floats,
    *,
    bins: int = 15,
    level: float = 0.95,
) -> dict[str, MatchedContrast]:
    """Compare measures of two languages at equal accuracy.

    With accuracy a in the baseline and a' in the target, right rows of the baseline get weight
    ``a' / a`` and wrong rows ``(1 - a') / (1 - a)``: what a subsample of it, drawn by
    correctness to have accuracy a', shows on average, without the noise of drawing. Whole
    clusters are resampled, and the accuracies with them.

    Parameters
    ----------
    baseline, target : Answers
        With the same names of costs. For parallel languages the same clusters.
    weights : ndarray of shape (replicates, clusters)
        From `crosscal.calibration.cluster_weights`; shared by both, so the contrast is paired.
    bins : int
        Of equal width, at least 1.
    level : float
        Of the intervals.

    Returns
    -------
    dict of name to MatchedContrast
        ``ece_debiased``, ``gap``, ``confidence`` and the costs. The interval of ``ece_debiased``
        is made by inversion (see `crosscal.calibration.estimation.inversion`); the others by
        percentiles.

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
    `brier_split` would show). Where replicates have no right or no wrong rows in the baseline,
    those of the whole sample stand in; for one without any row of a language, the replicate before.
    """
    if baseline.costs.keys() != target.costs.keys():
        raise DataError(
            f"costs are {sorted(baseline.costs)} and {sorted(target.costs)}",
            where="costs",
            remedy="give the same names for baseline and target",
        )
    ours, theirs = _Sums.of(baseline, weights, bins), _Sums.of(target, weights, bins)
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
    found = {}
    errors = [
        _error(side[:, :width], floor, share, level)
        for side, floor, share in zip(sides, floors, shares, strict=True)
    ]
    found["ece_debiased"] = _matched(errors, level)
    for column, name in enumerate(("gap", "confidence", *baseline.costs), start=width):
        plain = [side[:, column] for side in sides]
        found[name] = _matched([Drawn(p[0], p[1:], p[1:]) for p in plain], level)
    return found


def _matched(drawn: list[Drawn], level: float) -> MatchedContrast:
    baseline, matched, target = drawn
    return MatchedContrast(
        baseline=float(baseline.value),
        matched=float(matched.value),
        target=float(target.value),
        explained=(matched - baseline).contrast(level),
        beyond=(target - matched).contrast(level),
    )


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """Means over the right and over the wrong rows, in the sample and in each replicate.

    Attributes
    ----------
    accuracy : ndarray of shape (1 + replicates,)
    right, wrong : ndarray of shape (1 + replicates, columns)
        Excess of each bin, gap, confidence, costs.
    share : ndarray of shape (bins,)
    spread : ndarray of shape (2, bins)
        Sums of c (1 - c) over wrong and right rows, over n squared.
    """

    accuracy: Floats
    right: Floats
    wrong: Floats
    share: Floats
    spread: Floats

    @classmethod
    def of(cls, answers: Answers, weights: Floats, bins: int) -> _Sums:
        """Sum the rows of answers by cluster and correctness, and resample."""
        confidence, correct, draws = checked_answers(answers, weights)
        n, cluster, clusters = len(confidence), draws.cluster, draws.clusters
        index = make_bins(confidence, bins=bins).index(confidence)
        rows = [confidence - correct, confidence]
        rows += [_checked_cost(cost, n, name) for name, cost in answers.costs.items()]
        means, counts = [], []
        for kind in (correct == 1, correct == 0):
            of_kind = [np.where(kind, row, 0.0) for row in rows]
            sums = [cluster_bin_sums(of_kind[0], cluster, clusters, index, bins)]
            sums += [cluster_sums(row, cluster, clusters)[:, None] for row in of_kind]
            totals = resampled_totals(np.hstack(sums), draws.weights)
            count = resampled_totals(cluster_sums(kind, cluster, clusters)[:, None], draws.weights)
            whole = totals[0] / max(count[0, 0], 1.0)
            means.append(np.where(count > 0, totals / np.maximum(count, 1.0), whole))
            counts.append(count[:, 0])
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


def _error(excess: Floats, implied: Floats, share: Floats, level: float) -> Drawn:
    """Return the debiased calibration error with draws by inversion; row 0 is the sample."""
    used = np.flatnonzero(share > 0)
    observed, noise = excess[0, used], excess[1:, used] - excess[0, used]
    variance = np.maximum(noise.var(axis=0), implied[used])
    # Bins are of equal width: their numbers lie along confidence.
    shrinkage = shrinkage_matrix(observed, variance, used.astype(np.float64), share[used])
    centre = shrinkage @ observed
    plug_in = float(np.abs(observed).sum())
    inflation = float((folded_normal_mean(centre, variance) - np.abs(centre)).sum())
    draws = compatible_errors(observed, noise, shrinkage)
    may_be_zero = float((np.abs(noise).sum(axis=1) >= plug_in).mean()) > (1 - level) / 2
    low = np.zeros_like(draws) if may_be_zero else draws
    return Drawn(max(0.0, plug_in - inflation), low, draws)


def _checked_cost(cost: ArrayLike, n: int, name: str) -> Floats:
    values = np.asarray(cost, dtype=np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise DataError(
            f"cost has shape {values.shape} or is not finite everywhere",
            where=name,
            remedy=f"give {n} finite numbers",
        )
    return values
