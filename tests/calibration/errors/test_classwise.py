"""Class-wise ECE, ACE and TACE."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.utils import get_equal_bins
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.calibration import ace, classwise_ece, ece, softmax, tace
from crosscal.exceptions import DataError, SettingsError

ERRORS = [classwise_ece, ace, tace]


def sample(n=900, k=4, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    scores = rng.normal(size=(n, k)) * 2
    scores[np.arange(n), gold] += 1.5
    return scores, gold


def plain(probabilities, gold, division, threshold=-1.0):
    """Class by class, bin by bin; `division` gives the upper edges of a class's bins."""
    total = 0.0
    for number in range(probabilities.shape[1]):
        kept = probabilities[:, number] > threshold
        column, right = probabilities[kept, number], gold[kept] == number
        lower = -np.inf
        for upper in division(column):
            inside = (column > lower) & (column <= upper)
            if inside.any():
                gap = abs(column[inside].mean() - right[inside].mean())
                total += gap * inside.sum() / len(column)
            lower = upper
    return total / probabilities.shape[1]


def test_classwise_ece_is_the_mean_over_classes_spelt_out():
    scores, gold = sample()
    expected = plain(softmax(scores), gold, lambda _: np.arange(1, 11) / 10)
    assert classwise_ece(scores, gold, bins=10) == pytest.approx(expected, abs=1e-12)


def test_adaptive_errors_over_the_bins_of_uncertainty_calibration():
    scores, gold = sample()
    probabilities = softmax(scores)

    def division(column):
        return get_equal_bins(list(column), num_bins=15)

    assert ace(scores, gold) == pytest.approx(plain(probabilities, gold, division), abs=1e-12)
    expected = plain(probabilities, gold, division, threshold=0.05)
    assert tace(scores, gold, threshold=0.05) == pytest.approx(expected, abs=1e-12)


def test_ranges_of_equal_mass_weigh_the_same_without_ties():
    scores, gold = sample(n=900)
    probabilities = softmax(scores)
    gaps = []
    for number, column in enumerate(probabilities.T):
        for part in np.array_split(np.argsort(column), 15):
            gaps.append(abs(column[part].mean() - (gold[part] == number).mean()))
    assert ace(scores, gold) == pytest.approx(np.mean(gaps), abs=1e-12)


def test_two_classes_mirror_each_other():
    scores, gold = sample(k=2)
    of_one = ece(softmax(scores)[:, 1], gold == 1, bins=1)
    assert classwise_ece(scores, gold, bins=1) == pytest.approx(of_one, abs=1e-12)


def test_a_threshold_of_zero_leaves_out_only_what_is_zero():
    scores, gold = sample()
    assert tace(scores, gold, threshold=0.0) == pytest.approx(ace(scores, gold), abs=1e-15)
    scores[:300, 0] = -np.inf
    gold = np.where((np.arange(len(gold)) < 300) & (gold == 0), 1, gold)
    assert tace(scores, gold, threshold=0.0) != pytest.approx(ace(scores, gold), abs=1e-6)


def test_classes_without_rows_above_the_threshold_add_nothing():
    assert tace([[0.9, 0.1]], [0], given="probabilities", threshold=0.5) == pytest.approx(0.05)
    assert tace([[0.5, 0.5]], [0], given="probabilities", threshold=0.6) == 0.0


@pytest.mark.parametrize("error", ERRORS)
def test_one_row_certain_and_right_or_wrong(error):
    sure = [[1.0, 0.0, 0.0]]
    assert error(sure, [0], given="probabilities") == 0.0
    # TACE does not look at probabilities of 0.
    wrong = 1 / 3 if error is tace else 2 / 3
    assert error(sure, [1], given="probabilities") == pytest.approx(wrong)
    assert error(sure, [-1], given="probabilities") == pytest.approx(1 / 3)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 10**6))
def test_neither_the_names_of_classes_nor_the_order_of_rows_matter(order, seed):
    scores, gold = sample(n=80, seed=seed)
    rows = np.random.default_rng(seed).permutation(len(gold))
    for error in ERRORS:
        expected = error(scores, gold)
        renamed = error(scores[:, order], np.argsort(order)[gold])
        assert renamed == pytest.approx(expected, abs=1e-12)
        assert error(scores[rows], gold[rows]) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_doubling_every_row_does_not_change_equal_width(seed):
    scores, gold = sample(n=50, seed=seed)
    twice = classwise_ece(np.repeat(scores, 2, axis=0), np.repeat(gold, 2))
    assert twice == pytest.approx(classwise_ece(scores, gold), abs=1e-12)


def test_doubling_every_row_changes_equal_mass_only_where_cuts_would_split_copies():
    scores, gold = sample(n=90)
    doubled = (np.repeat(scores, 2, axis=0), np.repeat(gold, 2))
    # 90 rows in 15 parts of 6, or 180 in 15 parts of 12: the same cuts.
    assert ace(*doubled) == pytest.approx(ace(scores, gold), abs=1e-12)
    assert ace(*doubled, bins=60) != pytest.approx(ace(scores, gold, bins=60), abs=1e-9)


@pytest.mark.parametrize("error", ERRORS)
def test_bad_input_is_refused(error):
    scores, gold = sample(n=5)
    with pytest.raises(DataError):
        error(scores, gold, given="probabilities")
    with pytest.raises(DataError):
        error(scores, gold + 4)
    with pytest.raises(SettingsError):
        error(scores, gold, given="logits")
    with pytest.raises(SettingsError):
        tace(scores, gold, threshold=1.0)
