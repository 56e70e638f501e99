"""Which probability is judged, and against what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscal.calibration import outcomes, softmax, top_label
from crosscal.exceptions import DataError, SettingsError

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(50, 4)) * 3
GOLD = RNG.integers(-1, 4, 50)


def test_top_label_agrees_with_the_function_of_that_name():
    confidence, correct = outcomes(SCORES, GOLD)
    expected, right = top_label(SCORES, GOLD)
    np.testing.assert_array_equal(confidence, expected)
    np.testing.assert_array_equal(correct, right)


@pytest.mark.parametrize("number", range(4))
def test_one_class_is_its_column_against_its_indicator(number):
    confidence, correct = outcomes(SCORES, GOLD, notion=number)
    np.testing.assert_array_equal(confidence, softmax(SCORES)[:, number])
    np.testing.assert_array_equal(correct, number == GOLD)


@pytest.mark.parametrize("notion", ["top-label", 2])
def test_probabilities_give_what_their_logarithms_give(notion):
    probabilities = softmax(SCORES)
    confidence, correct = outcomes(probabilities, GOLD, notion=notion, given="probabilities")
    expected, right = outcomes(np.log(probabilities), GOLD, notion=notion)
    np.testing.assert_allclose(confidence, expected, rtol=1e-14)
    np.testing.assert_array_equal(correct, right)


def test_the_first_of_equal_choices_is_chosen_and_a_missing_choice_never_is():
    scores = [[1.0, 1.0, -np.inf], [-np.inf, 0.0, 0.0]]
    confidence, correct = outcomes(scores, [0, 1])
    np.testing.assert_allclose(confidence, [0.5, 0.5])
    assert correct.all()
    assert outcomes(scores, [0, 1], notion=2)[0][0] == 0.0


def test_a_higher_score_is_chosen_even_where_both_probabilities_round_to_the_same():
    _, correct = outcomes([[0.0, 1e-18]], [1])
    assert correct[0]


def test_gold_absent_from_the_choices_is_never_right():
    for notion in ("top-label", 0, 1):
        assert not outcomes([[2.0, 1.0]], [-1], notion=notion)[1][0]


@given(st.permutations(range(4)))
def test_relabelling_classes_moves_the_class_with_its_name(order):
    place = np.argsort(order)
    gold = np.where(GOLD >= 0, place[GOLD], -1)
    for number in range(4):
        confidence, correct = outcomes(SCORES[:, order], gold, notion=int(place[number]))
        expected, right = outcomes(SCORES, GOLD, notion=number)
        np.testing.assert_allclose(confidence, expected, rtol=1e-13)
        np.testing.assert_array_equal(correct, right)


@pytest.mark.parametrize("notion", [4, -1, True, "classwise", "class-wise", None, 1.0])
def test_other_notions_are_refused(notion):
    with pytest.raises(SettingsError):
        outcomes(SCORES, GOLD, notion=notion)


def test_bad_input_is_refused():
    with pytest.raises(SettingsError):
        outcomes(SCORES, GOLD, given="logits")
    with pytest.raises(DataError):
        outcomes(SCORES, GOLD, given="probabilities")
    with pytest.raises(DataError):
        outcomes(SCORES, GOLD + 1)
