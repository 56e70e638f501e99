"""Events about answers, against sums written out by hand and against scoring."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.analysis.events import EventSettings, answers_as_choices, event_names, events
from crosscal.calibration import top_label
from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics import MetricInput, score
from crosscal.metrics.answers import SOUND, token_f1

# Contexts of several scripts, right-to-left and without spaces, with punctuation and articles.
CONTEXTS = {
    "en": "The river, the Thames (a tidal river) flows past The Tower.",
    "ar": "يمر نهر النيل، أطول أنهار العالم، بمدينة القاهرة.",
    "he": "הנהר הארוך בעולם עובר בקהיר, בירת מצרים.",
    "zh": "长江,中国最长的河流,流经南京。",
    "th": "แม่น้ำเจ้าพระยาไหลผ่านกรุงเทพมหานคร",
}


def questions(rng, language, n, *, silent=False):
    """Random n-best of slices of a context; golds are slices too, some of them none."""
    text, rows = CONTEXTS[language], []

    def piece():
        start = int(rng.integers(0, len(text) - 1))
        return text[start : start + int(rng.integers(1, 14))].strip() or text[:3]

    for number in range(n):
        texts = list(dict.fromkeys(piece() for _ in range(int(rng.integers(2, 9)))))
        # The same answer again, with punctuation around it.
        texts += [f"{texts[0]}." for _ in range(1) if f"{texts[0]}." not in texts]
        if silent:
            texts.append("")
        golds = [texts[int(rng.integers(0, len(texts)))], piece()][: int(rng.integers(1, 3))]
        golds = [gold for gold in golds if gold] or ([] if silent else [piece()])
        rows.append(
            {
                "unit": f"q{number:03d}",
                "cluster": f"{language}/p{number // 3:03d}",
                "language": language,
                "scores": rng.normal(size=len(texts)) * 3,
                "gold": next((i for i, t in enumerate(texts) if t in (golds or [""])), -1),
                "choices": texts,
                "answers": golds,
            }
        )
    return rows


def shares(scores):
    powers = [math.exp(s - max(scores)) for s in scores]
    return [power / sum(powers) for power in powers]


def test_mass_of_spans_that_are_one_answer(make_table):
    table = make_table(
        "span",
        [
            {
                "scores": [2.0, 1.0, 0.5, 0.0],
                "gold": 1,
                "choices": ["the Thames", "Thames", "River Thames", "THAMES!"],
                "answers": ["Thames"],
            }
        ],
    )
    p = shares([2.0, 1.0, 0.5, 0.0])
    found = events(table, "exact")["en"]
    assert found.confidence[0] == pytest.approx(p[0] + p[1] + p[3], abs=1e-12)
    assert found.correct[0] == 1  # after normalisation, although gold is another choice
    assert events(table, "exact-span")["en"].confidence[0] == pytest.approx(p[0], abs=1e-12)
    assert events(table, "exact-span")["en"].correct[0] == 1


def test_f1_counts_what_would_suffice(make_table):
    table = make_table(
        "span",
        [
            {
                "scores": [2.0, 1.0, 0.5],
                "gold": -1,
                "choices": ["big red", "red", "blue"],
                "answers": ["big red balloon trip", "green"],
            }
        ],
    )
    p = shares([2.0, 1.0, 0.5])
    # F1 with "red" is 2/3, with "blue" 0, with the first right answer 2/3.
    assert events(table, "f1")["en"].confidence[0] == pytest.approx(p[0] + p[1])
    assert events(table, "f1")["en"].correct[0] == 1
    strict = events(table, "f1", settings=EventSettings(level=0.7))["en"]
    assert strict.confidence[0] == pytest.approx(p[0])
    assert strict.correct[0] == 0
    soft = events(table, "f1-expected")["en"]
    assert soft.confidence[0] == pytest.approx(p[0] + p[1] * 2 / 3)
    assert soft.correct[0] == pytest.approx(2 / 3)
    assert soft.soft
    assert not events(table, "f1")["en"].soft


@pytest.mark.parametrize("rules", ["sound", "squad"])
@pytest.mark.parametrize("language", CONTEXTS)
def test_outcomes_are_those_of_scoring(make_table, language, rules):
    table = make_table("span", questions(np.random.default_rng(3), language, 60))
    scored = score("squad", MetricInput.of(table, language=language, split="test"))
    wanted = scored.sound if rules == "sound" else scored.official
    for name, metric in (("exact", "exact_match"), ("f1-expected", "f1")):
        found = events(table, name, settings=EventSettings(rules=rules))[language]
        assert found.correct.mean() == pytest.approx(wanted[metric], abs=1e-12)
    assert 0 < wanted["exact_match"] < 1  # or nothing was tested


def test_outcomes_are_those_of_squad2(make_table):
    table = make_table("span", questions(np.random.default_rng(4), "en", 80, silent=True))
    scored = score("squad2", MetricInput.of(table, language="en", split="test"))
    found = {
        name: events(table, name, settings=EventSettings(rules="squad2"))["en"]
        for name in ("exact", "f1-expected")
    }
    assert found["exact"].correct.mean() == pytest.approx(scored.official["exact_match"])
    assert found["f1-expected"].correct.mean() == pytest.approx(scored.official["f1"])
    assert {"silent", "answered"} == set(found["exact"].kinds)


@given(st.integers(0, 2**31), st.sampled_from(sorted(CONTEXTS)))
@settings(max_examples=10, deadline=None)
def test_the_soft_event_is_the_mean_over_levels(make_table, seed, language):
    """F1 is the integral over levels of whether it reaches them: both sides, exactly."""
    table = make_table("span", questions(np.random.default_rng(seed), language, 4))
    soft = events(table, "f1-expected")[language]
    # Every F1 that occurs: between an answer and another choice, and with the right ones.
    rows = MetricInput.of(table, language=language, split="test")
    levels = sorted(
        {
            token_f1(said, [other], SOUND, language)
            for texts, golds in zip(rows.own_choices(), rows.text_lists("answers"), strict=True)
            for said in texts
            for other in (*texts, *golds)
        }
        - {0.0}
    )
    confidence, correct, before = np.zeros(4), np.zeros(4), 0.0
    for level in levels:
        # Just below, lest an F1 computed in another order miss its own level.
        one = events(table, "f1", settings=EventSettings(level=level - 1e-9))[language]
        confidence += (level - before) * one.confidence
        correct += (level - before) * one.correct
        before = level
    assert confidence == pytest.approx(soft.confidence, abs=1e-9)
    assert correct == pytest.approx(soft.correct, abs=1e-9)


@given(st.integers(0, 2**31), st.sampled_from(sorted(CONTEXTS)))
@settings(max_examples=25, deadline=None)
def test_confidences_are_ordered(make_table, seed, language):
    table = make_table("span", questions(np.random.default_rng(seed), language, 5))
    span, exact, near, soft = (
        events(table, name)[language].confidence
        for name in ("exact-span", "exact", "f1", "f1-expected")
    )
    assert (span <= exact + 1e-12).all()
    assert (exact <= near + 1e-12).all()
    assert (exact <= soft + 1e-12).all()
    assert (near <= 1).all()


def test_answerability(make_table):
    rows = questions(np.random.default_rng(5), "en", 40, silent=True)
    table = make_table("span", rows)
    found = events(table, "answerability")["en"]
    for row, confidence, correct in zip(rows, found.confidence, found.correct, strict=True):
        p = shares([float(s) for s in np.float32(row["scores"])])
        assert confidence == pytest.approx(p[row["choices"].index("")])
        assert correct == (row["answers"] == [])
    assert 0 < found.correct.mean() < 1
    assert "answerability" in event_names(table)


def test_answerability_needs_the_empty_choice(make_table):
    table = make_table("span", questions(np.random.default_rng(6), "en", 5))
    assert "answerability" not in event_names(table)
    with pytest.raises(DataError, match="lack the empty text"):
        events(table, "answerability")


@given(st.integers(0, 2**31), st.sampled_from(sorted(CONTEXTS)), st.floats(0.3, 3.0))
@settings(max_examples=20, deadline=None)
def test_answers_as_choices(make_table, seed, language, temperature):
    table = make_table("span", questions(np.random.default_rng(seed), language, 6))
    rows = MetricInput.of(table, language=language, split="test")
    values, gold = answers_as_choices(rows, EventSettings(), temperature=temperature)
    assert np.exp(values).sum(axis=1) == pytest.approx(np.ones(6))
    exact = events(table, "exact", temperature=temperature)[language]
    # The answer that scoring looks at is the first: the one with the best span.
    assert np.exp(values[:, 0]) == pytest.approx(exact.confidence)
    assert ((gold == 0) == (exact.correct == 1)).all()
    top_label(values, gold)  # what takes scores takes them


def test_all_choices_one_answer(make_table):
    table = make_table(
        "span",
        [
            {"scores": [900.0, -900.0], "gold": 0, "choices": ["a b", "B."], "answers": ["b"]},
            {"scores": [1.0, 0.0], "gold": -1, "choices": ["c", "d"], "answers": ["e"]},
        ],
    )
    values, gold = answers_as_choices(
        MetricInput.of(table, language="en", split="test"), EventSettings(rules="sound")
    )
    assert values[0].tolist() == [0.0, -100.0]
    assert gold.tolist() == [0, -1]
    assert events(table, "exact")["en"].confidence[0] == 1.0


def test_what_is_refused(make_table):
    rows = questions(np.random.default_rng(7), "en", 3)
    table = make_table("span", rows)
    with pytest.raises(SettingsError, match="no rules 'suond'.*Did you mean 'sound'"):
        events(table, "exact", settings=EventSettings(rules="suond"))
    for level in (0.0, 1.1, float("nan")):
        with pytest.raises(SettingsError, match="level"):
            events(table, "f1", settings=EventSettings(level=level))
    with pytest.raises(DataError, match="column is missing"):
        events(make_table("span", [{"scores": [1, 0], "gold": 0}]), "exact")
    unknown = make_table("span", [{**rows[0], "answers": []}])
    with pytest.raises(DataError, match="no right answer"):
        events(unknown, "exact")
    with pytest.raises(DataError, match="no rules for answers in language 'th'"):
        events(
            make_table("span", questions(np.random.default_rng(8), "th", 2)),
            "exact",
            settings=EventSettings(rules="mlqa"),
        )
