"""Events about translations: nearest sentences and mined pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from crosscal.analysis.events import Recall, event_names, events
from crosscal.exceptions import DataError, SettingsError


def nearest(make_table, *, languages=("de", "sw", "zh"), n=150, k=5, shared=False):
    """Cosines close together, the translation mostly the nearest, or not among the k at all."""
    rng, rows = np.random.default_rng(1), []
    for language in languages:
        for number in range(n):
            scores = np.sort(0.7 + 0.03 * rng.normal(size=k))[::-1].copy()
            scores[0] += 0.03 * rng.random()
            right = rng.random() < 1 / (1 + np.exp(-(scores[0] - scores[1]) / 0.01 + 1))
            rows.append(
                {
                    "unit": f"u{number:04d}",
                    "cluster": f"{'' if shared else language}/{number:04d}",
                    "language": language,
                    "scores": scores,
                    "gold": 0 if right else int(rng.choice([-1, 1, 2])),
                    "direction": "from-english",
                }
            )
    return make_table("retrieval", rows)


def test_cosines_as_they_are_say_one_in_k(make_table):
    table = nearest(make_table)
    assert event_names(table) == ("nearest", "margin")
    found = events(table, "nearest")["de"]
    assert found.confidence == pytest.approx(1 / 5, abs=0.03)
    gold = table.select(language="de", split="test").gold
    assert (found.correct == (gold == 0)).all()
    assert (gold == -1).any()
    assert set(found.kinds) == {"from-english"}
    assert found.chance is None


@pytest.mark.parametrize("name", ["nearest", "margin"])
def test_fitted_on_other_languages(make_table, name):
    table = nearest(make_table)
    raw, fitted = events(table, name), events(table, name, temperature="others")
    assert len({found.temperature for found in fitted.values()}) == 3
    for code, found in fitted.items():
        before, after = (
            abs(each.confidence.mean() - each.correct.mean()) for each in (raw[code], found)
        )
        assert after < 0.1
        assert after < before


def test_margin_is_a_logistic_regression(make_table):
    table = nearest(make_table, languages=("de", "sw"))
    found = events(table, "margin", temperature="others")["de"]
    other = table.select(language="sw", split="test")
    scores = np.sort(other.scores, axis=1)
    model = LogisticRegression(C=1e12, tol=1e-10, max_iter=10_000)
    margins = (scores[:, -1] - scores[:, -2])[:, None] * 100
    model.fit(margins, other.gold == 0)
    assert 100 * model.coef_[0, 0] == pytest.approx(1 / found.temperature, rel=1e-3)
    assert model.intercept_[0] == pytest.approx(found.shift, abs=1e-3)


def test_other_languages_must_hold_other_items(make_table):
    table = nearest(make_table, shared=True, n=5)
    with pytest.raises(SettingsError, match="hold the same items"):
        events(table, "nearest", temperature="others")


def test_mined_pairs(make_table):
    common = {"scores": [1.0, 0.9], "choices": ["x", "y"]}
    table = make_table(
        "retrieval",
        [
            {**common, "gold": 0, "partners": ["x"], "mined": ["x"], "mined_scores": [1.1]},
            {**common, "gold": -1, "partners": [], "mined": ["y"], "mined_scores": [1.05]},
            {**common, "gold": 1, "partners": ["y", "z"], "mined": ["x"], "mined_scores": [1.2]},
            {**common, "gold": 1, "partners": ["y"], "mined": [], "mined_scores": []},
            {
                **common,
                "gold": 0,
                "partners": ["x"],
                "mined": ["y", "x"],
                "mined_scores": [1.0, 0.9],
            },
        ],
    )
    assert "mined" in event_names(table)
    found = events(table, "mined")["en"]
    assert found.correct.tolist() == [1, 0, 0, 0, 1]
    assert found.unit_ids.tolist() == ["u0000", "u0001", "u0002", "u0004", "u0004"]
    assert found.recall == {"pair": Recall(gold=5, found=2, partial_match=2)}
    assert found.recall["pair"].missed == 1
    assert found.confidence == pytest.approx(1 / (1 + np.exp([-1.1, -1.05, -1.2, -1.0, -0.9])))


def test_mined_scores_must_fit(make_table):
    row = {"scores": [1.0, 0.9], "gold": 0, "partners": ["x"], "mined": ["x"]}
    with pytest.raises(DataError, match="2 scores for 1 pairs"):
        events(make_table("retrieval", [{**row, "mined_scores": [1.0, 2.0]}]), "mined")
