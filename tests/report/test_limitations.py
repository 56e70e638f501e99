"""What could not be concluded is found in the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from crosscal.analysis import Results
from crosscal.report import Limit
from crosscal.report.limitations import limits, rank_correlation

Build = Callable[..., Results]


def by_heading(results: Results) -> dict[str, Limit]:
    """Return the limits by heading."""
    return {limit.heading: limit for limit in limits(results)}


def test_of_the_usual_study(results: Results) -> None:
    found = by_heading(results)
    assert list(found) == [
        "Few seeds",
        "No visible effect does not mean no effect",
        "No visible degradation does not mean no degradation",
        "Accuracy and calibration are separated by an assumption",
        "Morphology is not alone",
        "Many comparisons",
    ]
    unseen = found["No visible effect does not mean no effect"]
    assert unseen.items[1].startswith("answerability, 16 of 16: ")
    assert "Visible would have been 1.3 to 2.4 points or more." in unseen.items[1]


def test_small_sets_and_hidden_errors(build: Build) -> None:
    results = build(languages=("en", "sw"), recipes=("direct",))
    rows = [
        replace(e, n=240, clusters=80, p_value=0.4 if e.metric == "ece" else e.p_value)
        for e in results.estimates
    ]
    size = by_heading(replace(results, estimates=rows))["Sample size"]
    assert size.words.startswith("240 items a language, in 80 independent clusters. That is a sm")
    assert size.items == ("direct: English, Swahili",)


def test_collapsed_runs_come_first(build: Build) -> None:
    results = build(languages=("en", "sw"))
    results.collapsed.append({"recipe": "mrpc", "seed": 4, "reason": "at chance"})
    first = limits(results)[0]
    assert (first.heading, first.items) == ("Collapsed runs", ("mrpc, seed 4: at chance",))


def test_enough_seeds_are_not_complained_of(build: Build) -> None:
    results = build(languages=("en", "sw"), seeds=tuple(range(10)))
    assert "Few seeds" not in by_heading(results)


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlation_is_spearmans(ties: bool) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=20), rng.normal(size=20)
    if ties:
        x, y = np.round(x), np.round(y)
    assert rank_correlation(list(x), list(y)) == pytest.approx(spearmanr(x, y).statistic)


def test_rank_correlation_of_a_constant() -> None:
    assert rank_correlation([1.0, 1.0], [1.0, 2.0]) == 0.0
