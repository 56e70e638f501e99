"""Effects of recipes: degradation under a recipe minus that under the baseline recipe."""

from __future__ import annotations

from collections.abc import Iterator

from crosscal.analysis.measurements import Measurements
from crosscal.analysis.results import Estimate
from crosscal.analysis.seeds import average_seeds


def effects(measurements: Measurements, baseline_recipe: str) -> Iterator[Estimate]:
    """Yield the effect of each recipe on degradation (difference in differences).

    Parameters
    ----------
    measurements : Measurements
    baseline_recipe : str

    Yields
    ------
    Estimate
        None for the baseline recipe, and none at all when no run of it counts. `per_seed`
        pairs the seeds that both recipes have.
    """
    m = measurements
    if baseline_recipe not in m.seeds:
        return
    direct = m.seeds[baseline_recipe]
    for recipe, seeds in m.seeds.items():
        if recipe == baseline_recipe:
            continue
        for scaling in m.scalings:
            for place in m.places:
                if place.languages == (m.baseline_language,):
                    continue
                for metric in m.metrics:
                    ours = {s: m.degradation(recipe, s, scaling, place, metric) for s in seeds}
                    theirs = {
                        s: m.degradation(baseline_recipe, s, scaling, place, metric) for s in direct
                    }
                    yield m.estimate(
                        average_seeds(list(ours.values()), m.pivots[recipe])
                        - average_seeds(list(theirs.values()), m.pivots[baseline_recipe]),
                        quantity="effect",
                        recipe=recipe,
                        scaling=scaling,
                        place=place,
                        metric=metric,
                        per_seed=[ours[s].value - theirs[s].value for s in seeds if s in theirs],
                    )
