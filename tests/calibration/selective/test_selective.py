"""Ranking by confidence: against scikit-learn, sums over all orders of ties, closed forms."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from crosscal.calibration import cluster_weights
from crosscal.calibration.selective.ranking import selective_replicates
from crosscal.calibration.selective.selective import (
    accuracy_at_coverage,
    augrc,
    aurc,
    auroc,
    coverage_at_risk,
    excess_aurc,
    risk_coverage,
)
from crosscal.exceptions import DataError, SettingsError

MEASURES = {"auroc": auroc, "aurc": aurc, "excess_aurc": excess_aurc, "augrc": augrc}


def drawn(seed, n=300, places=None):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(1 / 3, 1, n)
    correct = rng.random(n) < confidence
    return (confidence if places is None else np.round(confidence, places)), correct


def orders_of_ties(confidence, correct):
    """Every order of rows by falling confidence."""
    for order in permutations(range(len(confidence))):
        ranked = np.asarray(confidence)[list(order)]
        if (np.diff(ranked) <= 0).all():
            yield 1.0 - np.asarray(correct, dtype=float)[list(order)]


def aurc_of_order(wrong):
    return np.mean(np.cumsum(wrong) / np.arange(1, len(wrong) + 1))


rows = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=1, max_size=5
)


@pytest.mark.parametrize("places", [None, 2, 1])
@pytest.mark.parametrize("seed", range(3))
def test_auroc_is_that_of_sklearn(seed, places):
    confidence, correct = drawn(seed, places=places)
    expected = roc_auc_score(correct, confidence)
    assert auroc(confidence, correct) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30)
@given(rows)
def test_aurc_is_the_mean_over_all_orders_of_ties(pairs):
    confidence, correct = zip(*pairs, strict=True)
    expected = np.mean([aurc_of_order(wrong) for wrong in orders_of_ties(confidence, correct)])
    assert aurc(confidence, correct) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30)
@given(rows)
def test_excess_is_what_the_best_order_would_save(pairs):
    confidence, correct = zip(*pairs, strict=True)
    best = aurc_of_order(1.0 - np.sort(np.asarray(correct, dtype=float))[::-1])
    expected = aurc(confidence, correct) - best
    assert excess_aurc(confidence, correct) == pytest.approx(expected, abs=1e-12)
    assert excess_aurc(confidence, correct) >= 0


@settings(max_examples=30)
@given(rows)
def test_augrc_is_the_area_of_a_polygon(pairs):
    """Share of rows accepted and wrong, over coverage; ties make a straight line."""
    confidence, correct = zip(*pairs, strict=True)
    curve = risk_coverage(confidence, correct)
    x, y = np.append(0, curve.coverage), np.append(0, curve.coverage * curve.risk)
    assert augrc(confidence, correct) == pytest.approx(np.trapezoid(y, x), abs=1e-12)


@pytest.mark.parametrize("places", [None, 1])
def test_augrc_and_rejection_ratio_are_functions_of_auroc_and_accuracy(places):
    confidence, correct = drawn(5, places=places)
    a, value = correct.mean(), auroc(confidence, correct)
    area = augrc(confidence, correct)
    assert area == pytest.approx((1 - value) * a * (1 - a) + (1 - a) ** 2 / 2, abs=1e-12)
    # Area between the rejection curves of chance and model over that of chance and oracle.
    chance, oracle = (1 - a) / 2, (1 - a) ** 2 / 2
    assert (chance - area) / (chance - oracle) == pytest.approx(2 * value - 1, abs=1e-12)


def test_known_values():
    confidence, correct = [0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0]
    assert auroc(confidence, correct) == 0.75
    assert aurc(confidence, correct) == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4, abs=1e-15)
    best = (1 / 3 + 2 / 4) / 4
    assert excess_aurc(confidence, correct) == pytest.approx((4 / 3) / 4 - best, abs=1e-15)
    curve = risk_coverage(confidence, correct)
    assert curve.threshold.tolist() == confidence
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert curve.risk.tolist() == [0, 1 / 2, 1 / 3, 1 / 2]


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        ([0.9, 0.8, 0.8], [1, 1, 1], (np.nan, 0, 0, 0)),
        ([0.9, 0.8, 0.8], [0, 0, 0], (np.nan, 1, 0, 0.5)),
        ([0.5], [1], (np.nan, 0, 0, 0)),
        ([0.5], [0], (np.nan, 1, 0, 0.5)),
        ([0.5] * 4, [1, 1, 1, 0], (0.5, 0.25, 0.25 - 0.25 / 4, 0.125)),
        ([1.0, 0.0], [1, 0], (1, 0.25, 0, 0.125)),
        ([1.0, 0.0], [0, 1], (0, 0.75, 0.5, 0.375)),
    ],
)
def test_degenerate(confidence, correct, expected):
    for measure, value in zip(MEASURES.values(), expected, strict=True):
        assert measure(confidence, correct) == pytest.approx(value, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("places", [None, 2, 1])
def test_replicates_are_the_values_of_the_rows_drawn(places):
    confidence, correct = drawn(1, n=120, places=places)
    cluster = np.random.default_rng(2).permutation(np.arange(120) // 3)
    weights = cluster_weights(40, 25, np.random.default_rng(3))
    replicates = selective_replicates(confidence, correct, weights, cluster=cluster)
    for number, weight in enumerate(weights):
        taken = np.repeat(np.arange(120), weight[cluster].astype(int))
        for name, measure in MEASURES.items():
            expected = measure(confidence[taken], correct[taken])
            assert getattr(replicates, name)[number] == pytest.approx(expected, abs=1e-12)


def test_replicates_do_not_depend_on_blocks(monkeypatch):
    confidence, correct = drawn(1, n=60, places=1)
    weights = cluster_weights(60, 17, np.random.default_rng(3))
    whole = selective_replicates(confidence, correct, weights)
    monkeypatch.setattr("crosscal.calibration.selective.ranking._BLOCK", 200)
    parts = selective_replicates(confidence, correct, weights)
    for name in MEASURES:
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_fractions_of_weights():
    """AUROC as scikit-learn weighs; AURC lies between those of the counts around it."""
    confidence, correct = drawn(4, n=50, places=1)
    weights = np.random.default_rng(0).exponential(size=(3, 50))
    replicates = selective_replicates(confidence, correct, weights)
    for number, weight in enumerate(weights):
        expected = roc_auc_score(correct, confidence, sample_weight=weight)
        assert replicates.auroc[number] == pytest.approx(expected, abs=1e-12)
    between = selective_replicates(confidence, correct, [[2.0] * 50, [2.5] * 50, [3.0] * 50])
    assert (np.diff(between.aurc) < 0).all() or (np.diff(between.aurc) > 0).all()
    whole = selective_replicates(confidence, correct, [[3.0] * 50])
    assert between.aurc[2] == pytest.approx(whole.aurc[0], abs=1e-12)


def test_replicates_without_right_rows_or_weight():
    replicates = selective_replicates([0.9, 0.5], [1, 0], [[0, 2], [2, 0], [0, 0], [1, 1]])
    assert replicates.auroc.tolist() == pytest.approx([np.nan, np.nan, np.nan, 1], nan_ok=True)
    assert replicates.aurc.tolist() == pytest.approx([1, 0, np.nan, 0.25], nan_ok=True)
    assert replicates.excess_aurc.tolist() == pytest.approx([0, 0, np.nan, 0], nan_ok=True)
    assert replicates.augrc.tolist() == pytest.approx([0.5, 0, np.nan, 0.125], nan_ok=True)


@settings(max_examples=30)
@given(rows, st.randoms())
def test_order_of_rows_and_monotone_maps_change_nothing(pairs, random):
    confidence, correct = (np.array(part) for part in zip(*pairs, strict=True))
    shuffled = random.sample(range(len(pairs)), len(pairs))
    for measure in MEASURES.values():
        expected = pytest.approx(measure(confidence, correct), abs=1e-12, nan_ok=True)
        assert measure(confidence[shuffled], correct[shuffled]) == expected
        assert measure(confidence**2 / 2, correct) == expected


@settings(max_examples=30)
@given(rows)
def test_every_row_twice(pairs):
    confidence, correct = (np.array(part) for part in zip(*pairs, strict=True))
    double = np.tile(confidence, 2), np.tile(correct, 2)
    for measure in (auroc, augrc):
        expected = pytest.approx(measure(confidence, correct), abs=1e-12, nan_ok=True)
        assert measure(*double) == expected
    weights = np.full((1, len(pairs)), 2.0)
    assert aurc(*double) == pytest.approx(
        selective_replicates(confidence, correct, weights).aurc[0], abs=1e-12
    )


def test_aurc_tends_to_the_integral():
    """Confidence uniform, wrong with chance 1 - c: the risk at coverage t is t / 2."""
    n = 200_000
    confidence = (np.arange(n) + 0.5) / n
    correct = np.random.default_rng(0).random(n) < confidence
    assert aurc(confidence, correct) == pytest.approx(0.25, abs=3e-3)
    assert auroc(confidence, correct) == pytest.approx(5 / 6, abs=3e-3)


def test_accuracy_at_coverage():
    confidence, correct = [0.9, 0.8, 0.8, 0.8, 0.1], [1, 1, 0, 1, 0]
    expected = {0.2: 1, 0.4: (1 + 2 / 3) / 2, 0.5: (1 + 4 / 3) / 3, 0.8: 3 / 4, 1: 3 / 5, 0.01: 1}
    for coverage, value in expected.items():
        assert accuracy_at_coverage(confidence, correct, coverage) == pytest.approx(value)
    # 0.07 * 100 is a little above 7 in floating point.
    hundred = np.linspace(1, 0, 100)
    assert accuracy_at_coverage(hundred, np.arange(100) < 7, 0.07) == 1


def test_coverage_at_risk():
    confidence, correct = [0.9, 0.8, 0.8, 0.7, 0.1], [1, 1, 0, 1, 0]
    for risk, value in {0: 0.2, 0.25: 0.8, 0.3: 0.8, 1 / 3: 0.8, 0.4: 1, 1: 1}.items():
        assert coverage_at_risk(confidence, correct, risk) == pytest.approx(value)
    assert coverage_at_risk([0.5, 0.5], [1, 0], 0.4) == 0  # ties go together


@settings(max_examples=30)
@given(rows, st.floats(0, 1))
def test_coverage_at_risk_keeps_its_promise(pairs, risk):
    confidence, correct = (np.array(part) for part in zip(*pairs, strict=True))
    coverage = coverage_at_risk(confidence, correct, risk)
    if coverage:
        assert 1 - accuracy_at_coverage(confidence, correct, coverage) <= risk + 1e-9


def test_bad_input():
    with pytest.raises(DataError, match="confidence, row 1"):
        auroc([0.5, 1.5], [1, 0])
    with pytest.raises(DataError, match="correct has shape"):
        aurc([0.5], [1, 0])
    for coverage in (0, 1.1, np.nan):
        with pytest.raises(SettingsError, match="coverage"):
            accuracy_at_coverage([0.5], [1], coverage)
    with pytest.raises(SettingsError, match="risk"):
        coverage_at_risk([0.5], [1], -0.1)


@pytest.mark.parametrize(
    ("weights", "cluster", "message"),
    [
        ([[1.0]], None, "weights have shape"),
        ([[1.0, 1, 1]], None, "weights have shape"),
        ([1.0, 1.0], None, "weights have shape"),
        ([[1.0, 1.0]], [0, 2], "weights have shape"),
        ([[1.0, 1.0]], [0], "cluster has shape"),
        ([[1.0, 1.0]], [0.0, 1.0], "type float64"),
        ([[1.0, -1.0]], None, "negative"),
        ([[1.0, np.nan]], None, "NaN"),
    ],
)
def test_bad_weights(weights, cluster, message):
    with pytest.raises(DataError, match=message):
        selective_replicates([0.5, 0.6], [1, 0], weights, cluster=cluster)


def test_great_weights_do_not_overflow():
    confidence, correct = [0.9, 0.8, 0.8, 0.6, 0.5], [1, 1, 0, 1, 0]
    found = selective_replicates(confidence, correct, [[1e17] * 5, [1.0] * 5])
    assert found.auroc[0] == pytest.approx(found.auroc[1])
    assert found.augrc[0] == pytest.approx(found.augrc[1])
