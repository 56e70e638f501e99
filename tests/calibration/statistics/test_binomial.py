import numpy as np
import pytest
from scipy.stats import binom

from crosscal.calibration.statistics.binomial import binomial_quantile


@pytest.mark.parametrize("share", [0.005, 0.025, 0.05, 0.95, 0.975, 0.995])
def test_quantiles_are_those_of_scipy(share):
    rng = np.random.default_rng(0)
    n = np.exp(rng.uniform(0.0, np.log(1e6), 3000)).astype(int)
    near = 10 ** rng.uniform(-12.0, -1.0, 3000)  # to 0 and to 1, where confidences are
    p = np.choose(np.arange(3000) % 3, [rng.random(3000), near, 1.0 - near])
    np.testing.assert_array_equal(binomial_quantile(share, n, p), binom.ppf(share, n, p))


def test_certain_rows_have_certain_counts():
    tails = np.array([0.025, 0.975])
    assert binomial_quantile(tails, 7, 0.0).tolist() == [0, 0]
    assert binomial_quantile(tails, 7, 1.0).tolist() == [7, 7]
