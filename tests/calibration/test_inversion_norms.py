"""True errors compatible with the observed one, in every norm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosscal.calibration import compatible_errors
from crosscal.calibration.norms import Peak, PositiveSum, Root, Sum

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


@pytest.mark.parametrize("norm", NORMS)
def test_the_true_error_and_its_noise_show_what_was_observed(norm):
    rng = np.random.default_rng(1)
    excess = np.array([0.05, -0.04, 0.03, 0.06])
    noise = rng.normal(size=(200, 4)) * 0.02
    errors = compatible_errors(excess, noise, None, norm)
    direction = excess + np.roll(noise, 100, axis=0)
    assert (errors > 0).mean() > 0.5
    for error, m, e in zip(errors, direction, noise, strict=True):
        if error > 0:
            shown = norm(error / norm(m) * m - e)
            assert float(shown) == pytest.approx(float(norm(excess)), abs=1e-9)
        else:
            assert norm(-e) >= norm(excess) or norm(m) == 0


@pytest.mark.parametrize("norm", NORMS)
def test_without_noise_the_true_error_is_the_observed(norm):
    excess = np.array([0.05, -0.04, 0.03, 0.06])
    errors = compatible_errors(excess, np.zeros((3, 4)), None, norm)
    np.testing.assert_allclose(errors, float(norm(excess)), rtol=1e-12)


def test_nothing_observed_means_nothing_true():
    noise = np.random.default_rng(0).normal(size=(5, 4))
    assert not compatible_errors(np.zeros(4), noise, None).any()


def test_shrinkage_turns_the_direction():
    excess, noise = np.array([0.3, 0.1]), np.array([[0.01, 0.0], [0.0, 0.01]])
    same = compatible_errors(excess, noise, np.eye(2))
    np.testing.assert_allclose(same, compatible_errors(excess, noise, None))
    # All of the direction in the first column: |t| + what the noise adds in the second.
    only = compatible_errors(excess, noise, np.diag([1.0, 0.0]))
    np.testing.assert_allclose(only, [0.4 + 0.01, 0.4 - 0.01])
