"""All measures of one group, and the numbers that are reported of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.binning import bin_table, make_bins
from crosscal.calibration.estimation.engine import measure_samples
from crosscal.calibration.estimation.measurement import Measurement
from crosscal.calibration.estimation.samples import EvaluationSettings, SampleSet
from crosscal.calibration.evaluation.against_votes import VOTE_MEASURES
from crosscal.calibration.evaluation.cluster_design import GroupDesign
from crosscal.calibration.evaluation.results import DiagramBin, ErrorResult, GroupResult
from crosscal.calibration.notion import Notion, outcomes
from crosscal.calibration.sample_weights import effective_size, weighted_mean
from crosscal.calibration.selective.ranking import selective_replicates
from crosscal.calibration.statistics.binomial import binomial_quantile

Floats = NDArray[np.float64]

MEANS = ("accuracy", "nll", "brier", "confidence", "gap", "entropy", "auroc", "aurc", "excess_aurc")
"""Measures that are no calibration errors."""

_RANKED = ("auroc", "aurc", "excess_aurc")

# Clusters below which intervals are rough.
_FEW = 20

# Replicates times rows that ranks are counted over; beyond, AUROC and AURC have no interval.
_MOST_RANKED = 200_000_000


@dataclass(frozen=True, kw_only=True)
class GroupMeasures:
    """What was measured in one group; groups of one `draw` were resampled together."""

    n: int
    clusters: int
    draw: int
    measurements: Mapping[str, Measurement]
    reliability: tuple[DiagramBin, ...]
    notes: tuple[str, ...]


def measure_group(
    values: Floats,
    gold: NDArray[np.int64],
    design: GroupDesign,
    settings: EvaluationSettings,
    name: str,
    *,
    votes: Floats | None = None,
    only_errors: bool = False,
) -> GroupMeasures:
    """Measure one group; `only_errors` leaves out entropy and ranks."""
    sample = SampleSet(
        values=values,
        gold=gold,
        unit=design.unit,
        name=name,
        clusters=design.clusters,
        equal_clusters=design.equal_clusters if design.weights is not None else None,
        weights=design.weights,
    )
    (measurements,) = measure_samples([sample], design.resampling, settings)
    if votes is not None and votes.any():
        measurements |= _against_votes(sample, votes, design, settings)
    about: Notion = "top-label" if settings.notion == "class-wise" else settings.notion
    confidence, right = outcomes(values, gold, notion=about, given=settings.given)
    correct = right.astype(np.float64)
    if only_errors:
        del measurements["entropy"]
    else:
        measurements |= _ranked(confidence, correct, design)
    return GroupMeasures(
        n=len(gold),
        clusters=design.clusters,
        draw=design.draw,
        measurements=measurements,
        reliability=_diagram(confidence, correct, design.weights, settings),
        notes=(*_notes(measurements, len(gold), design.clusters), *_said_of_votes(votes)),
    )


def _against_votes(
    sample: SampleSet, votes: Floats, design: GroupDesign, settings: EvaluationSettings
) -> dict[str, Measurement]:
    """Measure the rows that have votes; for each measure those that have enough."""
    given, no_errors = settings.given, replace(settings, errors=())
    measurements = {}
    for name, measure in VOTE_MEASURES.items():
        some = measure.counts(votes)
        if not some.any():
            continue
        values, counts = sample.values[some], votes[some]
        weights = None if sample.weights is None else sample.weights[some]
        voted = replace(
            sample,
            values=values,
            gold=sample.gold[some],
            unit=sample.unit[some],
            weights=weights,
            added={name: measure.rows(values, counts, given=given)},
        )
        (measured,) = measure_samples([voted], design.resampling, no_errors)
        floor = None
        if measure.floor:
            floor = weighted_mean(measure.floor(values, counts, given), weights)
        measurements[name] = replace(measured[name], noise_floor=floor)
    return measurements


def _said_of_votes(votes: Floats | None) -> list[str]:
    """Say over how many rows measures against votes are means, where that is not all."""
    if votes is None:
        return []
    voted, several = (
        int(VOTE_MEASURES[name].counts(votes).sum())
        for name in ("human_nll", "entropy_calibration_debiased")
    )
    notes = []
    if voted != len(votes):
        notes.append(f"measures against votes are means over {voted:,} items")
    if several != voted:
        notes.append(f"that of entropy over the {several:,} with two votes or more")
    return notes


def _notes(measurements: Mapping[str, Measurement], n: int, clusters: int) -> list[str]:
    notes = []
    if clusters < 2:
        one = "row" if n == 1 else "cluster"
        notes.append(f"no intervals and p-values: there is only one {one}")
    elif clusters < _FEW:
        many = "rows" if clusters == n else "clusters"
        notes.append(f"intervals rest on {clusters} {many} only, and are rough")
    if "nll" not in measurements:
        notes.append("no NLL: the right choice is not always among the choices")
    elif not np.isfinite(measurements["nll"].value):
        notes.append("no NLL: it is infinite, because a right choice has probability 0")
    if "human_nll" in measurements and not np.isfinite(measurements["human_nll"].value):
        notes.append("no NLL of votes: it is infinite, because some have probability 0")
    return notes


def group_result(
    measured: GroupMeasures, level: float, effective: float | None = None
) -> GroupResult:
    """Return a group's numbers as they are reported: None for what is undefined."""
    known = measured.clusters > 1
    means = {name: measured.measurements.get(name) for name in MEANS}
    others = {
        name: error_result(error, level, known=known and (name not in VOTE_MEASURES or error.known))
        for name, error in measured.measurements.items()
        if name not in MEANS
    }
    known_errors = {name: error for name, error in others.items() if name not in VOTE_MEASURES}
    intervals = {
        name: mean.interval(level)
        for name, mean in means.items()
        if known and mean is not None and mean.known and np.isfinite(mean.value)
    }
    return GroupResult(
        n=measured.n,
        clusters=measured.clusters,
        means={name: None if m is None else finite(m.value) for name, m in means.items()},
        intervals=intervals,
        errors=known_errors,
        human={n: others[n] for n in VOTE_MEASURES if n in others and np.isfinite(others[n].value)},
        reliability=measured.reliability,
        effective=effective,
        note="; ".join([*measured.notes, *_outside(known_errors)]),
    )


def _outside(errors: Mapping[str, ErrorResult]) -> list[str]:
    """Name the errors whose value lies outside the interval of the true one."""
    names = [
        name
        for name, error in errors.items()
        if error.low is not None and error.high is not None
        if not error.low <= error.value <= error.high
    ]
    if not names:
        return []
    verb = "lies outside its interval" if len(names) == 1 else "lie outside their intervals"
    return [f"{', '.join(names)} {verb}, which is for the error without the noise of few rows"]


def error_result(error: Measurement, level: float, *, known: bool) -> ErrorResult:
    """Return an error's numbers as they are reported."""
    low, high = error.interval(level) if known else (None, None)
    return ErrorResult(
        value=error.value,
        low=low,
        high=high,
        noise_floor=None if error.noise_floor is None else finite(error.noise_floor),
        p_value=error.null.p_value() if known and error.null is not None else None,
    )


def finite(value: float) -> float | None:
    """Return a number that JSON can hold, or None."""
    return float(value) if np.isfinite(value) else None


def _ranked(confidence: Floats, correct: Floats, design: GroupDesign) -> dict[str, Measurement]:
    """Return AUROC, AURC and its excess, with draws unless there are too many rows."""
    n, resampling = len(confidence), design.resampling
    own = design.weights
    once = selective_replicates(confidence, correct, np.ones((1, n)), row_weights=own)
    values = {name: float(getattr(once, name)[0]) for name in _RANKED}
    draws = {name: np.full(resampling.replicates, np.nan) for name in _RANKED}
    if design.clusters > 1 and n * resampling.replicates <= _MOST_RANKED:
        units, column = np.unique(design.unit, return_inverse=True)
        weights = resampling.weights[:, units]
        # A replicate without rows of the group says nothing about it.
        weights[weights.sum(axis=1) == 0] = 1.0
        many = selective_replicates(confidence, correct, weights, cluster=column, row_weights=own)
        factor = resampling.student(design.equal_clusters)
        with np.errstate(invalid="ignore"):  # a boundless factor times no deviation says nothing
            draws = {
                name: np.clip(values[name] + factor * (getattr(many, name) - values[name]), 0, 1)
                for name in _RANKED
            }
    return {
        name: Measurement(
            value=values[name], draws_low=draws[name], draws_high=draws[name], span=(0.0, 1.0)
        )
        for name in _RANKED
    }


def _diagram(
    confidence: Floats, correct: Floats, weights: Floats | None, settings: EvaluationSettings
) -> tuple[DiagramBin, ...]:
    division = make_bins([0.5], bins=settings.bins)
    table = bin_table(confidence, correct, division, weights=weights)
    index = division.index(confidence)
    rows = np.bincount(index, minlength=len(division))
    tails = np.array([(1 - settings.level) / 2, (1 + settings.level) / 2])
    bins = []
    for i in np.flatnonzero(rows).tolist():
        n, mean = int(rows[i]), float(table.mean_confidence[i])
        # A half is rounded down, also where the last digit hides it.
        equal = n if weights is None else int(effective_size(weights[index == i]) + 0.5 - 1e-9)
        low, high = binomial_quantile(tails, equal, min(mean, 1.0)) / equal
        bins.append(
            DiagramBin(
                lower=float(division.lower[i]),
                upper=float(division.upper[i]),
                n=n,
                confidence=mean,
                accuracy=float(table.correct[i] / table.n[i]),
                low=float(low),
                high=float(high),
            )
        )
    return tuple(bins)
