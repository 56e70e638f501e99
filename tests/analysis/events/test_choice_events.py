"""Events about one choice among several."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis.events import above_chance, events
from crosscal.calibration import ece, top_label


def questions(rng, n):
    counts = rng.integers(2, 6, n)
    return [
        {"scores": rng.normal(size=k) * 2, "gold": int(rng.integers(-1, k)), "choices": ["x"] * k}
        for k in counts
    ]


def test_options_of_any_number(make_table):
    rows = questions(np.random.default_rng(0), 300)
    table = make_table("multiple choice", rows)
    found = events(table, "option")["en"]
    part = table.select(language="en", split="test")
    confidence, correct = top_label(part.scores, part.gold)
    assert found.confidence == pytest.approx(confidence, abs=1e-15)
    assert (found.correct == correct).all()
    counts = [len(row["scores"]) for row in rows]
    assert found.chance == pytest.approx([1 / k for k in counts])
    assert found.kinds.tolist() == [str(k) for k in counts]
    of_three = found.of_kind("3")
    assert len(of_three) == counts.count(3)
    assert of_three.chance == pytest.approx(1 / 3)
    assert (of_three.confidence >= 1 / 3 - 1e-12).all()


def test_common_choices_are_named(make_table):
    table = make_table(
        "classification",
        [{"scores": [1, 0, 1], "gold": 0}, {"scores": [0, 1, 0], "gold": 2}],
        choices=("a", "b", "c"),
    )
    found = events(table, "label")["en"]
    assert found.kinds.tolist() == ["a", "b"]  # the first of two highest
    assert found.correct.tolist() == [1, 0]


def test_above_chance(make_table):
    """Guesses are at 0 in the mean; errors of questions with k options grow by k / (k - 1)."""
    for k in (2, 4, 7):
        chance = np.full(k, 1 / k)
        outcomes = np.eye(k)[0]  # a guesser is right once in k
        assert above_chance(outcomes, chance).mean() == pytest.approx(0, abs=1e-15)
        assert above_chance(np.ones(k), chance) == pytest.approx(1)
        assert above_chance(chance, chance) == pytest.approx(0)
        rng = np.random.default_rng(k)
        confidence = rng.uniform(1 / k, 1, 500)
        correct = rng.random(500) < confidence**2
        chances = np.full(500, 1 / k)
        residual = above_chance(confidence, chances) - above_chance(correct, chances)
        edges = np.linspace(0, 1, 16)
        index = np.searchsorted(edges[1:-1], confidence)
        error = sum(abs(residual[index == b].sum()) for b in range(15)) / 500
        assert error == pytest.approx(ece(confidence, correct) * k / (k - 1))
