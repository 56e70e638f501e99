"""From embeddings of two sides to predictions, accuracy and the layer sweep."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from crosscal.data.examples import SentenceExample
from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics.bitext import bitext_scores
from crosscal.predictions import Predictions
from crosscal.predictions.provenance import Provenance
from crosscal.tasks.families.sentence_tokens import sentence_tokens
from crosscal.tasks.retrieval.retrieval import Sides, accuracy, layer_sweep, mine_pairs, retrieve

HINDI = ("बिल्ली सो रही है।", "घर गरम है।", "कोई नहीं आया।", "कल बारिश हुई।")
ENGLISH = ("The cat sleeps.", "The house is warm.", "Nobody came.", "It rained yesterday.")


def examples(texts, *, english, partners, language="hi"):
    side = "b" if english else "a"
    return [
        SentenceExample(f"{side}-{i}", f"c-{i}", language, english, f"id{i}", text, found)
        for i, (text, found) in enumerate(zip(texts, partners, strict=True))
    ]


def directions(*angles):
    turned = np.radians(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


@pytest.fixture
def sides():
    """Hindi i translates English 3 - i, as far as anything does; the third has no translation."""
    other = examples(HINDI, english=False, partners=[("b-3",), ("b-2",), (), ("b-0",)])
    english = examples(ENGLISH, english=True, partners=[("a-3",), (), ("a-1",), ("a-0",)])
    return Sides(
        other=other,
        english=english,
        other_rows=directions(0, 30, 60, 100),
        english_rows=directions(101, 75, 10, 12),
    )


def test_nearest_candidates_with_gold_among_them(sides):
    found = retrieve(sides, k=2)
    forward, backward = found["to-english"], found["from-english"]
    assert forward.extra["choices"] == [
        ["b-2", "b-3"],
        ["b-3", "b-2"],
        ["b-1", "b-0"],
        ["b-0", "b-1"],
    ]
    assert forward.gold.tolist() == [1, 1, -1, 0]
    assert forward.scores.dtype == np.float32
    cosines = [math.cos(math.radians(a)) for a in (10, 12, 18, 20, 15, 41, 1, 25)]
    assert forward.scores.ravel() == pytest.approx(cosines, abs=1e-6)
    assert forward.extra["partners"] == [["b-3"], ["b-2"], [], ["b-0"]]
    assert forward.units["unit_id"].to_pylist() == ["a-0", "a-1", "a-2", "a-3"]
    assert backward.extra["choices"][0] == ["a-3", "a-2"]
    assert backward.gold.tolist() == [0, -1, 1, 0]
    assert backward.extra["direction"] == ["from-english"] * 4
    assert accuracy(forward) == 0.25
    assert accuracy(backward) == 0.5


def test_gold_is_the_nearest_of_several_translations(sides):
    several = [replace(sides.other[0], partners=("b-3", "b-2")), *sides.other[1:]]
    assert retrieve(replace(sides, other=several), k=3)["to-english"].gold[0] == 0


def test_of_equal_candidates_the_first_is_chosen(sides):
    equal = replace(sides, english_rows=directions(5, 5, 5, 5))
    found = retrieve(equal, k=4)["to-english"]
    assert found.extra["choices"] == [["b-0", "b-1", "b-2", "b-3"]] * 4
    assert found.gold.tolist() == [3, 2, -1, 0]


def test_columns_are_a_prediction_table(sides):
    found = retrieve(sides, k=3)["from-english"]
    provenance = Provenance(
        study="s", recipe="direct", seed=1, task="tatoeba", family="retrieval", encoder="tiny"
    )
    table = Predictions.from_arrays(
        provenance,
        unit_ids=found.units["unit_id"],
        cluster_ids=found.units["cluster_id"],
        languages=found.units["language"],
        splits=["test"] * 4,
        scores=found.scores,
        gold=found.gold,
        extra=found.extra,
    )
    chosen = table.select(language="hi", split="test")
    assert (chosen.scores.argmax(axis=1) == 0).all()
    assert (chosen.gold == found.gold).all()
    assert table.table["choices"].type == pa.list_(pa.string())


def test_sweep_finds_the_layer(sides):
    """Layer 4 has every translation nearest, layer 9 none, in a set without the untranslated."""
    gold = {0: ("a-0",), 1: ("a-1",)}
    english = examples(ENGLISH[:2], english=True, partners=gold.values())
    other = examples(HINDI[:2], english=False, partners=[("b-0",), ("b-1",)])
    pair = Sides(
        other=other,
        english=english,
        other_rows=np.stack([directions(0, 90), directions(0, 90), directions(0, 1)]),
        english_rows=np.stack([directions(2, 88), directions(88, 2), directions(3, 60)]),
    )
    rows = layer_sweep({"hi": pair, "th": pair}, layers=[4, 9, 12])
    assert rows[0] == {
        "language": "hi",
        "layer": 4,
        "direction": "to-english",
        "accuracy": 1.0,
        "n": 2,
    }
    assert [row["accuracy"] for row in rows[:6]] == [1, 1, 0, 0, 0.5, 0.5]
    assert [row["direction"] for row in rows[:2]] == ["to-english", "from-english"]
    assert [row["language"] for row in rows] == ["hi"] * 6 + ["th"] * 6
    single = retrieve(pair.layer(2), k=2)
    assert rows[4]["accuracy"] == accuracy(single["to-english"])


def test_sweep_equals_a_full_matrix():
    rng = np.random.default_rng(0)
    count = 60
    other = examples(["न"] * count, english=False, partners=[(f"b-{i}",) for i in range(count)])
    english = examples(["n"] * count, english=True, partners=[(f"a-{i}",) for i in range(count)])
    rows = rng.normal(size=(2, 3, count, 16)).astype(np.float32)
    rows[1] = rows[0] + np.array([0.5, 1.0, 2.0])[:, None, None] * rows[1]
    pair = Sides(other=other, english=english, other_rows=rows[0], english_rows=rows[1])
    found = layer_sweep({"hi": pair}, layers=range(3), block=17)
    units = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    for layer in range(3):
        cosines = units[0, layer] @ units[1, layer].T
        shares = [float((cosines.argmax(axis=a) == np.arange(count)).mean()) for a in (1, 0)]
        assert [row["accuracy"] for row in found if row["layer"] == layer] == shares
    assert found[0]["accuracy"] > found[-1]["accuracy"]


def test_mined_pairs():
    """Two translations are mined; the third is of a repeated sentence, and so lost.

    The second goes without: the best of its neighbours are taken.
    """
    texts = ("一", "二", "三", "四", "三")
    other = examples(
        texts, english=False, partners=[("b-1",), (), ("b-0",), ("b-2",), ()], language="zh"
    )
    english = examples(
        ("three", "one", "four", "five"),
        english=True,
        partners=[("a-2",), ("a-0",), ("a-3",), ()],
        language="zh",
    )
    pair = Sides(
        other=other,
        english=english,
        other_rows=directions(0, 20, 40, 60, 41),
        english_rows=directions(41, 2, 59, 100),
    )
    found = mine_pairs(pair, neighbours=2)
    assert found.extra["mined"] == [["b-1"], [], [], ["b-2"], []]
    assert found.gold.tolist() == [0, -1, 0, 0, -1]
    assert found.extra["choices"][0] == ["b-1", "b-0"]
    assert found.extra["choices"][2] == found.extra["choices"][4]  # the same text
    assert (np.diff(found.scores, axis=1) <= 0).all()
    score = found.extra["mined_scores"][0][0]
    assert np.float32(score) == found.scores[0, 0]
    mined = {
        (example.unit_id, unit)
        for example, units in zip(other, found.extra["mined"], strict=True)
        for unit in units
    }
    gold = {(example.unit_id, unit) for example in other for unit in example.partners}
    assert bitext_scores(mined, gold)["f1"] == pytest.approx(0.8)


def test_gold_text_that_is_repeated_is_found_under_its_first_sentence():
    other = examples(("а", "б"), english=False, partners=[("b-2",), ("b-0",)], language="ru")
    english = examples(
        ("b", "a", "a"), english=True, partners=[("a-1",), (), ("a-0",)], language="ru"
    )
    pair = Sides(
        other=other,
        english=english,
        other_rows=directions(0, 90),
        english_rows=directions(88, 2, 2),
    )
    found = mine_pairs(pair, neighbours=2)
    assert found.extra["choices"][0] == ["b-1", "b-0"]
    assert found.gold.tolist() == [0, 0]
    assert found.extra["mined"] == [[], ["b-0"]]


def test_backward_may_give_a_sentence_several():
    other = examples(("а", "б"), english=False, partners=[(), ()], language="ru")
    english = examples(("a", "b"), english=True, partners=[(), ()], language="ru")
    pair = Sides(
        other=other,
        english=english,
        other_rows=directions(0, 80),
        english_rows=directions(1, 3),
    )
    found = mine_pairs(pair, retrieval="backward", margin="absolute", neighbours=2)
    assert found.extra["mined"] == [["b-0", "b-1"], []]
    assert len(found.extra["mined_scores"][0]) == 2


def test_faults(sides):
    with pytest.raises(DataError, match="other side: 3 embeddings for 4 sentences"):
        retrieve(replace(sides, other_rows=sides.other_rows[:3]))
    with pytest.raises(DataError, match="English side: 3 embeddings for 4 sentences"):
        retrieve(replace(sides, english_rows=sides.english_rows[:3]))
    with pytest.raises(SettingsError, match="5 neighbours were asked for, but there are 4"):
        retrieve(sides, k=5)
    unknown = [replace(sides.other[0], partners=None), *sides.other[1:]]
    with pytest.raises(DataError, match="hi a-0: the sentence has no gold translations"):
        retrieve(replace(sides, other=unknown), k=2)
    with pytest.raises(DataError, match="hi a-0: the sentence has no gold translations"):
        mine_pairs(replace(sides, other=unknown))
    gone = [*sides.other[:3], replace(sides.other[3], partners=("b-9",))]
    with pytest.raises(DataError, match="hi a-3: the sentence has a translation elsewhere"):
        retrieve(replace(sides, other=gone), k=2)
    stacked = replace(
        sides, other_rows=sides.other_rows[None], english_rows=sides.english_rows[None]
    )
    with pytest.raises(DataError, match="layer sweep, hi: embeddings of 1 layers for 2 names"):
        layer_sweep({"hi": stacked}, layers=[0, 1])


@pytest.fixture
def tokenizer(tiny_encoder):
    pytest.importorskip("tokenizers")
    pytest.importorskip("torch")
    from crosscal.encoders.loading import load_tokenizer

    return load_tokenizer(tiny_encoder("xlm-roberta"))


def test_tokens_of_sentences(tokenizer, sentences):
    from crosscal.tasks.families.family import InputLimits

    many = examples(sentences * 80, english=False, partners=[()] * 1200)
    tokens = sentence_tokens(tokenizer, many, InputLimits(max_length=500, token_types=1))
    assert len(tokens) == 1200
    assert tokens.truncated == 0
    for row in (0, 7, 999, 1000, 1199):
        ids = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
        assert ids.tolist() == tokenizer.encode(many[row].text).ids
        assert tokenizer.id_to_token(int(ids[0])) == "<s>"
        assert tokenizer.id_to_token(int(ids[-1])) == "</s>"
    assert tokens.units["unit_id"].to_pylist() == [example.unit_id for example in many]
    assert not tokens.token_type_ids.any()


def test_prefix_goes_before_every_sentence(tokenizer, sentences):
    from crosscal.tasks.families.family import InputLimits

    some = examples(sentences, english=False, partners=[()] * len(sentences))
    limits = InputLimits(max_length=500, token_types=1)
    prefixed = sentence_tokens(tokenizer, some, limits, prefix="query: ")
    for row, text in enumerate(sentences):
        ids = prefixed.ids[prefixed.offsets[row] : prefixed.offsets[row + 1]]
        assert ids.tolist() == tokenizer.encode("query: " + text).ids
    assert len(prefixed.ids) > len(sentence_tokens(tokenizer, some, limits).ids)


def test_long_sentences_are_cut_and_counted(tokenizer, sentences):
    from crosscal.tasks.families.family import InputLimits

    some = examples(sentences, english=False, partners=[()] * len(sentences))
    whole = sentence_tokens(tokenizer, some, InputLimits(max_length=500, token_types=1))
    longest = int(np.sort(whole.lengths)[-3])
    cut = sentence_tokens(tokenizer, some, InputLimits(max_length=longest, token_types=1))
    assert cut.truncated == int((whole.lengths > longest).sum()) > 0
    assert cut.lengths.max() == longest
    ends = cut.ids[cut.offsets[1:] - 1]
    assert {tokenizer.id_to_token(int(i)) for i in ends} == {"</s>"}
    assert tokenizer.truncation is None  # left as it was found
    with pytest.raises(DataError, match="there are no sentences"):
        sentence_tokens(tokenizer, [], InputLimits(max_length=9, token_types=1))
