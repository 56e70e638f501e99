import numpy as np
import pytest
from scipy.stats import qmc

from crosscal.calibration.statistics.halton import scrambled_halton


@pytest.mark.parametrize("points", [1, 2, 7, 400, 10_000])
def test_points_are_those_of_scipy_to_the_last_bit(points):
    for seed in range(5):
        mine, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
        found = scrambled_halton(points, mine)
        np.testing.assert_array_equal(found, qmc.Halton(2, rng=theirs).random(points))
        # What is drawn next is the same too.
        assert mine.random() == theirs.random()
        assert mine.spawn(1)[0].random() == theirs.spawn(1)[0].random()


def test_points_are_spread_evenly():
    found = scrambled_halton(432, np.random.default_rng(0))  # 2^4 * 3^3
    rows, columns = (found * [16, 27]).astype(int).T
    assert (np.bincount(rows * 27 + columns, minlength=432) == 1).all()
