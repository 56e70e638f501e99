"""Cluster weights, sums, draws of true errors, intervals."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.calibration import (
    cluster_bin_sums,
    cluster_sums,
    cluster_weights,
    quantile_interval,
    shrinkage_matrix,
    two_sided_tail,
)
from crosscal.exceptions import DataError, SettingsError


def test_weights_are_a_bootstrap():
    weights = cluster_weights(50, 4000, np.random.default_rng(0))
    assert (weights.sum(axis=1) == 50).all()
    assert weights.mean() == 1
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 50, rel=0.02)


@pytest.mark.parametrize(("clusters", "replicates"), [(1, 10), (5, 0)])
def test_weights_need_something_to_draw(clusters, replicates):
    with pytest.raises(SettingsError):
        cluster_weights(clusters, replicates, np.random.default_rng(0))


def test_sums():
    values, cluster, index = [1.0, 2, 4, 8], np.array([0, 2, 2, 0]), np.array([1, 0, 1, 1])
    assert cluster_sums(values, cluster, 3).tolist() == [9, 0, 6]
    assert cluster_bin_sums(values, cluster, 3, index, 2).tolist() == [[0, 9], [0, 0], [2, 4]]


def test_shrinkage():
    share = np.full(8, 1 / 8)
    confidence = np.linspace(0.3, 1, 8)
    line = share * (0.1 - 0.2 * confidence)
    matrix = shrinkage_matrix(line, np.full(8, 1e-6), confidence, share)
    np.testing.assert_allclose(matrix @ line, line, atol=1e-9)  # a line is kept
    noise = np.random.default_rng(0).normal(size=8) * 1e-3
    matrix = shrinkage_matrix(line + noise, np.full(8, 4e-6), confidence, share)
    kept = matrix @ (line + noise)
    assert np.abs(kept - line).sum() < np.abs(noise).sum()
    zigzag = share * 0.2 * (-1.0) ** np.arange(8)
    matrix = shrinkage_matrix(zigzag, np.full(8, 1e-6), confidence, share)
    np.testing.assert_allclose(matrix @ zigzag, zigzag, rtol=0.05)  # clear signal is kept


def test_shrinkage_against_literal_meta_regression():
    rng = np.random.default_rng(2)
    share, confidence = rng.dirichlet(np.ones(7)), np.sort(rng.uniform(0.3, 1, 7))
    variance = rng.uniform(1e-4, 4e-4, 7) * share**2
    excess = share * (0.05 + 0.04 * rng.normal(size=7))
    y, v = excess / share, variance / share**2
    x = np.stack([np.ones(7), confidence], axis=1)
    # DerSimonian and Laird with a covariate: Q = y'Py, E(Q) = k - 2 + tau^2 trace(P).
    w = np.diag(1 / v)
    p = w - w @ x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    between = max(0.0, (y @ p @ y - 5) / np.trace(p))
    assert between > 0
    w = np.diag(1 / (v + between))
    line = x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w @ y
    expected = share * (line + between / (v + between) * (y - line))
    found = shrinkage_matrix(excess, variance, confidence, share) @ excess
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_shrinkage_with_few_or_empty_bins_changes_nothing():
    share = np.array([0.5, 0.5, 0, 0, 0])
    found = shrinkage_matrix(np.ones(5), np.ones(5), np.linspace(0, 1, 5), share)
    np.testing.assert_array_equal(found, np.eye(5))


def test_interval_and_p_value_agree():
    rng = np.random.default_rng(0)
    for centre in np.linspace(-4, 4, 33):
        draws = rng.normal(centre, 1, 2000)
        low, high = quantile_interval(draws, draws)
        p = two_sided_tail(draws, draws)
        assert 0 < p <= 1
        if abs(p - 0.05) > 0.003:
            assert (low <= 0 <= high) == (p > 0.05)


def test_certain_draws():
    assert two_sided_tail(np.zeros(99), np.zeros(99)) == 1
    assert two_sided_tail(np.ones(99), np.ones(99)) == pytest.approx(0.02)
    with pytest.raises(SettingsError, match="level"):
        quantile_interval(np.zeros(3), np.zeros(3), 95)


@pytest.mark.parametrize("cluster", [[0, 1], [0, 1, 5], [0, 1, -1]])
def test_clusters_beyond_those_there_are(cluster):
    place, bins = np.array(cluster), np.zeros(3, dtype=int)
    with pytest.raises(DataError, match="cluster"):
        cluster_sums([1.0, 2.0, 3.0], place, 2)
    with pytest.raises(DataError, match="cluster"):
        cluster_bin_sums([1.0, 2.0, 3.0], place, 2, bins, 2)
    # A bin too many would be counted as the next cluster's first.
    with pytest.raises(DataError, match="index"):
        cluster_bin_sums([1.0, 2.0, 3.0], bins, 2, np.array([0, 1, 2]), 2)


def test_numbers_of_clusters_of_a_small_type():
    rng = np.random.default_rng(0)
    cluster, index = rng.permutation(9000), rng.integers(0, 15, 9000)
    values = rng.normal(size=9000)
    small = cluster_bin_sums(values, cluster.astype(np.uint16), 9000, index, 15)
    assert np.array_equal(small, cluster_bin_sums(values, cluster, 9000, index, 15))
    assert np.array_equal(small.sum(axis=1), values[np.argsort(cluster)])
