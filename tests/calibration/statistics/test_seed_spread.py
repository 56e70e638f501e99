"""What the seed adds to the uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crosscal.calibration.statistics.seed_spread import seed_pivots, seed_shifts
from crosscal.exceptions import DataError, SettingsError


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_without_noise_of_items_it_is_students_t(seeds):
    values = np.random.default_rng(0).normal(size=seeds)
    shifts = seed_shifts(values, 0.0, seed_pivots(seeds, 200_000, np.random.default_rng(1)))
    expected = stats.t.ppf([0.1, 0.8, 0.95], seeds - 1) * stats.sem(values)
    np.testing.assert_allclose(np.quantile(shifts, [0.1, 0.8, 0.95]), expected, rtol=0.03)


def test_noise_of_items_is_taken_off_and_one_seed_says_nothing():
    pivots = seed_pivots(3, 5000, np.random.default_rng(0))
    values = [0.1, 0.2, 0.3]
    spread = [seed_shifts(values, within, pivots).std() for within in (0, 0.005, 0.01, 10)]
    assert spread == sorted(spread, reverse=True)
    # Even where the items explain the whole variance seen, the true one may be larger.
    assert spread[2] > 0
    assert not seed_shifts([0.3], 0.0, seed_pivots(1, 10, np.random.default_rng(0))).any()
    assert not seed_shifts([0.3] * 3, 0.0, pivots).any()


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_hold_the_mean_of_all_trainings(seeds):
    """Also where trainings vary twice as much as items, and where they do not vary."""
    rng = np.random.default_rng(2)
    pivots, noise = seed_pivots(seeds, 400, rng), rng.normal(size=400)
    for between in (0.0, 4.0):
        hits = []
        for _ in range(600):
            common, own = rng.normal(), rng.normal(size=seeds)
            values = np.sqrt(between) * rng.normal(size=seeds) + np.sqrt(0.5) * (common + own)
            sampling = np.sqrt(0.5 + 0.5 / seeds) * noise
            draws = values.mean() + sampling + seed_shifts(values, 0.5, pivots)
            low, high = np.quantile(draws, [0.025, 0.975])
            hits.append(low <= 0 <= high)
        assert np.mean(hits) > 0.92


def test_bad_input_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(SettingsError):
        seed_pivots(0, 10, rng)
    with pytest.raises(SettingsError):
        seed_pivots(3, 0, rng)
    with pytest.raises(DataError):
        seed_shifts([], 0.0, seed_pivots(3, 10, rng))
    with pytest.raises(DataError):
        seed_shifts([0.1, np.nan], 0.0, seed_pivots(2, 10, rng))
