"""The accumulator: equal to the functions, the same however rows are split and merged."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.calibration import (
    brier,
    classwise_ece,
    ece,
    mce,
    nll,
    overconfidence,
    rmsce,
    signed_gap,
    smooth_ece,
    softmax,
    top_label,
    underconfidence,
)
from crosscal.calibration.selective.selective import auroc
from crosscal.calibration.streaming.accumulator import CalibrationAccumulator
from crosscal.calibration.streaming.exact_sums import ExactSums, ExactTotal
from crosscal.exceptions import DataError, SettingsError


def data(n=3000, k=3, seed=0, scale=2.0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    scores = rng.normal(size=(n, k)) * scale
    scores[np.arange(n), gold] += 1.5
    return scores, gold


def test_equal_to_the_functions_on_all_rows():
    scores, gold = data()
    found = CalibrationAccumulator(3).update(scores, gold).result().measures
    confidence, correct = top_label(scores, gold)
    expected = {
        "accuracy": correct.mean(),
        "nll": nll(scores, gold),
        "brier": brier(scores, gold),
        "confidence": confidence.mean(),
        "gap": signed_gap(confidence, correct),
        "ece": ece(confidence, correct),
        "mce": mce(confidence, correct),
        "rmsce_width": rmsce(confidence, correct, scheme="width"),
        "overconfidence": overconfidence(confidence, correct),
        "underconfidence": underconfidence(confidence, correct),
        "classwise_ece": classwise_ece(scores, gold),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def smoothed_by_hand(confidence, correct):
    """Sum reflected Gaussians of all rows, and integrate by the middle rule."""
    at = (np.arange(500) + 0.5) / 500
    residual = (confidence - correct) / len(confidence)

    def error(bandwidth):
        total = np.zeros(len(at))
        for image in [s * confidence + 2 * m for m in (-1, 0, 1) for s in (1, -1)]:
            z = (at - image[:, None]) / bandwidth
            total += residual @ np.exp(-0.5 * z**2)
        return np.abs(total).mean() / (bandwidth * np.sqrt(2 * np.pi))

    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if middle < error(middle) else (low, middle)
    return error(high)


@pytest.mark.parametrize("cells", [100, 2000, 65_536])
def test_approximations_are_within_their_bounds(cells):
    for seed in range(3):
        scores, gold = data(300, seed=seed, scale=1 + seed)
        found = CalibrationAccumulator(3, cells=cells).update(scores, gold).result().approximate
        confidence, correct = top_label(scores, gold)
        for name, exact in {
            "ece_mass": ece(confidence, correct, scheme="mass"),
            "auroc": auroc(confidence, correct),
        }.items():
            assert abs(found[name].value - exact) <= found[name].bound + 1e-12, name
        smooth = found["smooth_ece"]
        assert abs(smooth.value - smoothed_by_hand(confidence, correct)) <= smooth.bound + 1e-4
        if smooth.value < 0.2:
            # That function has a coarser grid, and cuts its kernel half a unit to either side.
            assert abs(smooth.value - smooth_ece(confidence, correct)) <= smooth.bound + 2e-3
    if cells == 65_536:
        assert found["auroc"].bound < 1e-3
        assert found["smooth_ece"].bound < 1e-3


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 400),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    seed=st.integers(0, 1000),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e4]),
)
def test_splitting_merging_and_order_change_nothing(n, cuts, seed, scale):
    scores, gold = data(n, seed=seed, scale=scale)
    whole = CalibrationAccumulator(3, cells=500).update(scores, gold)
    order = np.random.default_rng(seed).permutation(n)
    parts = np.split(order, sorted(min(cut, n) for cut in cuts))
    merged = CalibrationAccumulator(3, cells=500)
    for part in parts:
        one = CalibrationAccumulator(3, cells=500).update(scores[part], gold[part])
        merged = CalibrationAccumulator.from_json(one.to_json()) + merged
    assert merged.to_json() == whole.to_json()
    assert merged.result() == whole.result()


def test_duplicating_every_row_changes_nothing_but_n():
    scores, gold = data(500)
    once = CalibrationAccumulator(3).update(scores, gold).result()
    twice = CalibrationAccumulator(3).update(scores, gold).update(scores, gold).result()
    assert (once.n, twice.n) == (500, 1000)
    for name, value in once.measures.items():
        assert twice.measures[name] == pytest.approx(value, abs=1e-15), name


def test_probabilities_and_edges():
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    made = CalibrationAccumulator(2, given="probabilities").update(values, [0, 0, -1])
    found = made.result()
    assert "nll" not in found.measures  # one right choice is unknown
    assert found.measures["accuracy"] == pytest.approx(1 / 3)
    wrong = CalibrationAccumulator(2, given="probabilities").update(values[:2], [0, 0]).result()
    assert wrong.measures["nll"] == np.inf
    right = CalibrationAccumulator(2).update([[5.0, 0.0]], [0]).result()
    assert "auroc" not in right.approximate
    assert right.measures["ece"] == pytest.approx(1 - softmax([[5.0, 0.0]])[0, 0], abs=1e-15)


def test_long_updates_are_cut_into_parts():
    scores, gold = data(70_000)
    one = CalibrationAccumulator(3, cells=500).update(scores, gold)
    two = CalibrationAccumulator(3, cells=500)
    two.update(scores[:69_999], gold[:69_999]).update(scores[69_999:], gold[69_999:])
    assert one.to_json() == two.to_json()


def test_a_bad_update_adds_nothing():
    scores, gold = data(70_000)
    made = CalibrationAccumulator(3, cells=500)
    scores[-1, 0] = np.nan
    with pytest.raises(DataError, match="NaN"):
        made.update(scores, gold)
    assert made.n == 0
    with pytest.raises(DataError, match="no rows"):
        made.result()
    with pytest.raises(DataError, match="shape"):
        made.update(np.zeros((2, 4)), [0, 1])


def test_states_that_do_not_fit():
    one = CalibrationAccumulator(2)
    with pytest.raises(SettingsError, match="differ"):
        one.merge(CalibrationAccumulator(3))
    for text in ("", "{}", json.dumps({"format": "other"}), one.to_json().replace("[0", "[", 1)):
        with pytest.raises(DataError, match="not the state"):
            CalibrationAccumulator.from_json(text)
    for bad in ({"classes": 1}, {"classes": 2, "cells": 3}, {"classes": 2, "given": "x"}):
        with pytest.raises(SettingsError):
            CalibrationAccumulator(**bad)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_exact_sums(values):
    from fractions import Fraction

    place = np.zeros(len(values), dtype=np.intp)
    found = ExactSums.zeros(1).plus(place, np.array(values)).floats()[0]
    exact = float(sum(Fraction(v) for v in values))
    assert found == pytest.approx(exact, abs=len(values) * 2.0**-53, rel=2.0**-52)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=20))
def test_exact_totals(values):
    from fractions import Fraction

    found = ExactTotal().plus(np.array(values)).mean(len(values))
    exact = float(sum(Fraction(v) for v in values) / len(values))
    assert found == pytest.approx(exact, rel=1e-15, abs=2.0**-53)


def test_a_bad_row_is_named_by_its_number_among_all_of_the_update():
    scores, gold = np.zeros((70_001, 2)), np.zeros(70_001, dtype=int)
    scores[-1, 0] = np.nan
    with pytest.raises(DataError, match="row 70000"):
        CalibrationAccumulator(2).update(scores, gold)
    gold[-1] = 2
    with pytest.raises(DataError, match="row 70000"):
        CalibrationAccumulator(2).update(np.zeros((70_001, 2)), gold)


def test_states_with_impossible_numbers_are_refused():
    text = CalibrationAccumulator(2, cells=100).to_json()
    for change in (('"classes":2', '"classes":1'), ('"each":[[0', f'"each":[[{2**70}')):
        assert change[0] in text
        with pytest.raises(DataError, match="not the state"):
            CalibrationAccumulator.from_json(text.replace(*change))


@pytest.mark.parametrize("bad", [{"classes": 2.5}, {"classes": 2, "cells": 100.5}])
def test_classes_and_cells_are_whole_numbers(bad):
    with pytest.raises(SettingsError, match="whole number"):
        CalibrationAccumulator(**bad)
