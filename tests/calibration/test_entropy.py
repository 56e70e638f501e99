"""Entropy against scipy, and its gap to the likelihood against fitted temperatures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from crosscal.calibration import TemperatureScaling, nll, softmax
from crosscal.calibration.entropy import (
    entropy_gap,
    entropy_gap_rows,
    entropy_rows,
    mean_entropy,
    mean_normalised_entropy,
    normalised_entropy_rows,
)
from crosscal.exceptions import DataError, SettingsError


def drawn(seed, n=200, k=4, scale=2.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) * scale, rng.integers(0, k, n)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_scipy(k):
    scores, _ = drawn(k, k=k)
    expected = scipy_entropy(softmax(scores), axis=1)
    np.testing.assert_allclose(entropy_rows(scores), expected, atol=1e-12)
    np.testing.assert_allclose(
        entropy_rows(softmax(scores), given="probabilities"), expected, atol=1e-12
    )
    np.testing.assert_allclose(normalised_entropy_rows(scores), expected / np.log(k), atol=1e-12)
    assert mean_entropy(scores) == pytest.approx(expected.mean())
    assert mean_normalised_entropy(scores) == pytest.approx(expected.mean() / np.log(k))


def test_edges():
    assert entropy_rows([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]]).tolist() == pytest.approx(
        [0, np.log(3)], abs=1e-15
    )
    certain = entropy_rows([[1.0, 0.0]], given="probabilities")
    assert certain.tolist() == [0]
    assert not np.signbit(certain).any()
    assert not np.signbit(entropy_rows([[1e4, 0.0]])).any()


def test_choices_that_are_not_there():
    scores = [[0.0, -np.inf, 0.0], [0.0, 0.0, 0.0]]
    assert entropy_rows(scores).tolist() == pytest.approx([np.log(2), np.log(3)])
    assert normalised_entropy_rows(scores).tolist() == pytest.approx([1, 1])
    given = normalised_entropy_rows([[0.5, 0.0, 0.5]], given="probabilities")
    assert given.tolist() == pytest.approx([np.log(2) / np.log(3)])


@settings(max_examples=30)
@given(st.integers(0, 999), st.floats(0.1, 4))
def test_gap_is_the_slope_of_the_likelihood_in_the_temperature(seed, scale):
    scores, gold = drawn(seed, n=30, scale=scale)
    step = 1e-5
    slope = (nll(scores * np.exp(step), gold) - nll(scores * np.exp(-step), gold)) / (2 * step)
    assert entropy_gap(scores, gold) == pytest.approx(slope, abs=1e-6)


def test_gap_vanishes_at_the_best_temperature_and_tells_its_side():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(500, 3))
    gold = (softmax(scores).cumsum(axis=1) < rng.random((500, 1))).sum(axis=1)
    scaling = TemperatureScaling().fit(scores, gold)
    assert entropy_gap(scaling.transform(scores), gold) == pytest.approx(0, abs=1e-10)
    assert entropy_gap(scaling.transform(scores) * 2, gold) > 0.01
    assert entropy_gap(scaling.transform(scores) / 2, gold) < -0.01


def test_gap_is_a_mean_of_rows():
    scores, gold = drawn(1)
    rows = entropy_gap_rows(scores, gold)
    assert rows.shape == (200,)
    assert entropy_gap(scores, gold) == pytest.approx(rows.mean())
    assert entropy_gap(scores, gold) == pytest.approx(nll(scores, gold) - mean_entropy(scores))
    assert entropy_gap([[1.0, 0.0]], [1], given="probabilities") == np.inf


def test_bad_input():
    with pytest.raises(SettingsError, match="given as 'logits'"):
        mean_entropy([[0.0, 1.0]], given="logits")
    with pytest.raises(DataError, match="sum to 1.1"):
        mean_entropy([[0.5, 0.6]], given="probabilities")
    with pytest.raises(DataError, match="gold is -1"):
        entropy_gap([[0.0, 1.0]], [-1])
