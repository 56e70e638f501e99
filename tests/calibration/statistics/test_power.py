"""Detectable effects and power, against closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from crosscal.calibration.statistics.power import (
    clusters_needed,
    detectable_effect,
    detectable_shift,
    power_of,
    power_of_shift,
)
from crosscal.exceptions import DataError, SettingsError

NORMAL = norm.ppf((np.arange(20_000) + 0.5) / 20_000)


def test_the_textbook_multiple():
    assert detectable_effect(1.0) == pytest.approx(1.959964 + 0.841621, abs=1e-6)
    assert detectable_effect(0.0) == 0


@given(st.floats(1e-3, 10), st.floats(0.5, 0.99), st.floats(0.6, 0.99))
def test_power_at_the_detectable_effect(error, power, level):
    effect = detectable_effect(error, level=level, power=power)
    other_side = norm.cdf(-2 * norm.ppf((1 + level) / 2) - norm.ppf(power))
    assert power_of(effect, error, level=level) == pytest.approx(power + other_side, abs=1e-9)
    assert power_of(-effect, error, level=level) == power_of(effect, error, level=level)


def test_power_of_nothing_is_the_size():
    assert power_of(0.0, 1.0) == pytest.approx(0.05)
    assert power_of(0.0, 0.0) == pytest.approx(0.05)
    assert power_of(0.1, 0.0) == 1


def test_power_is_the_share_of_studies_that_see_it():
    rng = np.random.default_rng(0)
    estimates = 0.5 + 0.25 * rng.normal(size=200_000)
    seen = np.abs(estimates) > norm.ppf(0.975) * 0.25
    assert power_of(0.5, 0.25) == pytest.approx(seen.mean(), abs=0.005)


@given(st.floats(1e-3, 1), st.integers(2, 5000), st.floats(1e-3, 1))
def test_clusters_needed_are_just_enough(error, clusters, effect):
    needed = clusters_needed(effect, error, clusters)
    enough = detectable_effect(error * np.sqrt(clusters / needed))
    assert enough <= effect * (1 + 1e-6) or needed == 2
    if needed > 2:
        assert detectable_effect(error * np.sqrt(clusters / (needed - 1))) > effect * (1 - 1e-6)


def test_clusters_needed_now_are_those_at_hand():
    assert clusters_needed(detectable_effect(0.01), 0.01, 400) == 400
    assert clusters_needed(-detectable_effect(0.01) / 2, 0.01, 400) == 1600


def test_shift_of_normal_draws_is_the_closed_form():
    below, above = detectable_shift(3.0 + 0.5 * NORMAL)
    assert above == pytest.approx(detectable_effect(0.5), rel=1e-3)
    assert below == pytest.approx(-above, rel=1e-6)
    for effect in (0.0, 0.7, -1.4):
        found = power_of_shift(3.0 + 0.5 * NORMAL, effect)
        assert found == pytest.approx(power_of(effect, 0.5), abs=2e-3)


@given(st.integers(0, 10**6))
def test_power_at_the_detectable_shift(seed):
    rng = np.random.default_rng(seed)
    draws = rng.gamma(2.0, size=1001) * rng.choice([-1, 1])
    below, above = detectable_shift(draws, power=0.8)
    assert below < 0 < above
    for effect in (below, above):
        assert power_of_shift(draws, effect) == pytest.approx(0.8, abs=0.01)


def test_draws_without_spread_show_anything():
    assert detectable_shift(np.full(50, 2.0)) == (0.0, 0.0)


@pytest.mark.parametrize("level", [0, 1, np.nan])
def test_levels_are_shares(level):
    with pytest.raises(SettingsError):
        power_of(1.0, 1.0, level=level)


@pytest.mark.parametrize("power", [0.4, 1.0, np.nan])
def test_power_is_a_share(power):
    with pytest.raises(SettingsError):
        detectable_effect(1.0, power=power)
    with pytest.raises(SettingsError):
        detectable_shift(NORMAL, power=power)


def test_what_makes_no_sense_is_refused():
    for wrong in (
        lambda: detectable_effect(-1.0),
        lambda: detectable_effect(np.nan),
        lambda: clusters_needed(0.0, 1.0, 10),
        lambda: clusters_needed(np.nan, 1.0, 10),
        lambda: clusters_needed(1.0, 1.0, 1),
    ):
        with pytest.raises(SettingsError):
            wrong()
    with pytest.raises(DataError):
        detectable_shift(np.array([]))


def test_effects_that_are_no_numbers_or_beyond_any_sample():
    for standard_error in (0.0, 0.1):
        with pytest.raises(SettingsError, match="effect"):
            power_of(float("nan"), standard_error)
    with pytest.raises(SettingsError, match="effect"):
        power_of_shift(np.arange(9.0), float("nan"))
    for effect in (1e-200, 5e-324):
        with pytest.raises(SettingsError, match="no number of clusters"):
            clusters_needed(effect, 0.01, 100)
