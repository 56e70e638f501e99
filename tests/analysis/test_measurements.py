"""Intervals cannot leave what a measure, or a difference of its values, can be."""

import numpy as np
import pytest

from crosscal.analysis.measurements import possible_interval
from crosscal.analysis.measures import Measure


@pytest.mark.parametrize(
    ("quantity", "metric", "expected"),
    [
        ("level", "ece", (0, 1)),
        ("degradation", "ece", (-1, 1)),
        ("gain", "ece", (-1, 1)),
        ("effect", "ece", (-2, 2)),
        ("level", "gap", (-1, 1)),
        ("effect", "gap", (-4, 4)),
        ("level", "nll", (0, 50)),
        ("effect", "nll", (-50, 50)),
    ],
)
def test_wide_draws_are_cut_at_what_can_be(quantity, metric, expected):
    wide = Measure(value=0.1, low=np.full(9, -50.0), high=np.full(9, 50.0))
    found = possible_interval(wide, quantity=quantity, metric=metric, level=0.95)
    assert found == expected


def test_narrow_draws_are_left_alone():
    narrow = Measure(value=0.1, low=np.full(9, -0.3), high=np.full(9, 0.4))
    found = possible_interval(narrow, quantity="degradation", metric="ece", level=0.95)
    assert found == (-0.3, 0.4)
