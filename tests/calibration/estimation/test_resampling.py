"""One draw for all: weights, the virtual row, Student's factor, thinning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, t

from crosscal.calibration import estimate_errors, resample_clusters
from crosscal.calibration.estimation.resampling import given_weights
from crosscal.exceptions import DataError, SettingsError


def test_weights_are_a_bootstrap():
    weights = resample_clusters(50, 4000, entropy=(0,)).weights
    assert (weights.sum(axis=1) == 50).all()
    assert weights.mean() == 1
    assert weights.var(axis=0).mean() == pytest.approx(1 - 1 / 50, rel=0.02)


def test_more_clusters_than_small_numbers_hold():
    weights = resample_clusters(70_000, 2, entropy=(0,)).weights
    assert (weights.sum(axis=1) == 70_000).all()


def accuracy(right, n, *, per_cluster=1, replicates=40_000):
    """Interval of the accuracy of so many right of n."""
    confidence = np.full(n, 0.9)
    gold = (np.arange(n) >= right).astype(int)
    found = estimate_errors(
        np.stack([confidence, 1 - confidence], axis=1),
        gold,
        cluster=np.arange(n) // per_cluster,
        resampling=resample_clusters(n // per_cluster, replicates, entropy=(1,)),
        given="probabilities",
        errors=[],
    )
    return found["accuracy"].interval(0.95)


@pytest.mark.parametrize("n", [25, 60])
def test_all_right_or_all_wrong_is_nearly_clopper_and_pearson(n):
    least = 0.025 ** (1 / n)
    low, high = accuracy(n, n)
    assert low == pytest.approx(least, abs=0.15 * (1 - least))
    assert high == 1.0
    low, high = accuracy(0, n)
    assert high == pytest.approx(1 - least, abs=0.15 * (1 - least))
    assert low == 0.0


def test_one_wrong_is_nearly_jeffreys():
    low, high = accuracy(39, 40)
    expected = beta.ppf([0.025, 0.975], 39.5, 1.5)
    assert (low, high) == pytest.approx(expected, abs=0.02)


def test_far_from_the_boundary_it_is_jeffreys():
    low, high = accuracy(600, 1000)
    expected = beta.ppf([0.025, 0.975], 600.5, 400.5)
    assert (low, high) == pytest.approx(expected, abs=0.002)


def test_where_nothing_varies_clusters_count_as_one():
    alone, grouped = accuracy(60, 60)[0], accuracy(60, 60, per_cluster=3)[0]
    assert 1 - grouped > 2 * (1 - alone)


def test_students_factor():
    drawn = resample_clusters(5, 200_000, entropy=(2,))
    normal = np.random.default_rng(0).normal(size=200_000)
    reach = np.quantile(np.abs(drawn.student(5) * normal) * np.sqrt(4 / 5), 0.95)
    assert reach == pytest.approx(t.ppf(0.975, 4), rel=0.02)


def test_virtual_rows_correlate_by_a_half_and_are_told_apart_by_name_and_number():
    drawn = resample_clusters(5, 50_000, entropy=(3,))
    (weight, one), (heavy, other) = drawn.virtual_row("en"), drawn.virtual_row("de")
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.5, abs=0.05)
    assert np.corrcoef(weight, heavy)[0, 1] == pytest.approx(0.43, abs=0.05)
    assert (weight.mean(), weight.std()) == pytest.approx((1, 1), abs=0.02)
    np.testing.assert_array_equal(one, drawn.virtual_row("en")[1])
    assert not np.array_equal(one, drawn.virtual_row("en", 1)[1])
    np.testing.assert_allclose(
        np.quantile(one, [0.1, 0.5, 0.9]), beta.ppf([0.1, 0.5, 0.9], 0.5, 0.5), atol=0.02
    )
    assert not drawn.virtual_row("en", mean=1.0)[1].any()
    assert drawn.virtual_row("en", mean=0.0)[1].all()


def test_thinned_parts_make_up_the_whole():
    drawn = resample_clusters(7, 12, entropy=(4,))
    parts = [drawn.thin(number, 3) for number in range(3)]
    whole = np.stack(drawn.virtual_row("en"))
    for number, part in enumerate(parts):
        np.testing.assert_array_equal(part.weights, drawn.weights[number::3])
        np.testing.assert_array_equal(np.stack(part.virtual_row("en")), whole[:, number::3])
        np.testing.assert_array_equal(part.student(7), drawn.student(7)[number::3])
    twice = drawn.thin(1, 2).thin(1, 3)
    np.testing.assert_array_equal(twice.weights, drawn.weights[3::6])
    np.testing.assert_array_equal(np.stack(twice.virtual_row("en")), whole[:, 3::6])


def test_bad_draws_are_refused():
    with pytest.raises(SettingsError):
        resample_clusters(3, 0, entropy=(0,))
    with pytest.raises(SettingsError):
        resample_clusters(0, 3, entropy=(0,))
    for wrong in (np.ones(3), -np.ones((2, 2)), np.full((2, 2), np.nan), np.ones((0, 2))):
        with pytest.raises(DataError):
            given_weights(wrong, entropy=(0,))
