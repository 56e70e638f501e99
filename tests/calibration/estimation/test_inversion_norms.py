"""True errors compatible with the observed one, in every norm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosscal.calibration import compatible_errors
from crosscal.calibration.estimation.inversion import other_noise, true_errors
from crosscal.calibration.estimation.norms import Peak, PositiveSum, Root, Sum

WEIGHT = np.array([1.0, 2.0, 0.5, 3.0])
NORMS = [Sum(), Root(WEIGHT), Peak(WEIGHT), PositiveSum(), PositiveSum(-1.0)]
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
    direction = excess + other_noise(noise)
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


def test_nothing_observed_means_nothing_true():
    noise = np.random.default_rng(0).normal(size=(5, 4))
    for norm in NORMS:
        for errors in true_errors(np.zeros(4), noise, other_noise(noise), norm):
            assert not errors.any()


def test_in_one_direction_there_are_two_ways_to_see_little():
    # Seen 0.1 with noise of 0.3 the same way: nothing true, or 0.4 the other way less the noise.
    noise = np.array([[0.3], [0.3]])
    least, greatest = true_errors(np.array([0.1]), noise, np.ones((2, 1)), Sum())
    np.testing.assert_allclose(least, 0.0)
    np.testing.assert_allclose(greatest, 0.4)


def test_shrinkage_turns_the_direction():
    excess, noise = np.array([0.3, 0.1]), np.array([[0.01, 0.0], [0.0, 0.01]])
    # All of the direction in the first column: |t| + what the noise adds in the second.
    only = compatible_errors(excess, noise, np.diag([1.0, 0.0]))
    np.testing.assert_allclose(only, [0.4 + 0.01, 0.4 - 0.01])
