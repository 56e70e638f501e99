"""Kernel calibration errors: pairs spelt out, closed forms, bias, and the tests built on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

from crosscal.calibration import (
    kernel_error,
    kernel_test,
    kernel_test_linear,
    signed_gap,
    skce_biased,
    skce_linear,
    skce_unbiased,
    softmax,
)
from crosscal.calibration.errors import kernel
from crosscal.exceptions import DataError, SettingsError

PAIRS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        arrays(float, n, elements=st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))),
        arrays(bool, n),
    )
)
TWO_SURE = [[1.0, 0.0], [0.0, 1.0]]


def sample(n=60, k=3, seed=0, temperature=1.0):
    """Scores whose outcomes are drawn from them, divided by the temperature."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2
    ends = np.cumsum(softmax(scores / temperature), axis=1)
    ends[:, -1] = 2.0
    return scores, (rng.random((n, 1)) >= ends).sum(axis=1)


def terms(scores, gold, bandwidth):
    """All pairs, one by one."""
    p = softmax(scores)
    e = np.eye(p.shape[1])[gold] - p
    n = len(p)
    return np.array(
        [
            [np.exp(-np.linalg.norm(p[i] - p[j]) / bandwidth) * (e[i] @ e[j]) for j in range(n)]
            for i in range(n)
        ]
    )


@given(PAIRS, st.sampled_from([0.001, 0.05, 0.2, 3.0]))
def test_the_error_of_confidences_is_the_double_sum(pair, bandwidth):
    confidence, correct = pair
    r = confidence - correct
    matrix = np.exp(-np.abs(confidence[:, None] - confidence) / bandwidth)
    expected = np.sqrt(max(0.0, r @ matrix @ r)) / len(r)
    assert kernel_error(*pair, bandwidth=bandwidth) == pytest.approx(expected, abs=1e-9)


@given(PAIRS, st.sampled_from([0.05, 0.2, 3.0]))
def test_the_error_of_confidences_keeps_its_bounds(pair, bandwidth):
    value = kernel_error(*pair, bandwidth=bandwidth)
    least = abs(signed_gap(*pair)) / np.sqrt(1 + 1 / (2 * bandwidth))
    assert least - 1e-9 <= value <= np.abs(pair[0] - pair[1]).mean() + 1e-9


@given(PAIRS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_doubling_them_matters(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    # A root: sums that differ in their last bit, 1e-17, differ by 3e-9 near 0.
    square = kernel_error(*pair) ** 2
    assert kernel_error(pair[0][order], pair[1][order]) ** 2 == pytest.approx(square, abs=1e-15)
    twice = [np.repeat(each, 2) for each in pair]
    assert kernel_error(*twice) ** 2 == pytest.approx(square, abs=1e-15)


def test_ties_and_wide_kernels_leave_the_gap():
    assert kernel_error([0.7] * 4, [1, 0, 0, 1]) == pytest.approx(0.2)
    confidence, correct = np.linspace(0, 1, 50), np.arange(50) % 3 == 0
    wide = kernel_error(confidence, correct, bandwidth=1e9)
    assert wide == pytest.approx(abs(signed_gap(confidence, correct)), abs=1e-6)


def test_estimates_are_sums_over_all_pairs():
    scores, gold = sample()
    matrix = terms(scores, gold, 0.4)
    n = len(gold)
    assert skce_biased(scores, gold, bandwidth=0.4) == pytest.approx(matrix.mean(), abs=1e-14)
    off = (matrix.sum() - np.trace(matrix)) / (n * (n - 1))
    assert skce_unbiased(scores, gold, bandwidth=0.4) == pytest.approx(off, abs=1e-14)
    neighbours = np.mean([matrix[i, i + 1] for i in range(0, n, 2)])
    assert skce_linear(scores, gold, bandwidth=0.4) == pytest.approx(neighbours, abs=1e-14)


def test_pairs_within_a_cluster_are_left_out():
    scores, gold = sample(n=20)
    clusters = np.array(["b", "a", "c", "a"] * 5)
    matrix = terms(scores, gold, 0.4)
    apart = clusters[:, None] != clusters
    value = skce_unbiased(scores, gold, bandwidth=0.4, clusters=clusters)
    assert value == pytest.approx(matrix[apart].mean(), abs=1e-14)
    # Clusters by first appearance: b with a, row by row; c is left over.
    first, second = np.flatnonzero(clusters == "b"), np.flatnonzero(clusters == "a")[:5]
    value = skce_linear(scores, gold, bandwidth=0.4, clusters=clusters)
    assert value == pytest.approx(matrix[first, second].mean(), abs=1e-14)


def test_closed_forms_of_two_sure_rows():
    # Two predictions a distance of sqrt(2) apart.
    near = np.exp(-np.sqrt(2) / 0.5)
    for gold, biased, unbiased in (
        ([0, 1], 0.0, 0.0),
        ([0, 0], 0.5, 0.0),
        ([1, 0], 1 - near, -2 * near),
        ([-1, -1], 0.5, 0.0),
    ):
        known = {"given": "probabilities", "bandwidth": 0.5}
        assert skce_biased(TWO_SURE, gold, **known) == pytest.approx(biased, abs=1e-14)
        assert skce_unbiased(TWO_SURE, gold, **known) == pytest.approx(unbiased, abs=1e-14)


def test_the_default_bandwidth_is_the_median_distance_or_one():
    scores, gold = sample(n=31)
    p = softmax(scores)
    distances = [np.linalg.norm(p[i] - p[j]) for i in range(31) for j in range(i)]
    expected = skce_unbiased(scores, gold, bandwidth=float(np.median(distances)))
    assert skce_unbiased(scores, gold) == pytest.approx(expected, abs=1e-14)
    tied = np.zeros((4, 2))
    assert skce_biased(tied, [0, 1, 1, 1]) == pytest.approx(0.125)
    assert kernel_test_linear(tied, [0, 1, 1, 1]).bandwidth == 1.0


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(3)), st.integers(0, 1000))
def test_names_of_classes_and_the_order_of_rows_do_not_matter(order, seed):
    scores, gold = sample(seed=seed)
    rows = np.random.default_rng(seed).permutation(len(gold))
    for estimate in (skce_biased, skce_unbiased):
        expected = estimate(scores, gold, bandwidth=0.3)
        renamed = estimate(scores[:, order], np.argsort(order)[gold], bandwidth=0.3)
        assert renamed == pytest.approx(expected, abs=1e-12)
        moved = estimate(scores[rows], gold[rows], bandwidth=0.3)
        assert moved == pytest.approx(expected, abs=1e-12)


def test_doubling_every_row_leaves_the_biased_estimate_and_spoils_the_unbiased():
    scores, gold = sample()
    twice = (np.repeat(scores, 2, axis=0), np.repeat(gold, 2))
    biased = skce_biased(scores, gold, bandwidth=0.4)
    assert skce_biased(*twice, bandwidth=0.4) == pytest.approx(biased, abs=1e-14)
    unbiased = skce_unbiased(scores, gold, bandwidth=0.4)
    assert skce_unbiased(*twice, bandwidth=0.4) > unbiased + 1e-4
    # Copies declared as clusters do no harm.
    clusters = np.repeat(np.arange(len(gold)), 2)
    apart = skce_unbiased(*twice, bandwidth=0.4, clusters=clusters)
    assert apart == pytest.approx(unbiased, abs=1e-14)


def test_the_unbiased_estimates_are_unbiased():
    draws = [sample(n=40, seed=seed) for seed in range(300)]
    for estimate in (skce_unbiased, skce_linear):
        values = np.array([estimate(*draw, bandwidth=0.4) for draw in draws])
        assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values))
    values = np.array([skce_biased(*draw, bandwidth=0.4) for draw in draws])
    assert values.mean() > 20 * values.std() / np.sqrt(len(values))


def test_p_values_are_uniform_for_calibrated_rows():
    quadratic, linear = [], []
    for seed in range(200):
        scores, gold = sample(n=80, seed=seed)
        rng = np.random.default_rng(seed)
        quadratic.append(kernel_test(scores, gold, rng=rng, resamples=99).p_value)
        linear.append(kernel_test_linear(scores, gold).p_value)
    assert kstest(quadratic, "uniform").pvalue > 1e-3
    assert kstest(linear, "uniform").pvalue > 1e-3


def test_p_values_hold_for_copied_rows_declared_as_clusters():
    declared, ignored = [], []
    for seed in range(150):
        scores, gold = sample(n=30, seed=seed)
        twice = (np.repeat(scores, 3, axis=0), np.repeat(gold, 3))
        clusters = np.repeat(np.arange(30), 3)
        rng = np.random.default_rng(seed)
        test = kernel_test(*twice, rng=rng, clusters=clusters, resamples=99)
        declared.append(test.p_value)
        ignored.append(kernel_test(*twice, rng=rng, resamples=99).p_value)
    assert np.mean(np.array(declared) <= 0.05) < 0.12
    assert np.mean(np.array(ignored) <= 0.05) > 0.4


def test_overconfident_rows_are_found_out():
    scores, gold = sample(n=400, temperature=2.0)
    found = kernel_test(scores, gold, rng=np.random.default_rng(0), resamples=99)
    assert found.p_value == 0.01
    assert found.statistic == pytest.approx(skce_unbiased(scores, gold), abs=1e-14)
    many = sample(n=6000, temperature=3.0)
    assert kernel_test_linear(*many).p_value < 0.01


def test_blocks_give_the_same_numbers(monkeypatch):
    scores, gold = sample(n=50)
    clusters = np.arange(50) // 3
    whole = kernel_test(scores, gold, rng=np.random.default_rng(0), clusters=clusters)
    monkeypatch.setattr(kernel, "_BLOCK", 170)
    parts = kernel_test(scores, gold, rng=np.random.default_rng(0), clusters=clusters)
    assert parts.p_value == whole.p_value
    assert parts.statistic == pytest.approx(whole.statistic, abs=1e-14)


def test_perfect_and_certain_rows_have_no_variance():
    sure = np.tile(TWO_SURE, (4, 1))
    right = kernel_test_linear(sure, [0, 1] * 4, given="probabilities")
    assert (right.statistic, right.p_value) == (0.0, 0.5)
    always = np.tile([[0.5, 0.5]], (8, 1))
    wrong = kernel_test_linear(always, [0] * 8, given="probabilities")
    assert (wrong.statistic, wrong.p_value) == (0.5, 0.0)


def test_too_few_clusters_are_refused():
    scores, gold = sample(n=3)
    rng = np.random.default_rng(0)
    for function in (skce_unbiased, skce_linear):
        with pytest.raises(DataError):
            function(scores, gold, clusters=["a"] * 3)
        with pytest.raises(DataError):
            function(scores[:1], gold[:1])
    with pytest.raises(DataError):
        kernel_test(scores, gold, rng=rng, clusters=["a"] * 3)
    with pytest.raises(DataError):
        kernel_test_linear(scores, gold)
    with pytest.raises(DataError):
        skce_unbiased(scores, gold, clusters=["a"])
    assert skce_biased(scores[:1], gold[:1]) > 0


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, float("nan"), float("inf")])
def test_a_bandwidth_not_above_zero_is_refused(bandwidth):
    scores, gold = sample(n=5)
    with pytest.raises(SettingsError):
        kernel_error([0.5], [1], bandwidth=bandwidth)
    with pytest.raises(SettingsError):
        skce_biased(scores, gold, bandwidth=bandwidth)
    with pytest.raises(SettingsError):
        kernel_test(scores, gold, rng=np.random.default_rng(0), resamples=0)
