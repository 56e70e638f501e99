"""What recalibrators change in each group: fitted within it, and on the baseline."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.samples import EvaluationSettings
from crosscal.calibration.evaluation.cluster_design import GroupDesign
from crosscal.calibration.evaluation.measures import (
    MEANS,
    GroupMeasures,
    finite,
    measure_group,
)
from crosscal.calibration.evaluation.results import FitResult, Gain, RecalibrationResult
from crosscal.calibration.recalibration import ConvergenceWarning, Recalibrator
from crosscal.calibration.recalibration.crossfit import (
    Recalibrated,
    cross_fit,
    fit_rows,
    fold_clusters,
    transfer,
)
from crosscal.calibration.recalibration.saving import learnt
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Make = Callable[[], Recalibrator]
Report = Callable[[str, int, int], None]

CROSS, BASELINE = "cross-fitted", "baseline"


@dataclass(frozen=True, kw_only=True)
class GroupRows:
    """The rows of one group."""

    values: Floats
    gold: NDArray[np.int64]
    design: GroupDesign


def recalibrations(
    parts: Mapping[str, GroupRows],
    measured: Mapping[str, GroupMeasures],
    makes: Mapping[str, Make],
    *,
    settings: EvaluationSettings,
    baseline: str | None,
    seed: np.random.SeedSequence,
    report: Report | None = None,
) -> Iterator[RecalibrationResult]:
    """Yield what each recalibrator changes in each group, under both regimes."""
    streams = seed.spawn(len(parts) + 1)
    folds = {
        name: fold_clusters(part.design.cluster, np.random.default_rng(stream))
        for (name, part), stream in zip(parts.items(), streams[1:], strict=True)
    }
    done, total = 0, len(makes) * len(parts) * (2 if baseline else 1)
    for recalibrator, make in makes.items():
        for regime in (CROSS, BASELINE) if baseline else (CROSS,):
            for group, part in parts.items():
                done += 1
                if regime == BASELINE and group == baseline:
                    continue
                if report:
                    report(f"{recalibrator}, {regime}, {group}", done, total)
                source = group if regime == CROSS or baseline is None else baseline
                result = RecalibrationResult(
                    recalibrator=recalibrator,
                    group=group,
                    regime=regime,
                    fitted_on=source,
                    n=len(part.gold),
                    converged=None,
                    accuracy_before=measured[group].measurements["accuracy"].value,
                    accuracy_after=None,
                    measures={},
                )
                if parts[source].design.clusters < 2:
                    yield replace(result, note=f"not fitted: {source} is a single cluster")
                    continue
                try:
                    after = _recalibrated(make, parts, folds, source, group)
                except DataError as error:
                    yield replace(result, note=f"not fitted: {error.what}")
                    continue
                yield _with_gains(result, after, part, measured[group], settings)


def fits(parts: Mapping[str, GroupRows], makes: Mapping[str, Make]) -> Iterator[FitResult]:
    """Yield each recalibrator fitted on all rows of each group."""
    for name, make in makes.items():
        for group, part in parts.items():
            known = part.gold >= 0
            result = FitResult(
                recalibrator=name,
                fitted_on=group,
                rows=int(known.sum()),
                converged=None,
                learnt={},
            )
            try:
                with warnings.catch_warnings(record=True) as heard:
                    warnings.simplefilter("always", ConvergenceWarning)
                    model = fit_rows(make, part.values, part.gold, part.design.weights, known)
            except DataError as error:
                yield replace(result, note=f"not fitted: {error.what}")
                continue
            said = [str(w.message) for w in heard if issubclass(w.category, ConvergenceWarning)]
            yield replace(
                result,
                converged=bool(model.converged_),
                learnt=learnt(model),
                note="; ".join(said),
                model=model,
            )


def _recalibrated(
    make: Make, parts: Mapping[str, GroupRows], folds: Mapping[str, Ints], source: str, group: str
) -> Recalibrated:
    fitted, scored = parts[source], parts[group]
    own, weights = fitted.design.cluster, fitted.design.weights
    if source == group:
        return cross_fit(make, fitted.values, fitted.gold, own, folds[source], weights)
    # A cluster of both (one item in two languages) is scored by the fit that left it out.
    other = scored.design.cluster
    names, first = np.unique(own, return_index=True)
    at = np.minimum(np.searchsorted(names, other), len(names) - 1)
    shared = names[at] == other
    fold = np.where(shared, folds[source][first[at]], -1)
    return transfer(
        make, fitted.values, fitted.gold, own, folds[source], scored.values, other, fold, weights
    )


def _with_gains(
    result: RecalibrationResult,
    after: Recalibrated,
    part: GroupRows,
    before: GroupMeasures,
    settings: EvaluationSettings,
) -> RecalibrationResult:
    now = measure_group(
        after.probabilities,
        part.gold,
        part.design,
        replace(settings, given="probabilities"),
        result.group,
        only_errors=True,
    )
    compared = [n for n in now.measurements if n in ("nll", "brier") or n not in MEANS]
    gains = {}
    for name in compared:
        one, other = before.measurements[name], now.measurements[name]
        gain = one - other
        known = before.clusters > 1 and gain.known
        low, high = gain.interval(settings.level) if known else (None, None)
        gains[name] = Gain(
            before=finite(one.value),
            after=finite(other.value),
            gain=finite(gain.value),
            low=low,
            high=high,
            p_value=gain.p_value() if known else None,
        )
    nll = now.measurements.get("nll")
    endless = nll is not None and np.isposinf(nll.value)
    notes = ["NLL becomes infinite: a right choice gets probability 0"] if endless else []
    if not after.converged:
        notes.append(f"no optimum in some fit: {'; '.join(after.failures) or 'it was not found'}")
    return replace(
        result,
        note="; ".join(notes),
        converged=after.converged,
        accuracy_after=now.measurements["accuracy"].value,
        measures=gains,
    )
