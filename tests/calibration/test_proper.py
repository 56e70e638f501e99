"""Proper scores against scikit-learn and closed forms, up to extreme scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax as scipy_log_softmax
from sklearn.metrics import brier_score_loss, log_loss

from crosscal.calibration import brier, brier_rows, log_softmax, nll, nll_rows, softmax, top_label
from crosscal.exceptions import DataError, SettingsError


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("scale", [0.1, 1, 3])
def test_sklearn(k, scale):
    rng = np.random.default_rng(k)
    scores, gold = rng.normal(size=(700, k)) * scale, rng.integers(0, k, 700)
    p, labels = softmax(scores), np.arange(k)
    assert nll(scores, gold) == pytest.approx(log_loss(gold, p, labels=labels), abs=1e-9)
    assert brier(scores, gold) == pytest.approx(
        brier_score_loss(gold, p, labels=labels, scale_by_half=False), abs=1e-9
    )
    assert nll(p, gold, given="probabilities") == pytest.approx(nll(scores, gold), abs=1e-9)
    assert brier(p, gold, given="probabilities") == pytest.approx(brier(scores, gold), abs=1e-12)
    np.testing.assert_allclose(log_softmax(scores), scipy_log_softmax(scores, axis=1), atol=1e-12)


def test_sklearn_clips_and_we_do_not():
    p = softmax([[0.0, 50.0]])
    assert nll([[0.0, 50.0]], [0]) == pytest.approx(50, rel=1e-12)
    assert log_loss([0], p, labels=[0, 1]) == pytest.approx(-np.log(np.finfo(float).eps))


def test_closed_forms():
    assert nll([[0.0, 0.0, 0.0]], [1]) == pytest.approx(np.log(3), abs=1e-15)
    assert brier([[0.0, 0.0]], [0]) == pytest.approx(0.5, abs=1e-15)
    assert brier([[1.0, 0.0]], [0], given="probabilities") == 0
    assert brier([[1.0, 0.0]], [1], given="probabilities") == 2
    assert nll([[1.0, 0.0]], [1], given="probabilities") == np.inf
    assert nll([[np.log(3), 0.0]], [0]) == pytest.approx(np.log(4 / 3), abs=1e-15)


@pytest.mark.parametrize("size", [1e2, 1e4])
def test_extreme_scores(size):
    scores = [[size, -size, 0.0], [size, size, -size]]
    assert nll_rows(scores, [1, 0]).tolist() == pytest.approx([2 * size, np.log(2)], rel=1e-12)
    assert nll_rows(scores, [0, 1]).tolist() == pytest.approx([0.0, np.log(2)], abs=1e-12)
    assert brier_rows(scores, [1, 0]).tolist() == pytest.approx([2.0, 0.5], abs=1e-12)
    confidence, correct = top_label(scores, [0, 1])
    assert confidence.tolist() == [1.0, 0.5]
    assert correct.tolist() == [True, False]  # a tie goes to the first


@given(st.floats(-1e4, 1e4), st.integers(0, 99))
def test_a_constant_added_to_a_row_changes_nothing(shift, seed):
    rng = np.random.default_rng(seed)
    scores, gold = rng.normal(size=(9, 3)), rng.integers(0, 3, 9)
    assert nll(scores + shift, gold) == pytest.approx(nll(scores, gold), abs=1e-9)
    assert brier(scores + shift, gold) == pytest.approx(brier(scores, gold), abs=1e-9)


def test_input_is_not_changed():
    p = np.array([[0.25, 0.75]])
    brier(p, [0], given="probabilities")
    assert p.tolist() == [[0.25, 0.75]]


def test_absent_gold():
    assert top_label([[1.0, 0.0]], [-1])[1].tolist() == [False]
    with pytest.raises(DataError, match="gold, row 0: gold is -1"):
        nll([[1.0, 0.0]], [-1])
    # As if the right choice stood beside the others with probability 0.
    p = softmax([[1.0, 0.0]])[0]
    assert brier([[1.0, 0.0]], [-1]) == pytest.approx(p[0] ** 2 + p[1] ** 2 + 1, abs=1e-12)


def test_absent_choices():
    """Minus infinity says that a row has fewer choices: as if they were not there."""
    wide, narrow = [[1.0, -np.inf, 0.0]], [[1.0, 0.0]]
    for score in (nll, brier):
        assert score(wide, [2]) == pytest.approx(score(narrow, [1]), abs=1e-15)
    assert top_label(wide, [0])[0][0] == pytest.approx(top_label(narrow, [0])[0][0], abs=1e-15)
    with pytest.raises(DataError, match="fewer than two choices"):
        nll([[1.0, -np.inf]], [0])


@pytest.mark.parametrize(
    ("values", "gold", "given", "message"),
    [
        ([[0.5, 0.6]], [0], "probabilities", "sum to 1.1, not 1"),
        ([[1.5, -0.5]], [0], "probabilities", "outside 0 to 1"),
        ([[np.nan, 0]], [0], "scores", "scores, row 0: NaN or infinite"),
        ([[0.0, 1.0], [np.inf, 0]], [0, 0], "scores", "row 1"),
        ([[0.0]], [0], "scores", "shape"),
        ([0.0, 1.0], [0], "scores", "shape"),
        ([[0.0, 1.0]], [2], "scores", "gold is 2 with 2 choices"),
        ([[0.0, 1.0]], [0.0], "scores", "type float64"),
        ([[0.0, 1.0]], [0, 1], "scores", "give 1 integers"),
    ],
)
def test_bad_arrays(values, gold, given, message):
    with pytest.raises(DataError, match=message):
        nll(values, gold, given=given)


@pytest.mark.parametrize("score", [nll, brier])
def test_an_unknown_kind_of_values_is_refused(score):
    with pytest.raises(SettingsError, match="logits"):
        score([[0.5, 0.5]], [0], given="logits")
