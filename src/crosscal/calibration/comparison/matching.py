"""Degradation of calibration beyond what lower accuracy explains.

A language in which a model is wrong more often tends to be worse calibrated for that reason
alone: whoever is as sure as before and right less often is overconfident. So the baseline's right
and wrong answers get other weights, such that its accuracy is the target's, and errors are
compared at equal accuracy. `crosscal.calibration.comparison.brier_split` is another way to take
it apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    ours, theirs = sum_by_outcome(
        [
            replace(answers, name=answers.name or name)
            for answers, name in ((baseline, "baseline"), (target, "target"))
        ],
        resampling,
        bins=bins,
    )
    (parts,) = match_accuracy(ours, [theirs], level=level)
    return {
        name: MatchedContrast(
            baseline=part.baseline.value,
            matched=part.matched.value,
            target=part.target.value,
            explained=contrast(part.explained, level),
            beyond=contrast(part.beyond, level),
        )
        for name, part in parts.items()
    }


@dataclass(frozen=True, kw_only=True)
class MatchedMeasurements:
    """The measurements behind a `MatchedContrast`."""

    baseline: Measurement
    matched: Measurement
    target: Measurement

    @property
    def explained(self) -> Measurement:
        """What the lower accuracy alone would do."""
        return self.matched - self.baseline

    @property
    def beyond(self) -> Measurement:
        """What is left of the degradation."""
        return self.target - self.matched


@dataclass(frozen=True, kw_only=True)
class OutcomeSums:
    """Means over the right and over the wrong rows of a set, in it and in each replicate."""

    accuracy: Floats  # (1 + replicates,)
    # right, wrong: (1 + replicates, columns): excess of each bin, gap, confidence, costs
    right: Floats
    wrong: Floats
    costs: tuple[str, ...]
    bins: NDArray[np.intp]  # (filled,): numbers of the bins with rows
    share: Floats  # (filled,): of the rows
    spread: Floats  # (2, filled): sums of c (1 - c) over wrong and right rows, over n squared

    @property
    def both_occur(self) -> bool:
        """Whether some rows are right and some wrong, so that weights can change the accuracy."""
        return 0 < float(self.accuracy[0]) < 1

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

    def measured(self, accuracy: Floats, level: float) -> dict[str, Measurement]:
        """Return the measures at another accuracy; at its own, those of the rows as they are."""
        means, width = self.mixed(accuracy), len(self.bins)
        measurements = {
            "ece_debiased": self._error(
                means[:, :width], self.implied(float(accuracy[0])), level=level
            )
        }
        for column, name in enumerate(("gap", "confidence", *self.costs), start=width):
            span = {"gap": (-1.0, 1.0), "confidence": (0.0, 1.0)}.get(name, (-np.inf, np.inf))
            measurements[name] = mean_draws(float(means[0, column]), means[1:, column], span)
        return measurements

    def _error(self, excess: Floats, implied: Floats, *, level: float) -> Measurement:
        """Return the debiased calibration error with draws by inversion; row 0 is the sample."""
        observed, noise = excess[0], excess[1:] - excess[0]
        variance = np.maximum(noise.var(axis=0), implied)
        # Bins are of equal width: their numbers lie along confidence.
        along = self.bins.astype(np.float64)
        shrinkage = shrinkage_matrix(observed, variance, along, self.share)
        centre = shrinkage @ observed
        inflation = float((folded_normal_mean(centre, variance) - np.abs(centre)).sum())
        columns = np.arange(len(observed))
        return invert(
            ErrorFunctional(columns=columns, weight=np.ones(len(columns)), shrinkage=shrinkage),
            observed,
            noise,
            level=level,
            calibrated=np.zeros((0, len(columns))),
            dependent=True,
            value=max(0.0, float(np.abs(observed).sum()) - inflation),
        )


def match_accuracy(
    baseline: OutcomeSums, targets: Sequence[OutcomeSums], *, level: float
) -> list[dict[str, MatchedMeasurements]]:
    """Measure a baseline as it is and at the accuracy of each target, and the targets."""
    for target in targets:
        if baseline.costs != target.costs:
            raise DataError(
                f"costs are {list(baseline.costs)} and {list(target.costs)}",
                where="costs",
                remedy="give the same names for baseline and target",
            )
    if not baseline.both_occur:
        raise DataError(
            "every answer of the baseline is right, or every one is wrong",
            where="baseline",
            remedy="matching needs both; compare the languages without it",
        )
    as_it_is = baseline.measured(baseline.accuracy, level)
    matched = []
    for target in targets:
        there = target.measured(target.accuracy, level)
        moved = baseline.measured(target.accuracy, level)
        matched.append(
            {
                name: MatchedMeasurements(
                    baseline=as_it_is[name], matched=moved[name], target=there[name]
                )
                for name in as_it_is
            }
        )
    return matched


def sum_by_outcome(
    sets: Sequence[Answers], resampling: ClusterResampling, *, bins: int
) -> list[OutcomeSums]:
    """Resample the right and the wrong rows of several sets, by one product for all of them."""
    prepared = [_ByCluster.of(answers, resampling, bins) for answers in sets]
    totals = resampling.weights @ np.hstack([each.sums for each in prepared])
    ends = np.cumsum([each.sums.shape[1] for each in prepared])[:-1]
    return [
        each.resampled(part, resampling)
        for each, part in zip(prepared, np.split(totals, ends, axis=1), strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class _ByCluster:
    """Sums of one set over clusters, of its right rows and of its wrong ones."""

    answers: Answers
    sums: Floats  # (units, 2 (1 + columns)): of right rows their number and the columns; of wrong
    bins: NDArray[np.intp]
    share: Floats
    spread: Floats

    @classmethod
    def of(cls, answers: Answers, resampling: ClusterResampling, bins: int) -> _ByCluster:
        confidence, correct = checked_answers(answers, resampling)
        n, cluster, units = len(confidence), answers.cluster, resampling.weights.shape[1]
        index = make_bins(confidence, bins=bins).index(confidence)
        count = np.bincount(index, minlength=bins)
        filled = np.flatnonzero(count)
        rows = [confidence - correct, confidence]
        rows += [_checked_cost(answers.costs[name], n, name) for name in sorted(answers.costs)]
        columns = []
        for kind in (correct == 1, correct == 0):
            of_kind = [np.where(kind, row, 0.0) for row in rows]
            columns += [
                cluster_sums(kind, cluster, units)[:, None],
                cluster_bin_sums(of_kind[0], cluster, units, index, bins)[:, filled],
                *(cluster_sums(row, cluster, units)[:, None] for row in of_kind),
            ]
        cell = correct.astype(np.intp) * bins + index
        variance = confidence * (1 - confidence) / n**2
        spread = np.bincount(cell, weights=variance, minlength=2 * bins).reshape(2, bins)
        return cls(
            answers=answers,
            sums=np.hstack(columns),
            bins=filled,
            share=count[filled] / n,
            spread=np.asarray(spread[:, filled], dtype=np.float64),
        )

    def resampled(self, totals: Floats, resampling: ClusterResampling) -> OutcomeSums:
        """Return means in each replicate, from the sums of all columns in each."""
        observed = self.sums.sum(axis=0)
        right, wrong = np.split(observed, 2)
        n = right[0] + wrong[0]
        weight, outcome = resampling.virtual_row(
            self.answers.name, self.answers.number, mean=float(right[0] / n)
        )
        factor = resampling.student(len(np.unique(self.answers.cluster)))[:, None]
        means, counts = [], []
        for whole, drawn, share in zip(
            (right, wrong), np.split(totals, 2, axis=1), (outcome, 1.0 - outcome), strict=True
        ):
            virtual = weight * share
            count = drawn[:, 0] + virtual
            mean = whole[1:] / max(whole[0], 1.0)
            moved = (drawn[:, 1:] + virtual[:, None] * mean) / count[:, None]
            means.append(np.vstack([mean, mean + factor * (moved - mean)]))
            counts.append(np.append(whole[0], count))
        return OutcomeSums(
            accuracy=counts[0] / (counts[0] + counts[1]),
            right=means[0],
            wrong=means[1],
            costs=tuple(sorted(self.answers.costs)),
            bins=self.bins,
            share=self.share,
            spread=self.spread,
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
