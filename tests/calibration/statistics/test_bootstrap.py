"""Cluster bootstrap, jackknife and the three intervals, against scipy and literal resampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crosscal.calibration import cluster_weights, ece, quantile_interval, two_sided_p
from crosscal.calibration.statistics.bootstrap import absolute_excess, bootstrap, ratio
from crosscal.calibration.statistics.intervals import (
    basic_interval,
    bca_interval,
    percentile_interval,
)
from crosscal.exceptions import DataError, SettingsError


def table(values):
    return np.stack([values, np.ones_like(values)], axis=1)


def literal(values, cluster, weights, statistic):
    """Replicates by copying the rows of each drawn cluster."""
    found = []
    for row in weights.astype(int):
        drawn = [np.flatnonzero(cluster == c) for c, times in enumerate(row) for _ in range(times)]
        found.append(statistic(np.concatenate(drawn)))
    return np.array(found)


def test_replicates_and_jackknife_are_those_of_copied_rows():
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(12), rng.integers(1, 5, size=12))
    n = len(cluster)
    confidence = rng.uniform(0.4, 1, size=n)
    correct = (rng.random(n) < 0.7).astype(float)
    weights = cluster_weights(12, 40, rng)
    bins = 5
    index = np.ceil(confidence * bins).astype(int) - 1
    sums = np.zeros((12, bins + 1))
    for row in range(n):
        sums[cluster[row], index[row]] += confidence[row] - correct[row]
        sums[cluster[row], bins] += 1
    found = bootstrap(sums, weights, absolute_excess)

    def error(rows):
        return ece(confidence[rows], correct[rows], bins=bins)

    assert found.value == pytest.approx(error(np.arange(n)), abs=1e-12)
    np.testing.assert_allclose(found.draws, literal(None, cluster, weights, error), atol=1e-12)
    without = [error(np.flatnonzero(cluster != c)) for c in range(12)]
    np.testing.assert_allclose(found.without, without, atol=1e-12)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("draw", [0, 1])
def test_intervals_are_scipys(level, draw):
    rng = np.random.default_rng(draw)
    values = rng.exponential(size=30) if draw else rng.normal(size=30).round(1)
    for method, ours in (("BCa", "bca"), ("basic", "basic"), ("percentile", "percentile")):
        reference = stats.bootstrap(
            (values,), np.mean, confidence_level=level, n_resamples=999, method=method, rng=draw
        )
        draws = reference.bootstrap_distribution
        found = bootstrap(table(values), np.ones((1, 30)), ratio)
        interval = {
            "bca": lambda f=found, d=draws: bca_interval(f.value, d, f.without, level=level),
            "basic": lambda f=found, d=draws: basic_interval(f.value, d, level=level),
            "percentile": lambda d=draws: percentile_interval(d, level=level),
        }[ours]()
        np.testing.assert_allclose(interval, reference.confidence_interval, rtol=1e-12)


def test_jackknife_standard_error_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(3).normal(size=25)
    found = bootstrap(table(values), np.ones((1, 25)), ratio)
    assert found.jackknife_standard_error == pytest.approx(stats.sem(values), rel=1e-12)
    assert found.standard_error == 0


def test_bootstrap_standard_error_is_that_of_the_mean():
    values = np.random.default_rng(3).normal(size=200)
    weights = cluster_weights(200, 4000, np.random.default_rng(0))
    found = bootstrap(table(values), weights, ratio)
    assert found.standard_error == pytest.approx(values.std() / np.sqrt(200), rel=0.05)


@given(st.integers(0, 10**6))
def test_a_paired_difference_is_the_bootstrap_of_the_difference(seed):
    rng = np.random.default_rng(seed)
    clusters = int(rng.integers(3, 15))
    sizes = rng.integers(1, 4, size=clusters).astype(float)
    one, other = rng.normal(size=(2, clusters))
    weights = cluster_weights(clusters, 20, rng)
    difference = bootstrap(np.stack([one, sizes], 1), weights, ratio) - bootstrap(
        np.stack([other, sizes], 1), weights, ratio
    )
    at_once = bootstrap(np.stack([one - other, sizes], 1), weights, ratio)
    assert difference.value == pytest.approx(at_once.value, abs=1e-12)
    np.testing.assert_allclose(difference.draws, at_once.draws, atol=1e-12)
    np.testing.assert_allclose(difference.without, at_once.without, atol=1e-12)


@given(st.integers(0, 10**6), st.floats(-50, 50), st.floats(0.01, 50))
def test_intervals_move_with_the_data(seed, shift, scale):
    rng = np.random.default_rng(seed)
    draws, without = rng.normal(size=99), rng.normal(size=20)
    for interval in (
        lambda s, c: percentile_interval(c * draws + s),
        lambda s, c: basic_interval(c * 0.1 + s, c * draws + s),
        lambda s, c: bca_interval(c * 0.1 + s, c * draws + s, c * without + s),
    ):
        moved = scale * np.array(interval(0, 1)) + shift
        np.testing.assert_allclose(interval(shift, scale), moved, rtol=1e-6, atol=1e-7)


def test_bca_without_skewness_or_bias_is_percentile():
    draws = np.linspace(-2, 2, 401)
    without = np.array([-1.0, 1.0])
    assert bca_interval(0.0, draws, without) == pytest.approx(percentile_interval(draws))


def test_bca_of_draws_that_all_agree_or_lie_on_one_side():
    assert bca_interval(3.0, np.full(50, 3.0), np.full(4, 3.0)) == (3.0, 3.0)
    draws = np.linspace(1, 2, 100)
    for value in (0.0, 9.0):
        low, high = bca_interval(value, draws, np.array([0.0, 0.0, 1.0]))
        assert 1 <= low <= high <= 2


def test_bca_past_the_pole_takes_the_outermost_draw():
    # Bias 2.1 and acceleration 0.34: one minus acceleration times (bias + 1.96) is below 0.
    draws = np.concatenate([np.full(98, -1.0), [1.0, 2.0]])
    without = np.array([-1000.0] + [0.0] * 30)
    assert bca_interval(0.0, draws, without)[1] == 2.0


@pytest.mark.parametrize(
    ("sums", "weights"),
    [
        (np.ones((1, 2)), np.ones((3, 1))),
        (np.ones(4), np.ones((3, 4))),
        (np.ones((4, 2)), np.ones((3, 5))),
        (np.array([[1.0, 1.0], [0.0, 0.0]]), np.ones((3, 2))),  # without the first: no rows
    ],
)
def test_shapes_and_empty_groups_are_refused(sums, weights):
    with pytest.raises(DataError):
        bootstrap(sums, weights, ratio)


def test_unpaired_differences_are_refused():
    one = bootstrap(table(np.arange(4.0)), np.ones((2, 4)), ratio)
    other = bootstrap(table(np.arange(4.0)), np.ones((3, 4)), ratio)
    with pytest.raises(DataError, match="different draws"):
        one - other


def test_bad_draws_and_levels_are_refused():
    with pytest.raises(DataError, match="draws, 1"):
        percentile_interval(np.array([0.0, np.nan]))
    with pytest.raises(DataError):
        percentile_interval(np.array([]))
    with pytest.raises(DataError):
        bca_interval(0.0, np.ones(5), np.ones(1))
    for level in (0, 1, 95, np.nan):
        with pytest.raises(SettingsError):
            bca_interval(0.0, np.ones(5), np.ones(3), level=level)


def test_draws_that_are_no_numbers_are_no_evidence():
    good, bad = np.ones(99), np.full(99, np.nan)
    for low, high in ((bad, good), (good, bad), (np.array([]), np.array([]))):
        with pytest.raises(DataError):
            two_sided_p(low, high)
        with pytest.raises(DataError):
            quantile_interval(low, high)
