import numpy as np
import pytest

from crosscal.calibration.rows import stable_order


@pytest.mark.parametrize("kind", ["different", "few values", "saturated", "one value"])
@pytest.mark.parametrize("n", [1, 50, 30_000])
def test_stable_order_is_that_of_a_stable_sort(kind, n):
    values = np.random.default_rng(n).random(n)
    if kind == "few values":
        values = np.round(values, 2)
    elif kind == "saturated":
        values = np.minimum(values * 2, 1.0)
    elif kind == "one value":
        values = np.zeros(n)
    assert (stable_order(values) == np.argsort(values, kind="stable")).all()
