"""All measures of one group, with draws of their true values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from crosscal.calibration.binning import bin_table, make_bins
from crosscal.calibration.entropy import entropy_rows
from crosscal.calibration.estimation.draws import cluster_draws
from crosscal.calibration.estimation.error_estimate import ErrorEstimate
from crosscal.calibration.estimation.estimates import estimate_errors
from crosscal.calibration.evaluation.cluster_design import GroupDesign
from crosscal.calibration.evaluation.results import DiagramBin, ErrorResult, GroupResult
from crosscal.calibration.notion import Notion, outcomes
from crosscal.calibration.proper import Given
from crosscal.calibration.selective.ranking import selective_replicates
from crosscal.calibration.statistics.intervals import quantile_interval
from crosscal.calibration.statistics.resampling import cluster_sums

Floats = NDArray[np.float64]

MEANS = ("accuracy", "nll", "brier", "confidence", "gap", "entropy", "auroc", "aurc", "excess_aurc")
"""Measures that are no calibration errors."""

_RANKED = ("auroc", "aurc", "excess_aurc")

# Clusters below which bootstrap intervals are known to be too short.
_FEW = 20

# Replicates times rows that ranks are counted over; beyond, AUROC and AURC have no interval.
_MOST_RANKED = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be measured, the same in all groups.

    Attributes
    ----------
    given : {"scores", "probabilities"}
    notion : "top-label", "class-wise" or int
    pair : bool
        Whether the values are made of confidences of right and wrong: class 1 is "right".
    bins : int
    level : float
    errors : tuple of str or None
    """

    given: Given
    notion: Notion
    pair: bool = False
    bins: int = 15
    level: float = 0.95
    errors: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured in one group.

    Attributes
    ----------
    n, clusters : int
    draw : int
        Groups of one number were resampled together.
    estimates : dict of str to ErrorEstimate
        Of all measures; infinite or NaN where undefined.
    reliability : tuple of DiagramBin
    notes : tuple of str
    """

    n: int
    clusters: int
    draw: int
    estimates: Mapping[str, ErrorEstimate]
    reliability: tuple[DiagramBin, ...]
    notes: tuple[str, ...]


def measure(
    values: Floats,
    gold: NDArray[np.int64],
    design: GroupDesign,
    asked: Asked,
    samples: int,
    rng: np.random.Generator,
    *,
    only_errors: bool = False,
) -> Measured:
    """Measure one group.

    Parameters
    ----------
    values : ndarray of shape (n, k)
    gold : ndarray of int, shape (n,)
    design : GroupDesign
    asked : Asked
    samples : int
        Calibrated samples for noise floors.
    rng : numpy.random.Generator
        For these.
    only_errors : bool
        Leave out what neither a proper score nor a calibration error is.

    Returns
    -------
    Measured
    """
    found = estimate_errors(
        values,
        gold,
        cluster=design.unit,
        weights=design.weights,
        rng=rng,
        given=asked.given,
        notion=asked.notion,
        bins=asked.bins,
        level=asked.level,
        noise_resamples=samples,
        errors=asked.errors,
    )
    about: Notion = "top-label" if asked.notion == "class-wise" else asked.notion
    confidence, correct = outcomes(values, gold, notion=about, given=asked.given)
    notes = []
    if asked.pair:
        # The chosen label is right or wrong, whatever its confidence.
        found["accuracy"] = _mean(correct.astype(np.float64), design, asked.level)
    if not only_errors:
        found["entropy"] = _mean(entropy_rows(values, given=asked.given), design, asked.level)
        found |= _ranked(confidence, correct.astype(np.float64), design, asked.level)
    if design.clusters < 2:
        one = "row" if len(gold) == 1 else "cluster"
        notes.append(f"no intervals and p-values: there is only one {one}")
    elif design.clusters < _FEW:
        many = "rows" if design.clusters == len(gold) else "clusters"
        notes.append(f"intervals rest on {design.clusters} {many} only, and are rough")
    if "nll" not in found:
        notes.append("no NLL: the right choice is not always among the choices")
    elif not np.isfinite(found["nll"].value):
        notes.append("no NLL: it is infinite, because a right choice has probability 0")
    return Measured(
        n=len(gold),
        clusters=design.clusters,
        draw=design.draw,
        estimates=found,
        reliability=_diagram(confidence, correct.astype(np.float64), asked),
        notes=tuple(notes),
    )


def group_result(measured: Measured) -> GroupResult:
    """Return a group's numbers as they are reported: None for what is undefined."""
    known = measured.clusters > 1
    estimates = measured.estimates
    means = {name: estimates[name] for name in MEANS if name in estimates}
    return GroupResult(
        n=measured.n,
        clusters=measured.clusters,
        means={name: finite(means[name].value) if name in means else None for name in MEANS},
        intervals={
            name: (mean.low, mean.high)
            for name, mean in means.items()
            if known and np.isfinite([mean.value, mean.low, mean.high]).all()
        },
        errors={
            name: ErrorResult(
                value=error.value,
                low=finite(error.low) if known else None,
                high=finite(error.high) if known else None,
                noise_floor=None if error.noise_floor is None else finite(error.noise_floor),
                p_value=error.p_value if known else None,
            )
            for name, error in estimates.items()
            if name not in MEANS
        },
        reliability=measured.reliability,
        note="; ".join(measured.notes),
    )


def finite(value: float) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(value) if np.isfinite(value) else None


def _mean(rows: Floats, design: GroupDesign, level: float) -> ErrorEstimate:
    draws = cluster_draws(design.weights, design.unit, len(rows))
    sums = cluster_sums(rows, draws.cluster, draws.clusters)
    return _estimate(float(rows.mean()), draws.means(sums[:, None])[:, 0], level)


def _ranked(
    confidence: Floats, correct: Floats, design: GroupDesign, level: float
) -> dict[str, ErrorEstimate]:
    """Return AUROC, AURC and its excess, with intervals unless there are too many rows."""
    n, replicates = len(confidence), len(design.weights)
    once = selective_replicates(confidence, correct, np.ones((1, n)))
    if design.clusters < 2 or n * replicates > _MOST_RANKED:
        unknown = np.full(replicates, np.nan)
        return {m: _estimate(float(getattr(once, m)[0]), unknown, level) for m in _RANKED}
    draws = cluster_draws(design.weights, design.unit, n)
    many = selective_replicates(confidence, correct, draws.weights, cluster=draws.cluster)
    return {m: _estimate(float(getattr(once, m)[0]), getattr(many, m), level) for m in _RANKED}


def _estimate(value: float, draws: Floats, level: float) -> ErrorEstimate:
    known = bool(np.isfinite(draws).all())
    low, high = quantile_interval(draws, draws, level) if known else (np.nan, np.nan)
    return ErrorEstimate(
        value=value,
        low=low,
        high=high,
        noise_floor=None,
        p_value=None,
        draws_low=draws,
        draws_high=draws,
    )


def _diagram(confidence: Floats, correct: Floats, asked: Asked) -> tuple[DiagramBin, ...]:
    division = make_bins([0.5], bins=asked.bins)
    table = bin_table(confidence, correct, division)
    tails = np.array([(1 - asked.level) / 2, (1 + asked.level) / 2])
    found = []
    for i in np.flatnonzero(table.n).tolist():
        n, mean = int(table.n[i]), float(table.mean_confidence[i])
        low, high = binom.ppf(tails, n, min(mean, 1.0)) / n
        found.append(
            DiagramBin(
                lower=float(division.lower[i]),
                upper=float(division.upper[i]),
                n=n,
                confidence=mean,
                accuracy=float(table.correct[i] / n),
                low=float(low),
                high=float(high),
            )
        )
    return tuple(found)
