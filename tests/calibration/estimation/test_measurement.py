"""Differences and means of measurements, their intervals and p-values."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.calibration import Measurement, PerfectCalibration, mean_measurement
from crosscal.calibration.estimation.measurement import pool_draws
from crosscal.exceptions import DataError


def made(value, low, high, span=(0.0, 10.0), **more):
    return Measurement(
        value=value, draws_low=np.array(low, float), draws_high=np.array(high, float), span=span,
        **more,
    )  # fmt: skip


def null(observed, calibrated, noise):
    return PerfectCalibration(
        observed=observed, calibrated=np.array(calibrated), noise=np.array(noise), dependent=False
    )


def test_difference_takes_the_far_ends():
    found = made(5, [4, 5], [6, 7]) - made(2, [0, 1], [2, 3])
    assert found.value == 3
    assert found.draws_low.tolist() == [4 - 2, 5 - 3]
    assert found.draws_high.tolist() == [6 - 0, 7 - 1]
    assert found.span == (-10, 10)
    assert found.noise_floor is None
    assert found.null is None


def test_mean():
    found = mean_measurement(
        [
            made(1, [0, 1], [1, 2], noise_floor=0.1, null=null(1.0, [1.0, 2.0], [0.0])),
            made(3, [2, 3], [5, 6], noise_floor=0.3, null=null(2.0, [3.0, 4.0], [1.0])),
        ]
    )
    assert found.value == 2
    assert found.draws_low.tolist() == [1, 2]
    assert found.draws_high.tolist() == [3, 4]
    assert found.noise_floor == pytest.approx(0.2)
    assert found.null.observed == 1.5
    assert found.null.calibrated.tolist() == [2, 3]
    # Items are shared by what is averaged.
    assert found.null.dependent


@pytest.mark.parametrize(
    ("span", "expected"), [((0, 1), (0, 1)), ((-1, 1), (-1, 1)), ((-4, 4), (-4, 4))]
)
def test_wide_draws_are_cut_at_what_can_be(span, expected):
    wide = made(0.1, np.full(9, -50.0), np.full(9, 50.0), span=span)
    assert wide.interval(0.95) == expected


def test_a_mean_lies_in_its_interval_and_an_error_need_not():
    draws = np.full(9, 0.3)
    assert made(0.5, draws, draws).interval(0.95) == (0.3, 0.5)
    assert made(0.5, draws, draws, inside=False).interval(0.95) == (0.3, 0.3)


def test_trainings_widen_the_interval_and_the_p_value():
    rng = np.random.default_rng(0)
    draws = rng.normal(3.0, 1.0, 2000)
    plain = made(3.0, draws, draws, span=(-99, 99))
    wide = plain.between_seeds(np.full(2000, 3.0), rng.normal(size=2000))
    assert wide.interval(0.95)[0] < 0 < plain.interval(0.95)[0]
    assert plain.p_value() < 0.01 < wide.p_value()


def test_infinite_draws():
    draws = np.array([1.0, 2.0, np.inf, np.inf])
    found = made(np.inf, draws, draws, span=(0.0, np.inf))
    assert found.interval(0.5)[1] == np.inf
    assert not found.known


def test_pooled_draws_take_turns():
    one = made(1.0, [1, 2], [1, 2])
    two = made(3.0, [5, 6], [5, 6])
    found = pool_draws([one, two], level=0.95)
    assert found.value == 2
    assert found.draws_low.tolist() == [1, 5, 2, 6]
    widened = pool_draws([one, two], level=0.95, finite_pool_factor=2.0)
    assert widened.draws_low.tolist() == [0, 6, 1, 7]


def test_pooled_errors_may_be_zero_together():
    clear = made(0.5, [0.4, 0.5], [0.4, 0.5], inside=False, null=null(0.5, [0.1], [0.1, 0.1]))
    assert pool_draws([clear, clear], level=0.95).draws_low.all()
    hidden = made(0.5, [0.4, 0.5], [0.4, 0.5], inside=False, null=null(0.5, [0.1], [0.9, 0.1]))
    assert not pool_draws([clear, hidden], level=0.95).draws_low.any()


def test_draws_of_other_resamplings_are_not_subtracted():
    with pytest.raises(DataError, match="draws"):
        made(1.0, [1, 2], [1, 2]) - made(1.0, [1, 2, 3], [1, 2, 3])
