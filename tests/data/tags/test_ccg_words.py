"""CCG supertags as JSON and as word|POS|supertag."""

from __future__ import annotations

import json

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.tags.samples import sentences


def test_ccg_json(write):
    data = [["No cats", [["NP[nb]/N", "N"], [0, 0]]], ["Go", [["S[b]\\NP"], [0]]]]
    reading = read_examples("ccg-json", write("a.json", json.dumps(data)))
    assert sentences(reading) == [
        (("No", "cats"), ("NP[nb]/N", "N")),
        (("Go",), ("S[b]\\NP",)),
    ]


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[["a b", [["N"], [0]]]]', "[0]", "2 words, 1 supertags and 1 heads"),
        ('[["a", [["N"], [0]]], ["b", [["N"], ["0"]]]]', "[1][1][1][0]", "a whole number"),
        ('[["a", [["N"]]]]', "[0][1]", "1 items instead of 2"),
        ('{"a": 1}', "top level", "a list is needed here, but this is an object"),
        ('[["a",\n [["N"], [0}]]', "2", "no JSON"),
    ],
)
def test_bad_ccg_json_is_told(write, text, where, what):
    file = write("bad.json", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("ccg-json", file)
    assert caught.value.where == f"{file}:{where}"


def test_stagged_words_may_hold_bars(write):
    text = "# C&C header\n\nHow|WRB|S[wq]/S[q] a|b|NN|N\n"
    assert sentences(read_examples("ccg-stagged", write("a.stagged", text))) == [
        (("How", "a|b"), ("S[wq]/S[q]", "N"))
    ]
    with pytest.raises(DataError, match="two spaces in a row"):
        read_examples("ccg-stagged", write("b.stagged", "a|b|N  c|d|N\n"))
    with pytest.raises(DataError, match=r"'a\|N' is not word\|POS\|supertag|'a' is not"):
        read_examples("ccg-stagged", write("c.stagged", "a|N\n"))


@pytest.mark.parametrize(
    ("name", "path", "count", "words", "tags"),
    [
        ("ccg-json", "biomedical/GENIA1000.json", 1000, 26_805, 181),
        ("ccg-json", "questionbank/questions/qus_train.json", 1328, 11_161, 144),
        ("ccg-stagged", "questionbank/questions/qus_train.staggedGold", 1328, 11_161, 144),
        ("ccg-stagged", "questionbank/questions/qus_test.staggedGold", 500, 4078, 113),
        ("ccg-auto", "geometry/geo-train.auto", 63, 948, 43),
        ("ccg-auto", "geometry/geo-dev.auto", 62, 892, 36),
        ("ccg-auto", "switchboard/test100.auto", 100, 1270, 125),
    ],
)
def test_real_ccg(real_data, name, path, count, words, tags):
    examples = read_examples(name, real_data / "ccg_ud2ccg" / path).examples
    assert len(examples) == count
    assert sum(len(e.words) for e in examples) == words
    assert len({tag for e in examples for tag in e.tags}) == tags


def test_two_forms_of_the_same_questions_agree(real_data):
    folder = real_data / "ccg_ud2ccg" / "questionbank" / "questions"
    forms = [
        sentences(read_examples(name, folder / f"qus_train.{ending}"))
        for name, ending in (("ccg-json", "json"), ("ccg-stagged", "staggedGold"))
    ]
    assert forms[0] == forms[1]
