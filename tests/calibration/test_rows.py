"""Going column by column changes no bit; nor does counting edges instead of searching."""

import numpy as np
import pytest

from crosscal.calibration import softmax, top_label
from crosscal.calibration.binning import make_bins
from crosscal.calibration.rows import row_argmax, row_max, row_sum


@pytest.fixture(params=[0.0, 1.0, 40.0, 1e4], ids="spread {:g}".format)
def spread(request):
    return request.param


@pytest.mark.parametrize("columns", [2, 3, 4, 7, 8, 13, 16, 31, 32, 33])
def test_rows_equal_numpy_to_the_bit(columns, spread):
    rng = np.random.default_rng(columns)
    values = np.round(rng.normal(size=(3000, columns)) * spread, 1)  # with ties
    values[rng.uniform(size=values.shape) < 0.1] = -np.inf
    values[:, -2:] = 0.0

    np.testing.assert_array_equal(row_max(values), values.max(axis=1))
    np.testing.assert_array_equal(row_argmax(values), values.argmax(axis=1))
    np.testing.assert_array_equal(row_sum(values), values.sum(axis=1))
    confidence, correct = top_label(values, np.zeros(3000, dtype=int))
    np.testing.assert_array_equal(confidence, softmax(values).max(axis=1))
    np.testing.assert_array_equal(correct, values.argmax(axis=1) == 0)


@pytest.mark.parametrize("columns", [0, 1, 7, 8, 15, 40])
def test_sums_are_those_of_numpy_however_rows_lie_in_memory(columns):
    values = np.exp(10 * np.random.default_rng(0).normal(size=(500, columns + 4)))
    for laid in (values[:, 2:-2].copy(), values[:, 2:-2], values[:, np.arange(2, columns + 2)]):
        np.testing.assert_array_equal(row_sum(laid), laid.sum(axis=1))


@pytest.mark.parametrize("edges", ["right", "left"])
@pytest.mark.parametrize("bins", [1, 5, 15, 32, 33])
@pytest.mark.parametrize("scheme", ["width", "mass"])
def test_many_rows_fall_in_the_bins_that_each_row_falls_in_alone(bins, edges, scheme):
    rng = np.random.default_rng(bins)
    division = make_bins(rng.beta(4, 2, size=500), bins=bins, edges=edges, scheme=scheme)
    on_edges = np.concatenate([division.upper, division.lower])
    beside = np.clip([np.nextafter(on_edges, -1), np.nextafter(on_edges, 2)], 0, 1).ravel()
    confidence = np.concatenate([rng.uniform(size=5000), on_edges, beside])

    alone = [int(division.index(each)[0]) for each in confidence[:, None]]
    np.testing.assert_array_equal(division.index(confidence), alone)
