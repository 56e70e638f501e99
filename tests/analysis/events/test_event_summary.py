"""Numbers about events."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis import AnalysisSettings, analyse
from crosscal.analysis.events import Events, events
from crosscal.analysis.events.summary import summarise
from crosscal.calibration import ece, ece_debiased, noise_floor


def made(confidence, correct, clusters=None):
    n = len(confidence)
    ids = np.array([f"u{i}" for i in range(n)], dtype=np.str_)
    return Events(
        confidence=np.asarray(confidence, dtype=np.float64),
        correct=np.asarray(correct, dtype=np.float64),
        cluster_ids=ids if clusters is None else np.asarray(clusters, dtype=np.str_),
        unit_ids=ids,
        kinds=np.full(n, "x"),
    )


def summary(events_, seed=0):
    return summarise(events_, seed=seed)


def test_numbers_are_those_of_the_calibration_room():
    rng = np.random.default_rng(0)
    confidence = rng.beta(4, 2, 900)
    correct = (rng.random(900) < confidence**1.5).astype(float)
    clusters = np.repeat(np.arange(300), 3)
    found = summary(made(confidence, correct, clusters))
    assert (found.n, found.clusters) == (900, 300)
    assert found.ece == pytest.approx(ece(confidence, correct))
    assert found.ece_debiased == pytest.approx(ece_debiased(confidence, correct, clusters=clusters))
    floor = noise_floor(confidence, rng=np.random.default_rng(1)).mean
    assert found.noise_floor == pytest.approx(floor, rel=0.05)
    assert found.gap == pytest.approx(confidence.mean() - correct.mean())
    assert found.gap_low < found.gap < found.gap_high
    assert found.p_value < 0.01


def test_intervals_are_those_of_an_analysis(make_table):
    rng = np.random.default_rng(1)
    rows = [
        {
            "unit": f"u{n:04d}",
            "cluster": f"c{n // 3:04d}",
            "scores": rng.normal(size=3) * 2 + 2 * np.eye(3)[n % 3],
            "gold": n % 3,
        }
        for n in range(900)
    ]
    table = make_table("classification", rows, choices=("a", "b", "c"))
    results = analyse([table], settings=AnalysisSettings(dev_split=None))
    found = summary(events(table, "label")["en"])
    for metric, ends in (
        ("gap", (found.gap_low, found.gap_high)),
        ("ece", (found.ece_low, found.ece_high)),
    ):
        (wanted,) = results.find(quantity="level", metric=metric, language="en")
        # Other draws: the ends agree as far as 2,000 of them go.
        assert ends == pytest.approx((wanted.low, wanted.high), abs=0.006)


def test_soft_outcomes():
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.2, 0.9, 600)
    correct = np.clip(confidence - 0.1 + rng.normal(scale=0.05, size=600), 0, 1)
    found = summary(made(confidence, correct))
    index = np.ceil(confidence * 15).astype(int)
    by_hand = sum(abs((confidence - correct)[index == b].sum()) for b in range(1, 16)) / 600
    assert found.ece == pytest.approx(by_hand)
    assert found.ece_debiased is None
    assert found.ece_low < 0.1 < found.ece_high
    # Outcomes of 0 and 1 would scatter ten times as far.
    hard = summary(made(confidence, rng.random(600) < confidence))
    assert found.noise_floor < hard.noise_floor / 5


def test_perfect_calibration_is_not_denied():
    rng = np.random.default_rng(3)
    p_values = []
    for _ in range(12):
        confidence = rng.uniform(0, 1, 400)
        found = summary(made(confidence, rng.random(400) < confidence))
        p_values.append(found.p_value)
    assert sum(p < 0.05 for p in p_values) <= 3
    assert max(p_values) > 0.3


def test_rows_of_a_cluster_do_not_count_twice():
    rng = np.random.default_rng(4)
    confidence = rng.uniform(0.3, 0.9, 200)
    correct = (rng.random(200) < confidence).astype(float)
    once = summary(made(confidence, correct, np.arange(200)))
    twice = summary(made(np.tile(confidence, 2), np.tile(correct, 2), np.tile(np.arange(200), 2)))
    assert twice.clusters == once.clusters
    assert twice.gap == pytest.approx(once.gap)
    width = [each.gap_high - each.gap_low for each in (once, twice)]
    assert width[1] == pytest.approx(width[0], rel=0.1)


def test_too_little_to_say():
    nothing = summary(made([], []))
    assert (nothing.n, nothing.accuracy, nothing.ece) == (0, None, None)
    one = summary(made([0.7, 0.72], [1, 0], ["c", "c"]))
    assert one.ece == pytest.approx(0.21)
    assert (one.ece_low, one.gap_high, one.p_value) == (None, None, None)


def test_equal_seeds_give_equal_numbers():
    rng = np.random.default_rng(5)
    given = made(rng.random(50), rng.random(50) < 0.5)
    assert summary(given, 7) == summary(given, 7)
