"""Adjusted p-values, against scipy and the definitions written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from crosscal.calibration.statistics.multiplicity import benjamini_hochberg, holm
from crosscal.exceptions import DataError

P_VALUES = st.lists(
    st.one_of(st.sampled_from([0.0, 0.01, 0.05, 1.0]), st.floats(0, 1)), min_size=1, max_size=6
)


def closed_testing(p_values):
    """Adjust by closing Bonferroni tests over every subset: what Holm is a shortcut for."""
    numbers = range(len(p_values))
    subsets = [s for size in numbers for s in combinations(numbers, size + 1)]
    each = {s: min(1.0, len(s) * min(p_values[i] for i in s)) for s in subsets}
    return [max(p for s, p in each.items() if i in s) for i in numbers]


@given(P_VALUES)
def test_holm_is_closed_bonferroni(p_values):
    np.testing.assert_allclose(holm(p_values), closed_testing(p_values), rtol=1e-12)


@given(P_VALUES)
def test_benjamini_hochberg_is_scipys(p_values):
    expected = false_discovery_control(p_values, method="bh")
    np.testing.assert_allclose(benjamini_hochberg(p_values), expected, rtol=1e-12)


@given(P_VALUES, st.integers(0, 100))
def test_order_does_not_matter_and_holm_is_the_stricter(p_values, seed):
    order = np.random.default_rng(seed).permutation(len(p_values))
    values = np.array(p_values)
    for adjust in (holm, benjamini_hochberg):
        np.testing.assert_array_equal(adjust(values[order]), adjust(values)[order])
        assert (adjust(values) >= values).all()
    assert (holm(values) >= benjamini_hochberg(values) - 1e-15).all()


def test_ties_stay_ties_and_none_is_none():
    assert holm([0.02, 0.02, 0.5]).tolist() == pytest.approx([0.06, 0.06, 0.5])
    assert benjamini_hochberg([0.02, 0.02, 0.5]).tolist() == pytest.approx([0.03, 0.03, 0.5])
    for adjust in (holm, benjamini_hochberg):
        assert adjust([]).shape == (0,)
        assert adjust([0.3]).tolist() == [0.3]


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize(
    "wrong", [[0.1, None], [0.1, np.nan], [1.1], [-0.1], ["a"], [[0.1]], 0.1, [np.inf]]
)
def test_what_is_no_p_value_is_refused(adjust, wrong):
    with pytest.raises(DataError):
        adjust(wrong)


def test_the_place_is_named():
    with pytest.raises(DataError, match="p_values, 1"):
        holm([0.1, None, 0.2])
