"""Chunks against seqeval's own figures and against another reading of the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from crosscal.exceptions import DataError
from crosscal.metrics.chunks import (
    after_first_hyphen,
    after_last_hyphen,
    chunk_scores,
    chunks,
    strict_chunks,
)
from crosscal.metrics.tokens import macro_f1
from tests.metrics.readings import entities, runs

UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
IOB2 = ["O"] + [f"{prefix}-{kind}" for prefix in "BI" for kind in ("PER", "ORG", "LOC")]


def test_equal_to_both_versions_of_seqeval(frozen):
    order = ("f1", "precision", "recall")
    kinds = set()
    for case in frozen("tags")["cases"]:
        readings = {
            "seqeval 0.0.12": chunks,
            "seqeval 1.2.2": lambda s: chunks(s, after_first_hyphen),
            "seqeval 1.2.2 strict": strict_chunks,
        }
        for name, find in readings.items():
            if name in case:
                found = chunk_scores(case["predicted"], case["gold"], find)
                assert [found[m] for m in order] == pytest.approx(case[name], abs=1e-12)
                kinds.add((case["kind"], name))
    assert len(kinds) == 7


@pytest.mark.parametrize(("tags", "reading"), [(UPOS, runs), (IOB2, entities)])
@given(data=st.data())
def test_another_reading(tags, reading, data):
    few = data.draw(st.lists(st.sampled_from(tags), min_size=1, max_size=4))
    sentence = st.lists(st.sampled_from(few), min_size=1, max_size=12)
    sentences = data.draw(st.lists(sentence, max_size=4))
    expected, offset = set(), 0
    for s in sentences:
        expected |= {(kind, offset + a, offset + b) for kind, a, b in reading(s)}
        offset += len(s) + 1
    assert chunks(sentences) == expected


def test_the_oddities_that_give_the_score_its_name():
    assert chunks([["NOUN", "NOUN", "VERB"]]) == {("NOUN", 0, 1), ("VERB", 2, 2)}
    assert chunks([["SYM", "SYM", "INTJ", "INTJ"]]) == {
        ("SYM", 0, 0),
        ("SYM", 1, 1),
        ("INTJ", 2, 3),
    }
    assert chunks([["NOUN"], ["NOUN"]]) == {("NOUN", 0, 0), ("NOUN", 2, 2)}
    wrong = chunk_scores([["NOUN", "NOUN", "NOUN"]], [["NOUN", "NOUN", "VERB"]])
    assert wrong == {"f1": 0, "precision": 0, "recall": 0}  # two of three words are right


def test_strict_and_lenient_part_where_a_beginning_is_missing():
    tags = [["I-PER", "I-PER", "O", "B-LOC", "I-ORG"]]
    assert chunks(tags) == {("PER", 0, 1), ("LOC", 3, 3), ("ORG", 4, 4)}
    assert strict_chunks(tags) == {("LOC", 3, 3)}
    assert chunk_scores(tags, tags, strict_chunks)["f1"] == 1.0


def test_types():
    assert (after_last_hyphen("B-geo-loc"), after_first_hyphen("B-geo-loc")) == ("loc", "geo-loc")
    assert (after_last_hyphen("SCONJ"), after_first_hyphen("SCONJ")) == ("SCONJ", "CONJ")


def test_nothing_to_find_and_empty_tags():
    zeros = {"f1": 0, "precision": 0, "recall": 0}
    assert chunk_scores([["O", "O"]], [["O", "O"]]) == zeros
    assert chunk_scores([], []) == zeros
    with pytest.raises(DataError, match="sentence 2: a tag is empty"):
        chunks([["O"], ["O", ""]])


def test_macro_f1_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    for _ in range(50):
        gold = rng.choice(UPOS[:5], 30).tolist()
        said = np.where(rng.random(30) < 0.6, gold, rng.choice(UPOS, 30)).tolist()
        expected = f1_score(gold, said, labels=sorted(set(gold)), average="macro", zero_division=0)
        assert macro_f1(said, gold) == pytest.approx(expected, abs=1e-12)
