"""Recalibration that is never fitted and scored on the same rows, nor on the same clusters."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.proper import Given
from crosscal.calibration.recalibration import RECALIBRATORS, ConvergenceWarning, Recalibrator
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Recalibrated:
    """Probabilities from recalibrators that saw other rows."""

    probabilities: Floats  # (n, k)
    converged: bool  # whether every fit reached its optimum
    fits: int
    failures: tuple[str, ...]  # why fits did not, each reason once


def recalibrator(name: str, given: Given) -> Callable[[], Recalibrator]:
    """Return a maker of recalibrators by name."""
    if name not in RECALIBRATORS:
        raise SettingsError(
            f"there is no recalibrator {name!r}",
            where="recalibrate",
            remedy=did_you_mean(str(name), RECALIBRATORS),
        )

    def make() -> Recalibrator:
        made = RECALIBRATORS[name]()
        return made.set_params(given=given) if given != "scores" else made

    return make


def fit_rows(
    make: Callable[[], Recalibrator],
    values: Floats,
    gold: NDArray[np.int64],
    weights: Floats | None,
    rows: NDArray[np.bool_],
) -> Recalibrator:
    """Fit to some of the rows, with their weights if there are any."""
    if weights is None:
        return make().fit(values[rows], gold[rows])
    return make().fit(values[rows], gold[rows], weights[rows])


def fold_clusters(cluster: Ints, rng: np.random.Generator, folds: int = FOLDS) -> Ints:
    """Put clusters at random into folds whose numbers of clusters differ by at most one."""
    names, index = np.unique(cluster, return_inverse=True)
    count = min(folds, len(names))  # at most one fold a cluster
    return np.asarray((rng.permutation(len(names)) % count)[index], dtype=np.intp)


def cross_fit(
    make: Callable[[], Recalibrator],
    values: Floats,
    gold: NDArray[np.int64],
    cluster: Ints,
    fold: Ints,
    weights: Floats | None = None,
) -> Recalibrated:
    """Recalibrate each fold by a recalibrator fitted on the others."""
    return transfer(make, values, gold, cluster, fold, values, cluster, fold, weights)


def transfer(
    make: Callable[[], Recalibrator],
    values: Floats,
    gold: NDArray[np.int64],
    cluster: Ints,
    fold: Ints,
    others: Floats,
    other_cluster: Ints,
    other_fold: Ints,
    weights: Floats | None = None,
) -> Recalibrated:
    """Fit on some rows and recalibrate others, leaving out the clusters they share."""
    probabilities = np.full(others.shape, np.nan)
    converged, fits = True, 0
    heard: list[warnings.WarningMessage] = []
    for number in np.unique(other_fold).tolist():
        # Fold -1 of others shares no cluster with what is fitted on: all rows are.
        fitted = (fold != number) & (gold >= 0)
        scored = other_fold == number
        _demand_apart(cluster[fitted], other_cluster[scored])
        with warnings.catch_warnings(record=True) as caught:
            # Said once for all fits, in the result.
            warnings.simplefilter("always", ConvergenceWarning)
            fit = fit_rows(make, values, gold, weights, fitted)
        heard += caught
        probabilities[scored] = fit.predict_proba(others[scored])
        converged, fits = converged and bool(fit.converged_), fits + 1
    reasons = [str(w.message) for w in heard if issubclass(w.category, ConvergenceWarning)]
    # Without the class's name, and the value that each fit ended with.
    failures = dict.fromkeys(r.partition(": ")[2].split("; ")[0] for r in reasons)
    return Recalibrated(
        probabilities=probabilities, converged=converged, fits=fits, failures=tuple(failures)
    )


def _demand_apart(fitted: Ints, scored: Ints) -> None:
    if not fitted.size:
        raise DataError(
            "no rows are left to fit on",
            where="recalibration",
            remedy="give two or more clusters, with right choices that are known",
        )
    shared = np.intersect1d(fitted, scored)
    if shared.size:
        raise DataError(
            f"cluster {shared[0]} is both fitted on and scored",
            where="recalibration",
            remedy="make folds with fold_clusters",
        )
