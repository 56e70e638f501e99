"""Tails beyond the draws: an upper bound that falls, not a floor that stands."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from crosscal.calibration import two_sided_tail, upper_tail


def test_where_draws_reach_their_share_counts():
    draws = np.arange(1000.0)
    assert upper_tail(draws, 900.0) == pytest.approx(101 / 1001)
    assert upper_tail(draws, -1.0) == 1.0


@pytest.mark.parametrize("replicates", [100, 400, 2000])
@pytest.mark.parametrize("at", [3.5, 5.0, 9.0])
def test_normal_draws_are_bounded_from_above_on_average_of_logarithms(replicates, at):
    rng = np.random.default_rng(0)
    found = [upper_tail(rng.normal(size=replicates), at) for _ in range(200)]
    true = float(ndtr(-at))
    assert np.mean(np.log(found)) > np.log(true)
    # The floor that counting has, over the number of groups there may be.
    if at == 9.0:
        assert np.quantile(found, 0.99) < 0.05 / 200


@pytest.mark.parametrize("replicates", [100, 400, 1000])
@pytest.mark.parametrize("level", [1e-4, 1e-6])
def test_levels_are_held_beyond_exponential_draws(replicates, level):
    """How often a new draw falls beyond where the tail says `level`, exactly, over many tails."""
    rng = np.random.default_rng([3, replicates])
    beyond = []
    for _ in range(400):
        draws = rng.exponential(size=replicates)
        low, high = 0.0, 1000.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if upper_tail(draws, middle) > level else (low, middle)
        beyond.append(np.exp(-low))
    error = np.std(beyond) / np.sqrt(len(beyond))
    assert abs(np.mean(beyond) - level) < 3 * error + 0.1 * level


def test_the_tail_falls_and_never_reaches_zero():
    draws = np.random.default_rng(1).normal(size=400)
    found = [upper_tail(draws, at) for at in np.linspace(0, 60, 50)]
    assert (np.diff(found) <= 0).all()
    assert min(found) > 0


def test_draws_that_do_not_vary_are_counted():
    assert upper_tail(np.zeros(99), 1.0) == pytest.approx(0.01)
    assert upper_tail(np.zeros(99), 0.0) == 1.0


def test_a_normal_term_has_its_exact_tail():
    zero = np.zeros(500)
    for z in (0.5, 2.0, 6.0):
        exact = 2 * ndtr(-z)
        assert two_sided_tail(zero + z, zero + z, np.ones(500)) == pytest.approx(exact)
    # Half of the draws lack it: they count, the others have their tail.
    scale = np.repeat([0.0, 1.0], 250)
    low = np.full(500, 2.0)
    expected = 2 * (0.5 / 251 + 0.5 * ndtr(-2.0))
    assert two_sided_tail(low, low, scale) == pytest.approx(expected)


def test_a_lattice_is_counted_and_not_continued():
    # 20 nearly certain rows: almost every calibrated sample shows the same error.
    draws = np.random.default_rng(0).binomial(20, 0.0001, 400) / 20.0
    assert upper_tail(draws, 0.05) >= 1 / 401
    assert upper_tail(np.repeat([0.0, 0.1, 0.2], [390, 8, 2]), 0.4) == pytest.approx(1 / 401)


@pytest.mark.parametrize("scale", [1e-9, 0.05, 0.2])
def test_a_small_normal_term_does_not_make_the_p_value_smaller(scale):
    draws = np.random.default_rng(2).normal(4.0, 1.0, 2000)
    true = 2 * ndtr(-4.0 / np.hypot(1.0, scale))
    assert two_sided_tail(draws, draws, np.full(2000, scale)) >= 0.5 * true
