"""True errors compatible with the observed one, in every norm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosscal.calibration.estimation.inversion import shifted_noise, true_errors
from crosscal.calibration.estimation.norms import L1, L2, Max, Positive

WEIGHT = np.array([1.0, 2.0, 0.5, 3.0])
NORMS = [L1(), L2(WEIGHT), Max(WEIGHT), Positive(), Positive(-1.0)]
VECTORS = arrays(float, 4, elements=st.floats(-1, 1))


def test_lengths_by_hand():
    vector = np.array([0.1, -0.2, 0.0, 0.3])
    lengths = [float(norm(vector)) for norm in NORMS]
    squares = 0.01 + 2 * 0.04 + 3 * 0.09
    assert lengths == pytest.approx([0.6, np.sqrt(squares), 0.9, 0.4, 0.2])


@pytest.mark.parametrize("norm", NORMS)
@given(VECTORS, VECTORS, st.floats(0, 3))
def test_they_are_convex_and_grow_in_proportion(norm, a, b, factor):
    assert float(norm(factor * a)) == pytest.approx(factor * float(norm(a)), abs=1e-9)
    assert float(norm(a + b)) <= float(norm(a)) + float(norm(b)) + 1e-9


@pytest.mark.parametrize("norm", NORMS)
def test_slopes_are_differences(norm):
    rng = np.random.default_rng(0)
    at, direction = rng.normal(size=(2, 50, 4))
    step = 1e-7
    expected = (norm(at + step * direction) - norm(at - step * direction)) / (2 * step)
    np.testing.assert_allclose(norm.slope(at, direction), expected, atol=1e-5)


def roots(direction, noise, norm, observed):
    """All t at which the norm of t direction - noise is the observed, by search."""
    t = np.linspace(0, 60, 120_001)
    away = norm(t[:, None] * direction - noise) - observed
    crossing = np.flatnonzero(np.sign(away[1:]) * np.sign(away[:-1]) < 0)
    return t[crossing]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("scale", [0.01, 0.04])
def test_the_greatest_true_error_is_the_last_that_shows_what_was_observed(norm, scale):
    rng = np.random.default_rng(1)
    excess = np.array([0.05, -0.04, 0.03, 0.06])
    noise = rng.normal(size=(60, 4)) * scale
    direction = excess + shifted_noise(noise)
    least, greatest = true_errors(excess, noise, direction, norm)
    observed = float(norm(excess))
    for low, high, m, e in zip(least, greatest, direction, noise, strict=True):
        length = float(norm(m))
        if high > 0:
            assert float(norm(high / length * m - e)) == pytest.approx(observed, abs=1e-9)
        expected = roots(m, e, norm, observed)
        found = expected[-1] * length if expected.size else 0.0
        assert high == pytest.approx(found, abs=1e-3 * length + 1e-9)
        assert low == (high if norm(-e) < observed else 0.0)


@pytest.mark.parametrize("norm", NORMS)
def test_without_noise_the_true_error_is_the_observed(norm):
    excess = np.array([0.05, -0.04, 0.03, 0.06])
    nothing = np.zeros((3, 4))
    for errors in true_errors(excess, nothing, excess + nothing, norm):
        np.testing.assert_allclose(errors, float(norm(excess)), rtol=1e-12)


def test_where_nothing_was_observed_the_noise_may_hide_something():
    noise = np.random.default_rng(0).normal(size=(5, 4))
    for norm in NORMS:
        least, greatest = true_errors(np.zeros(4), noise, shifted_noise(noise), norm)
        assert not least.any()
        np.testing.assert_array_equal(greatest, norm(-noise))


def test_in_one_direction_there_are_two_ways_to_see_little():
    # Seen 0.1 with noise of 0.3 the same way: nothing true, or 0.4 the other way less the noise.
    noise = np.array([[0.3], [0.3]])
    least, greatest = true_errors(np.array([0.1]), noise, np.ones((2, 1)), L1())
    np.testing.assert_allclose(least, 0.0)
    np.testing.assert_allclose(greatest, 0.4)


def test_shrinkage_turns_the_direction():
    excess, noise = np.array([0.3, 0.1]), np.array([[0.01, 0.0], [0.0, 0.01]])
    # All of the direction in the first column: |t| + what the noise adds in the second.
    direction = (excess + shifted_noise(noise)) @ np.diag([1.0, 0.0]).T
    for only in true_errors(excess, noise, direction, L1()):
        np.testing.assert_allclose(only, [0.4 + 0.01, 0.4 - 0.01])


@given(st.integers(0, 200))
def test_sums_of_true_errors_solve_their_equation(seed):
    rng = np.random.default_rng(seed)
    bins = int(rng.integers(1, 12))
    excess, noise = rng.normal(size=bins), rng.normal(size=(40, bins)) * rng.uniform(0.01, 2)
    direction = excess + np.roll(noise, 20, axis=0)
    least, greatest = true_errors(excess, noise, direction, L1())
    observed, alone = np.abs(excess).sum(), np.abs(noise).sum(axis=1)
    assert (least[alone >= observed] == 0).all()
    solved = alone < observed
    np.testing.assert_array_equal(least[solved], greatest[solved])
    scale = least / np.abs(direction).sum(axis=1)
    shown = np.abs(scale[:, None] * direction - noise).sum(axis=1)
    np.testing.assert_allclose(shown[solved], observed, rtol=1e-9)
