"""Events about entities, against enumeration of all tag sequences and against scoring."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.analysis.events import EventSettings, event_names, events
from crosscal.calibration import softmax
from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics import MetricInput, score
from crosscal.metrics.chunks import after_first_hyphen, chunks, strict_chunks

TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
NAMES = ("entity-product", "entity-minimum", "entity-geometric", "entity-marginal")


def words(said, gold):
    return list(zip(said.split(), gold.split(), strict=True))


def found_in(table, name="entity-product", rules="sound", **more):
    return events(table, name, settings=EventSettings(rules=rules), **more)["en"]


@pytest.mark.parametrize(
    ("said", "gold", "rules", "kinds", "correct"),
    [
        ("B-PER I-PER O", "B-PER I-PER O", "sound", ["PER"], [1]),
        # Adjacent entities of one type: two by their B-, one without.
        ("B-PER B-PER O", "B-PER B-PER O", "sound", ["PER", "PER"], [1, 1]),
        ("B-PER I-PER O", "B-PER B-PER O", "sound", ["PER"], [0]),
        # An I- that goes on with nothing begins an entity, unless rules are strict.
        ("O I-PER I-PER", "O B-PER I-PER", "sound", ["PER"], [1]),
        ("O I-PER I-PER", "O B-PER I-PER", "strict", [], []),
        # An I- of another type begins another entity, or is outside.
        ("B-LOC I-PER O", "B-LOC B-PER O", "sound", ["LOC", "PER"], [1, 1]),
        ("B-LOC I-PER O", "B-LOC B-PER O", "strict", ["LOC"], [1]),
        # The right words with another type are wrong, and so are other ends.
        ("B-LOC I-LOC", "B-PER I-PER", "sound", ["LOC"], [0]),
        ("B-LOC O", "B-LOC I-LOC", "sound", ["LOC"], [0]),
        ("O O", "B-LOC I-LOC", "sound", [], []),
    ],
)
def test_one_sentence(tagged, said, gold, rules, kinds, correct):
    found = found_in(tagged([words(said, gold)]), rules=rules)
    assert found.kinds.tolist() == kinds
    assert found.correct.tolist() == correct
    assert len(found) == len(found.confidence)


def test_entity_ends_with_its_sentence(tagged):
    table = tagged(
        [words("O B-PER", "O B-PER"), words("I-PER O", "B-PER O"), words("B-LOC", "B-LOC")]
    )
    found = found_in(table)
    assert found.unit_ids.tolist() == ["s000-0001", "s001-0000", "s002-0000"]
    assert found.cluster_ids.tolist() == ["en/s000", "en/s001", "en/s002"]
    assert found.correct.tolist() == [1, 1, 1]
    # No word follows the first entity, so that nothing can go on with it.
    first = np.exp(4.0) / (np.exp(4.0) + 4)
    assert found.confidence == pytest.approx([first] * 3)
    others = 1 / (np.exp(4.0) + 4)
    begins = [first + others * (1 - 2 * others), others + first, first + others]
    ends = [1, 1 - others, 1]
    marginal = found_in(table, "entity-marginal").confidence
    assert marginal == pytest.approx(np.multiply(begins, ends))


def test_product_minimum_and_geometric_mean(tagged):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(3, 5))
    for row, tag in enumerate((3, 4, 4)):
        scores[row, tag] = scores[row].max() + 0.5
    gold = ("B-PER", "I-PER", "I-PER")
    table = tagged([list(zip(scores, gold, strict=True))])
    p = softmax(scores.astype(np.float32)).max(axis=1)
    wanted = {
        "entity-product": p.prod(),
        "entity-minimum": p.min(),
        "entity-geometric": p.prod() ** (1 / 3),
    }
    for name, value in wanted.items():
        assert found_in(table, name).confidence[0] == pytest.approx(value, rel=1e-12)


@given(st.integers(0, 2**31), st.integers(1, 4), st.sampled_from(["sound", "strict"]))
@settings(max_examples=40, deadline=None)
def test_marginals_by_enumeration(tagged, seed, length, rules):
    """Sum the probability of every tag sequence of the sentence that holds the entity."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(length, 5)).astype(np.float32)
    # A sentence before and one behind, so that an entity at an end has neighbours to ignore.
    around = [("B-PER", "B-PER"), ("B-LOC", "B-LOC")]
    middle = [(row, "O") for row in scores]
    found = found_in(tagged([around, middle, around]), "entity-marginal", rules)
    p = softmax(scores)
    find = strict_chunks if rules == "strict" else lambda s: chunks(s, type_of=after_first_hyphen)
    wanted: dict[tuple[str, int, int], float] = {}
    for sequence in product(range(5), repeat=length):
        weight = float(np.prod([p[word, tag] for word, tag in enumerate(sequence)]))
        for chunk in find([[TAGS[tag] for tag in sequence]]):
            wanted[chunk] = wanted.get(chunk, 0.0) + weight
    said = find([[TAGS[tag] for tag in scores.argmax(axis=1)]])
    inside = [n for n, c in enumerate(found.cluster_ids) if c == "en/s001"]
    assert len(inside) == len(said)
    for place, chunk in zip(inside, sorted(said, key=lambda c: c[1:]), strict=True):
        assert found.confidence[place] == pytest.approx(wanted[chunk], rel=1e-9)


@given(st.integers(0, 2**31), st.sampled_from(["sound", "seqeval", "strict"]))
@settings(max_examples=40, deadline=None)
def test_precision_and_recall_are_those_of_scoring(tagged, seed, rules):
    rng = np.random.default_rng(seed)
    tags = ("O", "B-geo-loc", "I-geo-loc", "B-loc", "I-loc")
    sentences = [
        [(rng.normal(size=5), tags[int(rng.integers(0, 5))]) for _ in range(rng.integers(1, 9))]
        for _ in range(12)
    ]
    table = tagged(sentences, tags=tags)
    scored = score("entities", MetricInput.of(table, language="en", split="test"))
    found = found_in(table, rules=rules)
    gold, right = (sum(getattr(r, n) for r in found.recall.values()) for n in ("gold", "found"))
    assert right == found.correct.sum()
    if rules == "strict":
        f1 = 2 * right / (len(found) + gold) if right else 0.0
        assert f1 == pytest.approx(scored.sound["f1_strict"])
    else:
        metrics = scored.sound if rules == "sound" else scored.official
        assert found.correct.mean() == pytest.approx(metrics["precision"])
        assert right / gold == pytest.approx(metrics["recall"])
        assert set(found.recall) == ({"loc"} if rules == "seqeval" else {"loc", "geo-loc"})


def test_what_was_not_predicted_is_counted(tagged):
    table = tagged(
        [
            words("O O O", "B-PER I-PER O"),  # nothing there
            words("B-PER O O", "B-PER I-PER O"),  # touched
            words("O B-LOC O", "O B-PER O"),  # touched, of another type
            words("O B-PER O", "O B-PER B-LOC"),  # found; its neighbour missed
        ]
    )
    recall = found_in(table).recall
    assert (recall["PER"].gold, recall["PER"].found, recall["PER"].partial_match) == (4, 1, 2)
    assert recall["PER"].missed == 1
    assert (recall["LOC"].gold, recall["LOC"].found, recall["LOC"].missed) == (1, 0, 1)
    of_type = found_in(table).of_kind("LOC")
    assert len(of_type) == 1
    assert list(of_type.recall) == ["LOC"]


def test_nothing_predicted(tagged):
    table = tagged([words("O O", "B-PER O"), words("O", "O")])
    for name in NAMES:
        found = found_in(table, name)
        assert len(found) == 0
        assert found.recall["PER"].missed == 1
        assert found.of_kind("PER").recall["PER"].gold == 1


def test_temperature_moves_confidences_and_nothing_else(tagged):
    table = tagged([words("B-PER I-PER O", "B-PER I-PER O"), words("B-LOC", "O")])
    for name in NAMES:
        cold, hot = (found_in(table, name, temperature=t) for t in (0.5, 4.0))
        assert (cold.confidence > hot.confidence).all()
        assert (cold.correct == hot.correct).all()
        assert cold.temperature == 0.5


def test_words_of_a_sentence_need_not_be_neighbours_in_the_table(make_table):
    rows = [
        {"unit": unit, "cluster": cluster, "scores": np.eye(5)[tag] * 4, "gold": tag}
        for unit, cluster, tag in (("a", "x", 1), ("b", "y", 0), ("c", "x", 2), ("d", "y", 1))
    ]
    found = events(make_table("tagging", rows, choices=TAGS), "entity-product")["en"]
    assert found.unit_ids.tolist() == ["a", "d"]
    assert found.correct.tolist() == [1, 1]


def test_what_is_refused(tagged, make_table):
    pos = tagged([[("NOUN", "NOUN"), ("VERB", "NOUN")]], tags=("NOUN", "VERB"))
    assert event_names(pos) == ("word",)
    with pytest.raises(SettingsError, match="tag 'NOUN' marks no entity"):
        events(pos, "entity-product")
    table = tagged([words("B-PER", "B-PER")])
    with pytest.raises(SettingsError, match="Did you mean 'strict'"):
        found_in(table, rules="strikt")
    unknown = make_table("tagging", [{"scores": np.eye(5)[1], "gold": -1}], choices=TAGS)
    with pytest.raises(DataError, match="right tag is not among"):
        events(unknown, "entity-product")
    assert events(unknown, "word")["en"].correct.tolist() == [0]
    unnamed = make_table("tagging", [{"scores": np.eye(5)[1], "gold": 1}])
    with pytest.raises(SettingsError, match="not named"):
        events(unnamed, "entity-marginal")
