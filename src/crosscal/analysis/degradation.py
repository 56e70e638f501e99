"""Degradation: each metric in a language minus that in the baseline language, same run."""

from __future__ import annotations

from collections.abc import Iterator

from crosscal.analysis.measurements import Measurements
from crosscal.analysis.results import Estimate
from crosscal.analysis.seeds import average_seeds


def degradations(measurements: Measurements) -> Iterator[Estimate]:
    """Yield the degradation of every metric by recipe, scaling and place.

    Parameters
    ----------
    measurements : Measurements

    Yields
    ------
    Estimate
        None for the baseline language itself. Positive means worse, except for ``accuracy``
        (and for ``confidence`` and ``gap``, which have no worse). Both languages are
        resampled together, on the same items.
    """
    m = measurements
    for recipe, seeds in m.seeds.items():
        for scaling in m.scalings:
            for place in m.places:
                if place.languages == (m.baseline_language,):
                    continue
                for metric in m.metrics:
                    each = [m.degradation(recipe, seed, scaling, place, metric) for seed in seeds]
                    yield m.estimate(
                        average_seeds(each, m.pivots[recipe]),
                        quantity="degradation",
                        recipe=recipe,
                        scaling=scaling,
                        place=place,
                        metric=metric,
                        per_seed=[measure.value for measure in each],
                    )
