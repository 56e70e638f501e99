"""Means of outcomes: how often their intervals hold, where each is known to lie."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.calibration import resample_clusters
from crosscal.calibration.estimation.engine import measure_outcomes
from crosscal.calibration.estimation.samples import OutcomeSet
from crosscal.exceptions import DataError

CASES, REPLICATES = 200, 400


def entities(rng, sentences, rate):
    """Outcomes of an F1 over entities: what is predicted, right or not, and what is there."""
    there = rng.integers(1, 4, sentences)
    found = rng.binomial(there, np.clip(rng.normal(rate, 0.15, sentences), 0, 1))
    predicted = found + rng.binomial(2, 0.2, sentences)
    outcome = [
        np.repeat([1.0, 0.0], [2 * right, said + gold - 2 * right])
        for right, said, gold in zip(found, predicted, there, strict=True)
    ]
    return np.concatenate(outcome), np.repeat(np.arange(sentences), [len(o) for o in outcome])


def accuracies(rng, items, rate):
    return (rng.random(items) < rate).astype(float), np.arange(items)


@pytest.mark.parametrize(
    ("draw", "n", "rate", "other"),
    [(entities, 40, 0.7, 0.5), (entities, 150, 0.4, 0.6), (accuracies, 25, 0.97, 0.9)],
)
def test_intervals_hold_the_truth(draw, n, rate, other):
    rng = np.random.default_rng(0)
    truths = [float(draw(rng, 100_000, each)[0].mean()) for each in (rate, other)]
    held = {"first": 0, "difference": 0}
    for case in range(CASES):
        resampling = resample_clusters(n, REPLICATES, entropy=(case,))
        sets = [
            OutcomeSet(outcome=outcome, unit=unit, number=number)
            for number, (outcome, unit) in enumerate(draw(rng, n, each) for each in (rate, other))
        ]
        first, second = measure_outcomes(sets, resampling)
        for name, one, truth in (
            ("first", first, truths[0]),
            ("difference", first - second, truths[0] - truths[1]),
        ):
            low, high = one.interval(0.95)
            assert low <= one.value <= high
            held[name] += low <= truth <= high
    # Of 25 items nearly all of which are right there is no interval that holds just so often.
    most = 1.0 if draw is accuracies else 0.99
    assert all(0.91 <= count / CASES <= most for count in held.values()), held


def test_of_nothing_nothing_is_known():
    resampling = resample_clusters(10, 200, entropy=(0,))
    nothing = OutcomeSet(outcome=np.zeros(0), unit=np.zeros(0, dtype=np.intp))
    some = OutcomeSet(outcome=np.array([1.0, 0.0, 1.0]), unit=np.array([0, 4, 9]))
    first, one, last = measure_outcomes([nothing, some, nothing], resampling)
    assert [each.value for each in (first, one, last)] == pytest.approx([0.0, 2 / 3, 0.0])
    assert first.interval(0.95) == (0.0, 1.0)
    low, high = one.interval(0.95)
    assert 0 <= low < 2 / 3 < high <= 1
    assert measure_outcomes([], resampling) == []
    with pytest.raises(DataError):
        _ = one - measure_outcomes([some], resample_clusters(10, 100, entropy=(0,)))[0]


def test_equal_outcomes_of_two_runs_differ_by_0():
    resampling = resample_clusters(25, 400, entropy=(3,))
    for outcome in (np.ones(25), np.arange(25) % 3 == 0):
        first, second = measure_outcomes(
            [
                OutcomeSet(outcome=outcome.astype(float), unit=np.arange(25), number=number)
                for number in (0, 1)
            ],
            resampling,
        )
        low, high = (first - second).interval(0.95)
        assert (first - second).value == 0.0
        assert -0.15 < low < 0 < high < 0.15
        assert first.interval(0.95)[0] < 1.0
