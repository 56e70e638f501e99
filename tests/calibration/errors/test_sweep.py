"""ECE with the greatest number of bins that keeps accuracy rising."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosscal.calibration import ece, ece_sweep, make_bins, signed_gap, sweep_bins
from crosscal.exceptions import DataError, SettingsError

PAIRS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        arrays(float, n, elements=st.floats(0, 1)),
        arrays(bool, n),
    )
)


def rising(confidence, correct, bins):
    """Whether the accuracy of bins with rows never falls."""
    index = bins.index(confidence)
    accuracy = [correct[index == b].mean() for b in range(len(bins)) if (index == b).any()]
    return all(b - a >= -1e-12 for a, b in pairwise(accuracy))


@pytest.mark.parametrize("scheme", ["mass", "width"])
@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_the_first_number_of_bins_that_breaks_the_order_ends_the_sweep(scheme, pair):
    confidence, correct = pair
    expected, limit = 1, len(confidence) if scheme == "mass" else 60
    while expected < limit and rising(
        *pair, make_bins(confidence, bins=expected + 1, scheme=scheme)
    ):
        expected += 1
    found = sweep_bins(confidence, correct, scheme=scheme, most=limit)
    assert np.array_equal(found.upper, make_bins(confidence, bins=expected, scheme=scheme).upper)
    assert ece_sweep(confidence, correct, scheme=scheme, most=limit) == pytest.approx(
        ece(confidence, correct, bins=expected, scheme=scheme), abs=1e-12
    )


def test_by_hand():
    # Two bins: accuracies 1/2 and 1/2; three: 1/2, 0, 1; so two it is.
    confidence, correct = [0.1, 0.2, 0.6, 0.8], np.array([0, 1, 0, 1])
    assert len(sweep_bins(confidence, correct)) == 2
    assert ece_sweep(confidence, correct) == pytest.approx((0.7 + 0.4) / 4)


def test_falling_accuracy_leaves_one_bin():
    confidence, correct = np.linspace(0.1, 0.9, 50), np.arange(50) < 25
    expected = abs(signed_gap(confidence, correct))
    assert ece_sweep(confidence, correct) == pytest.approx(expected)


def test_sorted_outcomes_go_to_the_end():
    confidence, correct = np.linspace(0.0, 1.0, 40), np.arange(40) >= 20
    assert len(sweep_bins(confidence, correct)) == 40
    expected = np.abs(confidence - correct).mean()
    assert ece_sweep(confidence, correct) == pytest.approx(expected)
    assert len(sweep_bins(confidence, correct, most=7)) == 7


@pytest.mark.parametrize("scheme", ["mass", "width"])
def test_all_right_all_tied_or_one_row(scheme):
    assert ece_sweep([0.7, 0.8, 0.8], [1, 1, 1], scheme=scheme) == pytest.approx(0.7 / 3)
    assert ece_sweep([0.6] * 5, [1, 0, 0, 1, 1], scheme=scheme) == pytest.approx(0.0, abs=1e-15)
    assert ece_sweep([1.0], [0], scheme=scheme) == 1.0
    assert ece_sweep([0.0], [0], scheme=scheme) == 0.0


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_the_gap_is_the_least_it_can_be(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    for scheme in ("mass", "width"):
        value = ece_sweep(*pair, scheme=scheme)
        again = ece_sweep(pair[0][order], pair[1][order], scheme=scheme)
        assert again == pytest.approx(value, abs=1e-12)
        assert value >= abs(signed_gap(*pair)) - 1e-12


def test_bad_input_is_refused():
    with pytest.raises(SettingsError):
        ece_sweep([0.5], [1], most=0)
    with pytest.raises(SettingsError):
        ece_sweep([0.5], [1], scheme="depth")
    with pytest.raises(DataError):
        ece_sweep([], [])
