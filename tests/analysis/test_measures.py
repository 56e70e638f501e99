"""Differences and means of measures, and which errors may be zero."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis.measures import Measure, make_resample, mean_measure, measure_run
from crosscal.analysis.seeds import average_seeds
from crosscal.calibration import cluster_weights


def measure(value, low, high, **more):
    return Measure(value=value, low=np.array(low, float), high=np.array(high, float), **more)


def test_difference_takes_the_far_ends():
    found = measure(5, [4, 5], [6, 7]) - measure(2, [0, 1], [2, 3])
    assert found.value == 3
    assert found.low.tolist() == [4 - 2, 5 - 3]
    assert found.high.tolist() == [6 - 0, 7 - 1]
    assert found.noise_floor is None
    assert found.null is None


def test_mean():
    found = mean_measure(
        [
            measure(1, [0, 1], [1, 2], noise_floor=0.1, null=np.array([1.0, 2.0])),
            measure(3, [2, 3], [5, 6], noise_floor=0.3, null=np.array([3.0, 4.0])),
        ]
    )
    assert found.value == 2
    assert found.low.tolist() == [1, 2]
    assert found.high.tolist() == [3, 4]
    assert found.noise_floor == pytest.approx(0.2)
    assert found.null.tolist() == [2, 3]


def test_an_error_may_be_zero_up_to_the_edge_of_the_level():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(80), 3)
    gold = np.tile([0, 1, 2], 80)
    scores = rng.normal(size=(240, 3)) * 0.8
    scores[np.arange(240), gold] += 1
    scores /= 0.8**2 * 0.8  # the square alone would make their softmax right
    weights = cluster_weights(80, 400, rng)
    resample = make_resample(weights, cluster, rng.random((5, 240), dtype=np.float32))

    def error(level):
        found = measure_run({"en": scores}, {"en": gold}, resample, bins=15, level=level)
        return found["en"]["ece"]

    share = (error(0.95).null >= error(0.95).value).mean()
    assert 0.01 < share < 0.5
    edge = 1 - 2 * share
    assert not error(edge + 0.005).low.any()
    assert error(edge - 0.005).low.any()
    assert error(edge + 0.005).high.any()


def test_the_variance_of_sampling_is_taken_off_that_between_seeds():
    # Values 0, 1, 2: variance 1. Draws: seeds differ by variance 0.25 in each replicate.
    draws = [[-0.5, 0.5], [0.0, 0.0], [0.5, -0.5]]
    measures = [measure(v, d, d) for v, d in zip([0, 1, 2], draws, strict=True)]
    # Standard normal numbers, and chi-square ones over 2 degrees of freedom.
    pivots = np.array([[1.0, -2.0], [1.0, 0.5]])
    found = average_seeds(measures, pivots)
    # Drawn variances 1 / 1 and 1 / 0.5, less that of the items, over 3 seeds.
    expected = np.sqrt(np.array([0.75, 1.75]) / 3) * np.array([1.0, -2.0])
    np.testing.assert_allclose(found.high, expected, atol=1e-12)
    np.testing.assert_allclose(found.low, expected, atol=1e-12)
    assert found.value == 1


def test_seeds_that_differ_by_less_than_sampling_add_what_may_be_hidden():
    draws = [[-3.0, 3.0], [3.0, -3.0]]
    measures = [measure(v, d, d) for v, d in zip([0, 1], draws, strict=True)]
    # Variance 0.5 between seeds where the items alone explain 18.
    found = average_seeds(measures, np.array([[1.0, 1.0], [1.0, 0.01]]))
    np.testing.assert_allclose(found.high, [0, np.sqrt((0.5 / 0.01 - 18) / 2)])
