"""Rows that are summed in parts give the numbers of all at once."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.calibration import evaluate
from crosscal.calibration.estimation import engine, prepared, summed_rows, views


def predictions(n, k, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)).astype(np.float32)
    gold = rng.integers(0, k, n)
    scores[np.arange(n), gold] += 2
    return scores, gold


def numbers(evaluation):
    found = {}
    for name, group in evaluation.groups.items():
        for error, result in group.errors.items():
            found[name, error] = [result.value, result.low, result.high, result.noise_floor]
            found[name, error].append(result.p_value)
        for mean, value in group.means.items():
            found[name, mean] = [value, *group.intervals.get(mean, ())]
    return found


def demand_equal(one, other, tolerance):
    assert one.keys() == other.keys()
    for key, values in one.items():
        for a, b in zip(values, other[key], strict=True):
            assert a == b or a == pytest.approx(b, rel=tolerance, abs=tolerance), key


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("notion", ["top-label", 1, "class-wise"])
def test_rows_in_parts_are_those_at_once(monkeypatch, notion, weighted):
    scores, gold = predictions(500, 3)
    gold[3] = -1 if notion == 1 else gold[3]
    weights = np.random.default_rng(1).integers(1, 4, 500) if weighted else None
    clusters = np.arange(500) // 2

    def measured():
        return numbers(
            evaluate(
                scores, gold, clusters=clusters, weights=weights, notion=notion, replicates=100
            )
        )

    whole = measured()
    monkeypatch.setattr(summed_rows, "ROWS_AT_ONCE", 64)
    parts = measured()
    demand_equal(whole, parts, 1e-12)
    assert whole["all", "ace"][0] == parts["all", "ace"][0]


def test_infinite_costs_are_found_in_every_part(monkeypatch):
    probabilities = np.full((200, 2), 0.5)
    probabilities[150] = [1.0, 0.0]
    gold = np.tile([0, 1], 100)
    gold[150] = 1
    monkeypatch.setattr(summed_rows, "ROWS_AT_ONCE", 64)
    found = evaluate(probabilities, gold, given="probabilities", replicates=100)
    assert found.groups["all"].means["nll"] is None
    assert "it is infinite" in found.groups["all"].note


@pytest.mark.parametrize("weighted", [False, True])
def test_many_classes_in_parts_are_those_at_once(monkeypatch, weighted):
    scores, gold = predictions(120, 12)
    weights = np.random.default_rng(1).integers(1, 4, 120) if weighted else None

    def measured():
        return numbers(evaluate(scores, gold, weights=weights, replicates=200))

    whole = measured()
    monkeypatch.setattr(views, "_FEW_CLASSES", 2)
    demand_equal(whole, measured(), 0.0 if weights is None else 1e-12)
    monkeypatch.setattr(prepared, "_MOST_SUMS", 2000)
    monkeypatch.setattr(engine, "_MOST_NUMBERS", 2000)
    demand_equal(whole, measured(), 1e-9)


def test_sums_of_views_are_held_in_parts_of_bounded_size(monkeypatch):
    scores, gold = predictions(100, 12)
    monkeypatch.setattr(prepared, "_MOST_SUMS", 2000)
    seen = []
    parts = prepared.PreparedSample.view_parts

    def watched(self):
        for place, sums in parts(self):
            seen.append(sums.size)
            yield place, sums

    monkeypatch.setattr(prepared.PreparedSample, "view_parts", watched)
    evaluate(scores, gold, replicates=100)
    # The notion's own columns, of which the grid has 129, come together.
    assert len(seen) > 5
    assert max(seen[1:]) <= 2000 + 100 * 3 * 15
