"""Proper scores split in two: what recalibration would mend, and what would remain.

The refinement part of a loss is the loss after the best recalibration of some class (one
temperature, an isotonic curve, ...); the calibration part is the rest. Recalibrators are fitted
on other clusters than they are scored on, so what they learn from noise counts against them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_confidence, check_correct, check_gold
from crosscal.calibration.decomposition.corp import ProperScore, reliability_curve
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given, brier_rows, nll_rows
from crosscal.calibration.recalibration.base import Recalibrator
from crosscal.calibration.recalibration.crossfit import cross_fit, fold_clusters
from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """A loss and its two parts: ``loss = calibration + refinement``, row by row."""

    loss_rows: Floats  # (n,) the loss of each row as predicted
    refinement_rows: Floats  # (n,) its loss after recalibration
    converged: bool  # whether every fit reached its optimum

    @property
    def calibration_rows(self) -> Floats:
        """What each row gains by recalibration; shape (n,), 0 where both losses are infinite."""
        same = self.loss_rows == self.refinement_rows
        with np.errstate(invalid="ignore"):
            return np.where(same, 0.0, self.loss_rows - self.refinement_rows)

    @property
    def loss(self) -> float:
        """Mean loss as predicted."""
        return float(self.loss_rows.mean())

    @property
    def refinement(self) -> float:
        """Mean loss after recalibration."""
        return float(self.refinement_rows.mean())

    @property
    def calibration(self) -> float:
        """Mean gain by recalibration; below 0 where it does harm."""
        return float(self.calibration_rows.mean())


def cross_fitted_refinement(
    values: ArrayLike,
    gold: ArrayLike,
    make: Callable[[], Recalibrator],
    *,
    rng: np.random.Generator,
    clusters: ArrayLike | None = None,
    folds: int = 5,
    score: ProperScore = "nll",
    given: Given = "scores",
) -> Refinement:
    """Split a loss by recalibrators that are fitted on other clusters (cross-fitting).

    Means of rows, so all three can be resampled by cluster (the fits taken as given). Kull and
    Flach (2015); Berta, Holzmueller, Jordan and Bach (2025). The best recalibration of the class,
    known, would leave less than one that is learnt: so refinement is too large in expectation and
    calibration too small, by what fitting on (folds - 1) / folds of the rows costs. With one
    temperature this is about ``1 / (2 n)`` in NLL; with isotonic or matrix scaling much more.
    `in_sample_refinement` errs the other way, so that the two enclose the truth in expectation. A
    richer class leaves a smaller refinement part: name the class. Where a recalibrator gives
    probability 0 to what happens (isotonic regression may), NLL is infinite: use ``brier``.

    Parameters
    ----------
    values : array of shape (n, k)
        Scores, or probabilities if so given; the recalibrator gets them as they are.
    gold : array of int, shape (n,)
        In 0 .. k-1; with ``brier`` also -1, which is scored but not fitted on.
    make : callable
        Returns a new recalibrator: ``TemperatureScaling``, an entry of ``RECALIBRATORS``, or
        anything with ``fit(values, gold)`` that returns itself, ``predict_proba(values)`` and
        ``converged_``.
    clusters : array of shape (n,), optional
        What makes rows dependent (any labels); without it each row is its own.
    """
    right, index = _checked(values, gold, clusters, score, given)
    fold = _folds(index, rng, folds)
    table = np.asarray(values, dtype=np.float64)
    fitted = cross_fit(make, table, right, index, fold)
    return Refinement(
        loss_rows=_losses(values, right, score, given),
        refinement_rows=_losses(fitted.probabilities, right, score, "probabilities"),
        converged=fitted.converged,
    )


def in_sample_refinement(
    values: ArrayLike,
    gold: ArrayLike,
    make: Callable[[], Recalibrator],
    *,
    score: ProperScore = "nll",
    given: Given = "scores",
) -> Refinement:
    """Split a loss by a recalibrator fitted on the very rows that are scored.

    Refinement is too small in expectation and calibration too large, as far as the
    recalibrator minimises this score: a bound beside `cross_fitted_refinement`, not an estimate.
    """
    right, _ = _checked(values, gold, None, score, given)
    table = np.asarray(values, dtype=np.float64)
    known = right >= 0
    fit = make().fit(table[known], right[known])
    return Refinement(
        loss_rows=_losses(values, right, score, given),
        refinement_rows=_losses(fit.predict_proba(table), right, score, "probabilities"),
        converged=bool(fit.converged_),
    )


def isotonic_refinement(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    rng: np.random.Generator,
    clusters: ArrayLike | None = None,
    folds: int = 5,
) -> Refinement:
    """Split the Brier score of confidences by isotonic curves fitted on other clusters.

    The counterpart of `corp_decomposition` on rows that were not fitted: its refinement is
    uncertainty less discrimination, its calibration is miscalibration. Of ``(confidence -
    correct)^2``. Between the confidences of a curve lies a straight line, beyond them the curve is
    flat. There is no form for NLL: a curve that starts at 0 or ends at 1 costs infinity on the
    first row that belies it.
    """
    values = check_confidence(confidence)
    outcomes = check_correct(correct, len(values))
    fold = _folds(_cluster_index(clusters, len(values)), rng, folds)
    mended = np.empty_like(values)
    for number in np.unique(fold):
        scored = fold == number
        curve = reliability_curve(values[~scored], outcomes[~scored])
        mended[scored] = np.interp(values[scored], curve.confidence, curve.accuracy)
    return Refinement(
        loss_rows=(values - outcomes) ** 2,
        refinement_rows=(mended - outcomes) ** 2,
        converged=True,
    )


def _checked(
    values: ArrayLike, gold: ArrayLike, clusters: ArrayLike | None, score: ProperScore, given: Given
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return gold and cluster numbers, once everything is known to fit."""
    if score not in ("brier", "nll"):
        raise SettingsError(f"unknown score {score!r}", where="score", remedy="say brier or nll")
    shape = to_probabilities(values, given=given).shape
    right = check_gold(gold, shape, absent=score == "brier")
    return right, _cluster_index(clusters, shape[0])


def _cluster_index(clusters: ArrayLike | None, n: int) -> NDArray[np.intp]:
    if clusters is None:
        return np.arange(n)
    names = np.asarray(clusters)
    if names.shape != (n,):
        raise DataError(
            f"clusters have shape {names.shape} for {n} rows",
            where="clusters",
            remedy="give one cluster for each row",
        )
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.intp)


def _folds(cluster: NDArray[np.intp], rng: np.random.Generator, folds: int) -> NDArray[np.intp]:
    if folds < 2:
        raise SettingsError(f"{folds} folds", where="folds", remedy="give 2 or more")
    if not cluster.any():
        raise DataError(
            "one cluster cannot be both fitted on and scored",
            where="clusters",
            remedy="give rows of two or more clusters",
        )
    return fold_clusters(cluster, rng, folds)


def _losses(values: ArrayLike, gold: NDArray[np.int64], score: ProperScore, given: Given) -> Floats:
    return (nll_rows if score == "nll" else brier_rows)(values, gold, given=given)
