"""SQuAD v2.0 and BUCC: scores at a threshold, and the thresholds that would be best."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.exceptions import DataError
from crosscal.metrics import bitext, squad2


def test_equal_to_the_evaluator_of_squad2(frozen):
    for case in frozen("answers")["squad2_sets"]:
        raw = squad2.raw_scores(case["answers"], case["golds"])
        no_answer = np.array([case["no_answer"][name] for name in raw.ids])
        found = squad2.at_threshold(raw, no_answer, case["threshold"])
        assert {k: 100 * v for k, v in found.items()} == pytest.approx(case["scores"], abs=1e-9)
        # The evaluator credits silence on questions that its denominator leaves out.
        unasked = sum(not t and name not in raw.ids for name, t in case["golds"].items())
        for metric in ("exact_match", "f1"):
            score, threshold = squad2.best_threshold(raw, no_answer, metric)
            credited = 100 * (score + unasked / len(raw.ids))
            assert [credited, threshold] == pytest.approx(case[f"best_{metric}"], abs=1e-9)
        assert raw.missing == len(case["golds"]) - len(case["answers"])


def test_missing_questions_leave_the_denominator():
    golds = {"a": ["x"], "b": ["y"], "c": []}
    raw = squad2.raw_scores({"a": "x", "c": "z"}, golds)
    assert (raw.ids, raw.missing) == (("a", "c"), 1)
    assert squad2.at_threshold(raw, np.zeros(2), 1.0) == {
        "exact_match": 0.5,
        "f1": 0.5,
        "exact_match_answerable": 1.0,
        "f1_answerable": 1.0,
        "exact_match_unanswerable": 0.0,
        "f1_unanswerable": 0.0,
    }
    with pytest.raises(DataError, match="no question was answered"):
        squad2.raw_scores({}, golds)


def test_best_threshold_is_the_best_of_all_where_scores_differ():
    rng = np.random.default_rng(8)
    for _ in range(100):
        n = int(rng.integers(1, 12))
        golds = {str(i): ["x"] if rng.random() < 0.5 else [] for i in range(n)}
        raw = squad2.raw_scores({name: rng.choice(["x", "y", ""]) for name in golds}, golds)
        no_answer = rng.permutation(n) / n + 0.01
        score, threshold = squad2.best_threshold(raw, no_answer, "f1")
        all_of_them = [squad2.at_threshold(raw, no_answer, t)["f1"] for t in (0.0, *no_answer)]
        assert score == pytest.approx(max(all_of_them))
        assert squad2.at_threshold(raw, no_answer, threshold)["f1"] == pytest.approx(score)


def test_pairs():
    gold = [("de-1", "en-1"), ("de-2", "en-2"), ("zh-三", "en-3")]
    mined = [("de-1", "en-1"), ("de-1", "en-1"), ("zh-三", "en-9")]
    assert bitext.bitext_scores(mined, gold) == pytest.approx(
        {"f1": 0.4, "precision": 0.5, "recall": 1 / 3}
    )
    assert bitext.bitext_scores([("en-1", "de-1")], gold)["f1"] == 0
    assert bitext.bitext_scores([], gold) == {"f1": 0, "precision": 0, "recall": 0}


def test_best_threshold_of_pairs_against_every_threshold():
    rng = np.random.default_rng(4)
    for _ in range(200):
        n = int(rng.integers(1, 15))
        scores = rng.integers(0, 6, n) / 4
        right = rng.random(n) < 0.5
        right[rng.integers(n)] = True
        gold = int(right.sum() + rng.integers(0, 4))

        def f1(threshold, scores=scores, right=right, gold=gold):
            kept = scores >= threshold
            mined = [(str(i), "") for i in np.flatnonzero(kept)]
            true = [(str(i), "") for i in np.flatnonzero(right)]
            true += [(f"unmined {i}", "") for i in range(gold - len(true))]
            return bitext.bitext_scores(mined, true)["f1"]

        threshold, found = bitext.best_threshold(scores, right, gold)
        assert f1(threshold) == pytest.approx(found)
        assert found == pytest.approx(max(f1(t) for t in scores))


def test_a_threshold_between_neighbouring_numbers_and_none_at_all():
    low = 1.0
    high = float(np.nextafter(low, 2))
    threshold, f1 = bitext.best_threshold(np.array([low, high]), np.array([False, True]), 1)
    assert (threshold, f1) == (high, 1.0)
    with pytest.raises(DataError, match="no mined pair is right"):
        bitext.best_threshold(np.array([1.0]), np.array([False]), 3)
