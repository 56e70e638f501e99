"""Levels: each metric as it is."""

from __future__ import annotations

from collections.abc import Iterator

from crosscal.analysis.measurements import Measurements
from crosscal.analysis.results import Estimate
from crosscal.analysis.seeds import average_seeds


def levels(measurements: Measurements) -> Iterator[Estimate]:
    """Yield the level of every metric by recipe, scaling and place.

    Parameters
    ----------
    measurements : Measurements

    Yields
    ------
    Estimate
        For calibration errors with the noise floor, and with the p-value of the hypothesis
        that every confidence is right.
    """
    m = measurements
    for recipe, seeds in m.seeds.items():
        for scaling in m.scalings:
            for place in m.places:
                for metric in m.metrics:
                    each = [m.at(recipe, seed, scaling, place, metric) for seed in seeds]
                    yield m.estimate(
                        average_seeds(each, m.pivots[recipe]),
                        quantity="level",
                        recipe=recipe,
                        scaling=scaling,
                        place=place,
                        metric=metric,
                        per_seed=[measure.value for measure in each],
                    )
