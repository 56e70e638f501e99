"""All measures of all runs, and the estimates made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.measures import Measure, mean_measure
from crosscal.analysis.results import METRICS, Estimate
from crosscal.calibration import quantile_interval, two_sided_p

Floats = NDArray[np.float64]
Interval = tuple[float, float]

# What a level cannot leave.
_RANGES = {
    "accuracy": (0.0, 1.0),
    "nll": (0.0, float("inf")),
    "brier": (0.0, 2.0),
    "confidence": (0.0, 1.0),
    "gap": (-1.0, 1.0),
    "ece": (0.0, 1.0),
    "ece_mass": (0.0, 1.0),
    "ece_debiased": (0.0, 1.0),
}

# By how many ranges of its measure a difference can lie off zero; an effect is one of differences.
_REACH = {"degradation": 1, "gain": 1, "effect": 2}


def possible_interval(measure: Measure, *, quantity: str, metric: str, level: float) -> Interval:
    """Return the interval of a measure, cut at what the quantity can be."""
    low, high = quantile_interval(measure.low, measure.high, level)
    bottom, top = _RANGES[metric]
    if quantity != "level":
        top = (top - bottom) * _REACH[quantity]
        bottom = -top
    return min(max(low, bottom), top), min(max(high, bottom), top)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A language or a group of languages.

    Attributes
    ----------
    name : str
    languages : tuple of str
    is_group : bool
    """

    name: str
    languages: tuple[str, ...]
    is_group: bool


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Measures by recipe, seed, scaling, language and metric, collapsed runs left out.

    Attributes
    ----------
    found : mapping of (recipe, seed, scaling) to mapping of language to mapping of metric
    seeds : mapping of recipe to tuple of int
        Seeds of the runs that count; recipes without any are not there.
    pivots : mapping of recipe to ndarray of shape (2, replicates)
        The draw of that recipe's seeds. Those of two recipes are independent: equal seed
        numbers do not make two trainings alike.
    baseline_language : str
    places : tuple of Place
    scalings : tuple of str
    n, clusters : mapping of language to int
        Rows, and clusters among them.
    level : float
    """

    found: Mapping[tuple[str, int, str], Mapping[str, Mapping[str, Measure]]]
    seeds: Mapping[str, tuple[int, ...]]
    pivots: Mapping[str, Floats]
    baseline_language: str
    places: tuple[Place, ...]
    scalings: tuple[str, ...]
    n: Mapping[str, int]
    clusters: Mapping[str, int]
    level: float

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that were measured, in the order of `METRICS`."""
        measured = {
            metric
            for by_language in self.found.values()
            for by_metric in by_language.values()
            for metric in by_metric
        }
        return tuple(metric for metric in METRICS if metric in measured)

    def at(self, recipe: str, seed: int, scaling: str, place: Place, metric: str) -> Measure:
        """Return one run's measure in a place: of a group, the mean over its languages."""
        languages = self.found[recipe, seed, scaling]
        return mean_measure([languages[code][metric] for code in place.languages])

    def degradation(
        self, recipe: str, seed: int, scaling: str, place: Place, metric: str
    ) -> Measure:
        """Return one run's measure in a place minus that in the baseline language."""
        baseline = self.found[recipe, seed, scaling][self.baseline_language][metric]
        return self.at(recipe, seed, scaling, place, metric) - baseline

    def estimate(
        self,
        measure: Measure,
        *,
        quantity: str,
        recipe: str,
        scaling: str,
        place: Place,
        metric: str,
        per_seed: Sequence[float],
    ) -> Estimate:
        """Turn a measure averaged over seeds into a row of the results."""
        low, high = possible_interval(measure, quantity=quantity, metric=metric, level=self.level)
        p_value: float | None
        if quantity == "level":
            p_value = None if measure.null is None else _upper_p(measure.value, measure.null)
        else:
            p_value = two_sided_p(measure.low, measure.high)
        return Estimate(
            quantity=quantity,
            recipe=recipe,
            language=place.name,
            is_group=place.is_group,
            scaling=scaling,
            metric=metric,
            value=measure.value,
            low=low,
            high=high,
            p_value=p_value,
            noise_floor=measure.noise_floor,
            n=min(self.n[code] for code in place.languages),
            clusters=min(self.clusters[code] for code in place.languages),
            seeds=len(self.seeds[recipe]),
            per_seed=tuple(per_seed),
        )


def _upper_p(value: float, null: Floats) -> float:
    return float((1 + (null >= value - 1e-12).sum()) / (1 + len(null)))
