"""Maximum, root mean square, one-sided and overconfident errors."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.utils import bin as reference_bin
from calibration.utils import get_equal_bins, plugin_ce, unbiased_l2_ce
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.calibration import calibration_curve

from crosscal.calibration import (
    bin_table,
    confident_error_rate,
    ece,
    ece_debiased,
    make_bins,
    mce,
    overconfidence,
    overconfident_errors,
    rmsce,
    rmsce_debiased,
    signed_gap,
    underconfidence,
)
from crosscal.exceptions import DataError, SettingsError

PAIRS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        arrays(
            float,
            n,
            elements=st.one_of(
                st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 0.2, 1 / 3, 2 / 3, 14 / 15])
            ),
        ),
        arrays(bool, n),
    )
)
RULES = st.fixed_dictionaries(
    {
        "bins": st.integers(1, 20),
        "edges": st.sampled_from(["right", "left"]),
        "scheme": st.sampled_from(["width", "mass"]),
    }
)
BINNED = [mce, rmsce, rmsce_debiased, overconfidence, underconfidence]


def sample(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 2, n)
    return confidence, rng.random(n) < confidence**1.4


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_root_mean_square_is_the_one_of_uncertainty_calibration(bins):
    confidence, correct = sample()
    rows = list(zip(confidence, correct.astype(int), strict=True))
    binned = reference_bin(rows, get_equal_bins(list(confidence), num_bins=bins))
    expected = plugin_ce(binned, power=2)
    assert rmsce(confidence, correct, bins=bins) == pytest.approx(expected, abs=1e-12)
    expected = unbiased_l2_ce(binned)
    assert rmsce_debiased(confidence, correct, bins=bins) == pytest.approx(expected, abs=1e-12)


def test_maximum_is_the_greatest_gap_of_the_calibration_curve():
    confidence, correct = sample()
    accuracy, mean = calibration_curve(correct, confidence, n_bins=15)
    assert mce(confidence, correct) == pytest.approx(np.abs(accuracy - mean).max(), abs=1e-12)


def test_one_bin_makes_all_of_them_the_gap():
    confidence, correct = sample(50)
    gap = signed_gap(confidence, correct)
    assert mce(confidence, correct, bins=1) == pytest.approx(abs(gap))
    assert rmsce(confidence, correct, bins=1) == pytest.approx(abs(gap))
    assert overconfidence(confidence, correct, bins=1) == pytest.approx(max(gap, 0))
    assert underconfidence(confidence, correct, bins=1) == pytest.approx(max(-gap, 0))


def test_a_single_row_and_a_bin_of_one_row():
    assert mce([0.7], [1]) == pytest.approx(0.3)
    assert rmsce([0.7], [1]) == pytest.approx(0.3)
    # The variance of one row is unknown: it adds nothing.
    assert rmsce_debiased([0.7], [1]) == 0.0
    assert mce([0.99] * 999 + [0.2], [1] * 1000) == pytest.approx(0.8)


@given(PAIRS, RULES)
def test_the_powers_are_ordered(pair, rules):
    first, second, greatest = (error(*pair, **rules) for error in (ece, rmsce, mce))
    assert -1e-12 <= first <= second + 1e-12
    assert second <= greatest + 1e-12
    assert greatest <= 1
    assert rmsce_debiased(*pair, **rules) <= second + 1e-12


@given(PAIRS, RULES)
def test_the_one_sided_parts_add_up_to_the_error_and_differ_by_the_gap(pair, rules):
    over, under = overconfidence(*pair, **rules), underconfidence(*pair, **rules)
    assert min(over, under) >= 0
    assert over + under == pytest.approx(ece(*pair, **rules), abs=1e-12)
    assert over - under == pytest.approx(signed_gap(*pair), abs=1e-12)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    for error in BINNED:
        assert error(pair[0][order], pair[1][order]) == pytest.approx(error(*pair), abs=1e-12)


@given(PAIRS)
def test_doubling_every_row_changes_the_debiased_error_alone(pair):
    # Equal width: the cuts of equal mass move when rows are doubled.
    twice = [np.repeat(each, 2) for each in pair]
    for error in (mce, rmsce, overconfidence, underconfidence):
        once = error(*pair, scheme="width")
        assert error(*twice, scheme="width") == pytest.approx(once, abs=1e-12)
    assert overconfident_errors(*twice) == pytest.approx(overconfident_errors(*pair))


def test_doubling_every_row_raises_the_debiased_error():
    # It takes half as much for noise, wrongly: the copies are not new rows.
    confidence, correct = sample(300)
    twice = (np.repeat(confidence, 2), np.repeat(correct, 2))
    once = rmsce_debiased(confidence, correct, scheme="width")
    assert once < rmsce_debiased(*twice, scheme="width") < rmsce(*twice, scheme="width")


def test_overconfident_errors_are_counted_by_hand():
    confidence = [0.95, 0.9, 0.9, 0.89, 1.0, 0.3]
    correct = [0, 1, 0, 0, 1, 0]
    assert overconfident_errors(confidence, correct) == pytest.approx(2 / 6)
    assert confident_error_rate(confidence, correct) == pytest.approx(2 / 4)
    assert overconfident_errors(confidence, correct, threshold=1.0) == 0.0
    assert overconfident_errors(confidence, correct, threshold=0.0) == pytest.approx(4 / 6)


def test_without_confident_rows_there_is_no_rate():
    assert overconfident_errors([0.3], [0]) == 0.0
    assert np.isnan(confident_error_rate([0.3], [0]))


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold):
    for function in (overconfident_errors, confident_error_rate):
        with pytest.raises(SettingsError):
            function([0.5], [1], threshold=threshold)


@pytest.mark.parametrize("error", BINNED)
def test_bad_input_is_refused(error):
    for confidence, correct in (([], []), ([1.2], [1]), ([0.5], [2]), ([np.nan], [1])):
        with pytest.raises(DataError):
            error(confidence, correct)
    with pytest.raises(SettingsError):
        error([0.5], [1], bins=0)


@pytest.mark.parametrize("clusters", [[0], [0, 1, 2], np.zeros((4, 1)), 0])
def test_clusters_of_another_length_are_refused(clusters):
    with pytest.raises(DataError, match="clusters have shape"):
        ece_debiased([0.6, 0.7, 0.8, 0.9], [1, 0, 1, 1], clusters=clusters)


@pytest.mark.parametrize("bins", [2.5, float("nan"), "15"])
def test_bins_are_a_whole_number(bins):
    for scheme in ("width", "mass"):
        with pytest.raises(SettingsError, match="bins"):
            make_bins([0.2, 0.4, 0.9], bins=bins, scheme=scheme)


def test_tables_of_other_edges_do_not_add_up():
    # A confidence on an edge lies in another bin of each.
    right, left = (
        bin_table([0.2], [1], make_bins([0.2], bins=5, edges=edges)) for edges in ("right", "left")
    )
    assert right.n.tolist() != left.n.tolist()
    with pytest.raises(SettingsError, match="different bins"):
        right + left


@pytest.mark.parametrize(
    ("confidence", "correct"), [([0.1, [0.2, 0.3]], [1, 0]), (["a", "b"], [1, 0]), ([0.1], ["x"])]
)
def test_what_is_no_array_of_numbers_is_refused(confidence, correct):
    with pytest.raises(DataError, match="not an array of numbers"):
        ece(confidence, correct)
