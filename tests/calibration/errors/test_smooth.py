"""Smooth ECE against numbers of relplot 1.0.3, the definition spelt out, and edge cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosscal.calibration import signed_gap, smooth_bandwidth, smooth_ece
from crosscal.exceptions import DataError, SettingsError

# Between the first and the last two points of the grid, where all rows weigh the same.
PAIRS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(arrays(float, n, elements=st.floats(0.001, 0.999)), arrays(bool, n))
)


def first_sample():
    rng = np.random.default_rng(7)
    confidence = rng.beta(5, 2, 300)
    return confidence, rng.random(300) < confidence**2


def second_sample():
    rng = np.random.default_rng(8)
    confidence = np.round(rng.random(4000), 2)
    return confidence, rng.random(4000) < confidence


def test_recorded_numbers_of_relplot():
    # relplot.smECE, and relplot.smECE_sigma at an even grid (3414 points) and at an odd one.
    assert smooth_ece(*first_sample()) == pytest.approx(0.1704208477367263, abs=1e-12)
    narrow = smooth_ece(*first_sample(), bandwidth=3 / 1024)
    assert narrow == pytest.approx(0.19343523090636675, abs=1e-12)
    wide = smooth_ece(*first_sample(), bandwidth=0.5)
    assert wide == pytest.approx(0.17062498296973364, abs=1e-12)


def test_recorded_bandwidth_of_relplot():
    assert smooth_ece(*second_sample()) == pytest.approx(0.015939491334542137, abs=1e-12)
    assert smooth_bandwidth(*second_sample()) == 0.017578125


def spelt_out(confidence, correct, bandwidth):
    """Sum over rows and grid points, the kernel reflected at both ends."""
    points = max(2000, round(20 / bandwidth)) // 2 + 1
    kernel_at = np.linspace(0, 1, points)
    at = np.linspace(0, 1, max(round(10 / bandwidth), 200))
    sums = np.zeros((2, points))
    for c, r in zip(confidence, confidence - correct, strict=True):
        low = min(int(c * (points - 1)), points - 2)
        share = c * (points - 1) - low
        sums[:, low] += (1 - share) * np.array([r, 1.0])
        sums[:, low + 1] += share * np.array([r, 1.0])
    smoothed = np.zeros((2, points))
    for image in (kernel_at, -kernel_at, 2 - kernel_at):
        # Neither end is reflected onto itself.
        own = image is kernel_at
        inside = slice(None) if own else slice(1, None) if image[-1] < 0 else slice(None, -1)
        distance = kernel_at[:, None] - image[inside]
        kernel = np.exp(-(distance**2) / (2 * bandwidth**2)) / np.sqrt(2 * np.pi) / bandwidth
        kernel[np.abs(distance) > 0.5 + 1e-9] = 0.0
        smoothed += sums[:, inside] @ kernel.T
    residual, density = (np.interp(at, kernel_at, each) for each in smoothed)
    return np.abs(residual).sum() / (density + 1e-4).sum()


@pytest.mark.parametrize("bandwidth", [0.02, 0.1, 0.5, 1.0])
def test_the_definition_spelt_out(bandwidth):
    confidence, correct = (each[:40] for each in first_sample())
    confidence = np.concatenate([confidence, [0.0, 1.0, 1.0]])
    correct = np.concatenate([correct, [0, 1, 0]])
    expected = spelt_out(confidence, correct, bandwidth)
    assert smooth_ece(confidence, correct, bandwidth=bandwidth) == pytest.approx(
        expected, abs=1e-11
    )


@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("n", [1, 5])
def test_ties_at_one_confidence_show_the_gap(confidence, n):
    for correct in (np.zeros(n), np.ones(n)):
        gap = abs(confidence - correct[0])
        # Less by what the floor under the density takes.
        assert smooth_ece(np.full(n, confidence), correct) == pytest.approx(gap, abs=1e-3)


def test_rows_at_the_very_ends_weigh_half():
    # As in relplot: reflection doubles every point of the grid but its first and its last.
    assert smooth_ece([0.5, 0.0], [0, 0]) == pytest.approx(0.5 / 1.5, abs=1e-3)
    assert smooth_ece([0.5, 0.01], [0, 0]) == pytest.approx(0.51 / 2, abs=1e-3)


def test_a_calibrated_sample_is_smoothed_least():
    confidence = np.tile([0.0, 1.0], 1000)
    assert smooth_ece(confidence, confidence) == 0.0
    assert smooth_bandwidth(confidence, confidence) == 2 / 1024


@settings(max_examples=25, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_bounds_and_the_order_of_rows(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    value = smooth_ece(*pair)
    assert smooth_ece(pair[0][order], pair[1][order]) == pytest.approx(value, abs=1e-12)
    assert value <= np.abs(pair[0] - pair[1]).mean() + 1e-3
    # All smoothed into one, only the gap is left; it is never less but for the discrete grid.
    assert value >= abs(signed_gap(*pair)) - 5e-3


def test_doubling_every_row_changes_nothing_but_what_the_floor_under_the_density_does():
    confidence, correct = first_sample()
    twice = smooth_ece(np.repeat(confidence, 2), np.repeat(correct, 2))
    assert twice == pytest.approx(smooth_ece(confidence, correct), abs=1e-6)


@pytest.mark.parametrize("bandwidth", [0.0, -0.1, 1.5, 1e-6, float("nan")])
def test_a_bandwidth_outside_its_range_is_refused(bandwidth):
    with pytest.raises(SettingsError):
        smooth_ece([0.5], [1], bandwidth=bandwidth)


def test_bad_input_is_refused():
    for confidence, correct in (([], []), ([1.2], [1]), ([0.5], [2]), ([np.nan], [1])):
        with pytest.raises(DataError):
            smooth_ece(confidence, correct)
