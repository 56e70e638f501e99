"""The best answers to a question are those that brute force finds."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscal.tasks.families import span_search as search
from crosscal.tasks.families.span_tokens import slot_counts, slot_spans


def brute_force(windows, context):
    """Score all pairs of places one by one; see `best_spans` for the order."""
    best = {}
    for window in windows:
        for i, j in product(range(1, len(window.scores)), repeat=2):
            start, end = int(window.characters[i, 0]), int(window.characters[j, 1])
            tokens = window.tokens[j] - window.tokens[i]
            if 0 <= tokens < search.MAX_ANSWER_TOKENS and start < end:
                value = float(window.scores[i, 0]) + float(window.scores[j, 1])
                best[start, end] = max(value, best.get((start, end), -np.inf))
    texts = {}
    for value, start, end in sorted((-value, *span) for span, value in best.items()):
        texts.setdefault(context[start:end], -value)
    return texts


def window(scores, spans):
    """Scores of each place of some tokens behind that for "no answer"."""
    rows, _, characters = slot_spans(np.array([(0, 0), *spans], dtype=np.int64))
    return search.Window(
        scores=np.array(scores, dtype=np.float32), characters=characters, tokens=rows
    )


@st.composite
def scored_windows(draw):
    context = "".join(draw(st.lists(st.sampled_from("ab 猫ق"), min_size=1, max_size=12)))
    windows = []
    for _ in range(draw(st.integers(1, 3))):
        cuts = sorted(draw(st.sets(st.integers(0, len(context)), min_size=1)))
        spans = list(pairwise(cuts))
        values = st.integers(-3, 3).map(lambda x: x / 4)  # ties are common
        places = 1 + int(slot_counts(np.array(spans).reshape(-1, 2)).sum())
        scores = draw(st.lists(st.tuples(values, values), min_size=places, max_size=places))
        windows.append(window(scores, spans))
    return windows, context


@given(scored_windows(), st.integers(1, 6))
def test_best_spans_equal_brute_force(drawn, longest):
    windows, context = drawn
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "N_BEST", 10_000)
        patch.setattr(search, "MAX_ANSWER_TOKENS", longest)
        texts, values = search.best_spans(windows, context)
        expected = brute_force(windows, context)
    assert texts == list(expected)
    assert values.tolist() == list(expected.values())


@given(scored_windows())
def test_few_are_kept_and_the_best_is_among_them(drawn):
    windows, context = drawn
    expected = brute_force(windows, context)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "N_BEST", 3)
        texts, values = search.best_spans(windows, context)
    assert len(texts) <= 3
    assert set(texts) <= set(expected)
    assert (np.diff(values) <= 0).all()


def test_ties_go_to_the_earlier_and_shorter():
    context = "a b c"
    spans = [(0, 1), (2, 3), (4, 5)]
    texts, values = search.best_spans([window(np.zeros((4, 2)), spans)], context)
    assert texts == ["a", "a b", "a b c", "b", "b c", "c"]
    assert values.tolist() == [0.0] * 6
    # Two windows tie: the same texts once, with the better of their scores.
    windows = [window(np.zeros((4, 2)), spans), window(np.full((3, 2), 0.5), spans[:2])]
    texts, values = search.best_spans(windows, context)
    assert texts == ["a", "a b", "b", "a b c", "b c", "c"]
    assert values.tolist() == [1.0] * 3 + [0.0] * 3


def test_answers_can_be_parts_of_tokens():
    """Of a single token all slices, each once."""
    texts, _ = search.best_spans([window(np.zeros((4, 2)), [(0, 3)])], "abc")
    assert texts == ["a", "ab", "abc", "b", "bc", "c"]


def test_tokens_of_bytes_make_no_empty_answer():
    """Several tokens cover one character: from the second to the first there is nothing."""
    assert search.best_spans([window(np.zeros((3, 2)), [(0, 1), (0, 1)])], "猫")[0] == ["猫"]
    assert search.best_spans([window(np.zeros((1, 2)), [])], "猫")[0] == []
