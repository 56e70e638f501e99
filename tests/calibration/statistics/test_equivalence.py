"""Equivalence and non-inferiority, from draws whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from crosscal.calibration.statistics.equivalence import equivalence, non_inferiority
from crosscal.exceptions import DataError, SettingsError

NORMAL = norm.ppf((np.arange(20_000) + 0.5) / 20_000)


def test_p_value_is_that_of_two_one_sided_z_tests():
    for change, error in ((0.002, 0.004), (-0.006, 0.003), (0.0, 0.01)):
        draws = change + error * NORMAL
        found = equivalence(draws, draws, margin=0.01)
        expected = max(norm.cdf((change - 0.01) / error), norm.cdf((-0.01 - change) / error))
        assert found.p_value == pytest.approx(expected, abs=1e-3)
        z = norm.ppf(0.95)
        assert (found.low, found.high) == pytest.approx(
            (change - z * error, change + z * error), abs=1e-4
        )


@pytest.mark.parametrize(
    ("change", "error", "verdict"),
    [
        (0.0, 0.002, "within"),
        (0.0, 0.01, "inconclusive"),
        (0.009, 0.002, "inconclusive"),
        (0.03, 0.002, "beyond"),
        (-0.03, 0.002, "beyond"),
    ],
)
def test_verdicts(change, error, verdict):
    draws = change + error * NORMAL
    assert equivalence(draws, draws, margin=0.01).verdict == verdict


def test_a_gain_of_any_size_is_not_inferior():
    for change, verdict in ((-0.5, "within"), (0.0, "within"), (0.01, "inconclusive")):
        draws = change + 0.004 * NORMAL
        assert non_inferiority(draws, draws, margin=0.01).verdict == verdict
    worse = 0.05 + 0.004 * NORMAL
    found = non_inferiority(worse, worse, margin=0.01)
    assert (found.verdict, found.low) == ("beyond", -np.inf)
    assert found.p_value == pytest.approx(1.0, abs=1e-3)


def test_draws_that_may_be_zero_widen_the_interval():
    high = np.linspace(0.005, 0.03, 1000)
    found = equivalence(np.zeros(1000), high, margin=0.02)
    assert found.low == 0
    assert found.verdict == "inconclusive"


@given(st.integers(0, 10**6), st.floats(0.05, 3))
def test_verdict_p_value_and_interval_agree(seed, margin):
    rng = np.random.default_rng(seed)
    draws = rng.normal(rng.normal(), rng.uniform(0.1, 2), size=499)
    found, mirrored = (equivalence(d, d, margin=margin) for d in (draws, -draws))
    assert found.verdict == mirrored.verdict
    assert found.p_value == mirrored.p_value
    assert (found.low, found.high) == pytest.approx((-mirrored.high, -mirrored.low))
    if found.verdict == "within":
        assert found.p_value <= 0.05
        assert -margin < found.low <= found.high < margin
    if found.verdict == "beyond":
        assert found.low >= margin or found.high <= -margin
    wider = equivalence(draws, draws, margin=2 * margin)
    assert wider.p_value <= found.p_value
    one_sided = non_inferiority(draws, draws, margin=margin)
    assert one_sided.p_value <= found.p_value
    assert one_sided.high == found.high


def test_size_at_the_margin():
    """Where the change is just the margin, equivalence is claimed in one of twenty."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=400)
    claims = [
        equivalence(d, d, margin=1.0).verdict == "within"
        for d in (1.0 + 0.2 * rng.normal() + 0.2 * noise for _ in range(1000))
    ]
    assert np.mean(claims) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("margin", [0, -1, np.nan, np.inf])
def test_a_margin_must_be_above_zero(margin):
    with pytest.raises(SettingsError):
        equivalence(NORMAL, NORMAL, margin=margin)
    with pytest.raises(SettingsError):
        non_inferiority(NORMAL, NORMAL, margin=margin)


@pytest.mark.parametrize("alpha", [0, 0.5, 1, np.nan])
def test_alpha_is_a_small_share(alpha):
    with pytest.raises(SettingsError):
        equivalence(NORMAL, NORMAL, margin=1.0, alpha=alpha)


def test_draws_must_be_numbers():
    with pytest.raises(DataError):
        equivalence(np.array([]), np.array([]), margin=1.0)
    with pytest.raises(DataError):
        non_inferiority(NORMAL, np.array([np.nan]), margin=1.0)
