import numpy as np
import pytest
from scipy.special import chdtri
from scipy.stats import chi2

from crosscal.calibration.estimation.near_student import (
    RELATIVE_ERROR,
    near_factor,
    polynomials,
    stretched_ends,
)
from crosscal.calibration.statistics.intervals import quantile_interval


@pytest.mark.parametrize("clusters", [6.0, 6.5, 9, 40, 41, 1000, 1e7])
def test_the_factor_is_near(clusters):
    uniform = np.random.default_rng(0).random(20_000)
    exact = np.sqrt(clusters / chi2.isf(uniform, clusters - 1))
    near = near_factor(clusters, uniform, polynomials(uniform))
    assert np.abs(near / exact - 1).max() < RELATIVE_ERROR / 100


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("step", [0.0, 0.05])
def test_intervals_have_the_bits_of_exact_draws(level, step):
    rng = np.random.default_rng(1)
    for clusters in (6, 17, 40, 333):
        uniform, deviation = rng.random(500), rng.normal(size=500)
        if step:  # many ties
            deviation = np.round(deviation / step) * step
        mean = float(rng.random())
        exact = deviation * np.sqrt(clusters / chdtri(clusters - 1, uniform)) + mean
        near = stretched_ends(deviation, mean, clusters, uniform, polynomials(uniform), level)
        assert quantile_interval(near, near, level) == quantile_interval(exact, exact, level)
