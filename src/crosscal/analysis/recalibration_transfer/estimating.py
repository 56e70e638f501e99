"""From measures under every regime to levels and gains with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.measurements import Place, possible_interval
from crosscal.analysis.measures import Measure, mean_measure
from crosscal.analysis.recalibration_transfer.measuring import GAINS, METRICS
from crosscal.analysis.recalibration_transfer.results import RegimeEstimate
from crosscal.analysis.recalibration_transfer.settings import FEW_SHOT
from crosscal.analysis.seeds import average_seeds
from crosscal.calibration import two_sided_p
from crosscal.calibration.statistics.multiplicity import holm

Floats = NDArray[np.float64]

BEFORE = ("none", "english")
"""Regimes that gains are measured from."""


class Key(NamedTuple):
    """One regime of one recalibrator in one run; k of few-shot regimes."""

    recipe: str
    seed: int
    recalibrator: str
    regime: str
    k: int | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Measures by run and regime, language and metric.

    Attributes
    ----------
    found : mapping of Key to mapping of language to mapping of metric to Measure
        Languages that lack k examples are not there.
    seeds : mapping of recipe to tuple of int
    pivots : mapping of recipe to ndarray of shape (2, replicates)
    places : tuple of Place
    rows, clusters : mapping of language to int
    draws : int
    level : float
    """

    found: Mapping[Key, Mapping[str, Mapping[str, Measure]]]
    seeds: Mapping[str, tuple[int, ...]]
    pivots: Mapping[str, Floats]
    places: tuple[Place, ...]
    rows: Mapping[str, int]
    clusters: Mapping[str, int]
    draws: int
    level: float

    def at(self, key: Key, place: Place, metric: str) -> Measure | None:
        """Return one run's measure in a place, or None if a language of it has none."""
        found = [self.found[key].get(code, {}).get(metric) for code in place.languages]
        present = [measure for measure in found if measure is not None]
        return mean_measure(present) if len(present) == len(found) else None


def estimates(measured: Measured) -> list[RegimeEstimate]:
    """Return levels, then gains with p-values adjusted over languages and over groups."""
    first = {key: None for key in measured.found if key.seed == measured.seeds[key.recipe][0]}
    levels = [
        found
        for key in first
        for place in measured.places
        for metric in METRICS
        if (found := _level(measured, key, place, metric))
    ]
    gains = []
    for key in first:
        for before in BEFORE:
            # Without examples a few-shot regime is what it starts from.
            if key.regime in (before, "none") or key.k == 0:
                continue
            for metric in GAINS:
                for is_group in (False, True):
                    places = [p for p in measured.places if p.is_group == is_group]
                    family = [_gain(measured, key, before, place, metric) for place in places]
                    gains += _adjusted([found for found in family if found is not None])
    return levels + gains


def _seeds(measured: Measured, key: Key, place: Place, metric: str) -> list[Measure] | None:
    each = [
        measured.at(key._replace(seed=seed), place, metric) for seed in measured.seeds[key.recipe]
    ]
    present = [measure for measure in each if measure is not None]
    return present if len(present) == len(each) else None


def _level(measured: Measured, key: Key, place: Place, metric: str) -> RegimeEstimate | None:
    each = _seeds(measured, key, place, metric)
    if each is None:
        return None
    found = _row(measured, each, key, place, metric, quantity="level")
    measure = mean_measure(each)
    p_value = None
    if measure.null is not None:
        above = int((measure.null >= measure.value - 1e-12).sum())
        p_value = (1 + above) / (1 + len(measure.null))
    return replace(found, p_value=p_value, noise_floor=measure.noise_floor)


def _gain(
    measured: Measured, key: Key, before: str, place: Place, metric: str
) -> RegimeEstimate | None:
    after = _seeds(measured, key, place, metric)
    start = _seeds(measured, key._replace(regime=before, k=None), place, metric)
    if after is None or start is None:
        return None
    each = [first - then for first, then in zip(start, after, strict=True)]
    found = _row(measured, each, key, place, metric, quantity="gain")
    average = average_seeds(each, measured.pivots[key.recipe])
    return replace(found, before=before, p_value=two_sided_p(average.low, average.high))


def _row(
    measured: Measured,
    each: list[Measure],
    key: Key,
    place: Place,
    metric: str,
    *,
    quantity: str,
) -> RegimeEstimate:
    average = average_seeds(each, measured.pivots[key.recipe])
    low, high = possible_interval(average, quantity=quantity, metric=metric, level=measured.level)
    return RegimeEstimate(
        quantity=quantity,
        recipe=key.recipe,
        language=place.name,
        is_group=place.is_group,
        recalibrator=key.recalibrator,
        regime=key.regime,
        k=key.k,
        before=None,
        metric=metric,
        value=average.value,
        low=low,
        high=high,
        p_value=None,
        p_holm=None,
        noise_floor=None,
        n=min(measured.rows[code] for code in place.languages),
        clusters=min(measured.clusters[code] for code in place.languages),
        seeds=len(each),
        draws=measured.draws if key.regime in FEW_SHOT and key.k else 1,
        per_seed=tuple(one.value for one in each),
    )


def _adjusted(family: list[RegimeEstimate]) -> list[RegimeEstimate]:
    """Adjust the p-values of a family of gains for their number."""
    adjusted = holm([found.p_value for found in family if found.p_value is not None]).tolist()
    return [replace(found, p_holm=p) for found, p in zip(family, adjusted, strict=True)]
