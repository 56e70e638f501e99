"""The plain first sentence claims what intervals allow, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from crosscal.report.headline import headline
from tests.report.conftest import make_results


def moved(results, **bounds):
    """Give the degradations, or effects, of recipes another interval: recipe to (low, high)."""
    estimates = [
        replace(e, low=ends[0], value=(ends[0] + ends[1]) / 2, high=ends[1])
        if (ends := bounds.get(f"{e.quantity}_{e.recipe}")) and e.metric == "ece_debiased"
        else e
        for e in results.estimates
    ]
    return replace(results, estimates=estimates)


def test_each_verdict_has_its_words():
    results = make_results()
    worse = moved(results, degradation_direct=(0.02, 0.08), effect_mrpc=(-0.05, -0.01))
    assert "less well than in English" in headline(worse)
    assert "5.0 percentage points further from the truth" in headline(worse)
    assert "under mrpc they fare better" in headline(worse)
    better = moved(results, degradation_direct=(-0.08, -0.02), effect_mrpc=(0.01, 0.05))
    assert "better than in English" in headline(better)
    assert "closer to the truth" in headline(better)
    assert "under mrpc they fare worse" in headline(better)
    unseen = moved(results, degradation_direct=(-0.02, 0.08), effect_mrpc=(-0.01, 0.05))
    assert "no difference from English could be seen" in headline(unseen)
    assert "as large as 8.0 percentage points" in headline(unseen)
    assert "no change could be seen" in headline(unseen)


def test_without_groups_languages_are_counted():
    results = replace(make_results(), groups={})
    single = [e for e in results.estimates if not e.is_group]
    results = replace(results, estimates=single)
    seen = moved(results, degradation_direct=(0.02, 0.08))
    count = len(results.languages) - 1
    assert headline(seen).startswith(f"In {count} of {count} languages the model visibly")


def test_nothing_is_said_of_nothing():
    results = make_results()
    assert headline(replace(results, estimates=[])) == "Nothing can be said: every run collapsed."
    levels = [e for e in results.estimates if e.quantity == "level"]
    assert "only English was evaluated" in headline(replace(results, estimates=levels))
