"""Scores of prediction tables, by family."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics import SCORERS, MetricInput, mining_threshold, score
from crosscal.predictions import Predictions, Provenance

TAGS = ("NOUN", "VERB", "SYM")


def rows(scores, gold, *, choices=None, language="en", clusters=None, threshold=None, **extra):
    n = len(gold)
    given = {"study": "s", "recipe": "direct", "task": "t", "family": "f", "encoder": "e"}
    predictions = Predictions.from_arrays(
        Provenance(**given, seed=1, choices=choices),
        unit_ids=[f"u{i:04d}" for i in range(n)] * 2,
        cluster_ids=(clusters or [f"u{i:04d}" for i in range(n)]) * 2,
        languages=[language] * 2 * n,
        splits=["dev"] * n + ["test"] * n,
        scores=[*([[0.0] * len(row) for row in scores]), *scores],
        gold=[-1] * n + list(gold),
        extra={name: list(values) * 2 for name, values in extra.items()},
    )
    return MetricInput.of(predictions, language=language, split="test", threshold=threshold)


def test_accuracy_is_that_of_scikit_learn_without_ties():
    rng = np.random.default_rng(0)
    scores, gold = rng.normal(size=(500, 3)), rng.integers(0, 3, 500)
    found = score("accuracy", rows(scores, gold, choices=("a", "b", "c")))
    assert found.official["accuracy"] == accuracy_score(gold, scores.argmax(axis=1))
    assert found.sound["accuracy"] == pytest.approx(found.official["accuracy"], abs=1e-12)
    assert (found.n, found.oracle) == (500, {})


def test_ties_are_shared_and_absent_gold_is_wrong():
    found = score("accuracy", rows([[1, 1, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]], [0, 1, 2, -1]))
    assert found.official["accuracy"] == pytest.approx(1 / 4)
    assert found.sound["accuracy"] == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 4)


def test_multiple_choice_with_choices_of_different_number():
    found = score("accuracy", rows([[-5, -2], [-5, -9, -1, -1], [0, 0]], [1, 3, 0]))
    assert found.official["accuracy"] == pytest.approx(2 / 3)
    assert found.sound["accuracy"] == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)


def one_hot(indices, k):
    return [[3.0 if i == index else 0.0 for i in range(k)] for index in indices]


def test_parts_of_speech():
    # Two sentences whose words alternate in the table: the sentence is the cluster.
    given = rows(
        one_hot([0, 0, 0, 1, 1], 3),
        [0, 0, 0, 0, 1],
        choices=TAGS,
        clusters=["s1", "s2", "s1", "s2", "s1"],
    )
    found = score("pos", given)
    assert found.sound["accuracy"] == pytest.approx(4 / 5)
    assert found.sound["f1_macro"] == pytest.approx((2 * 3 / 7 + 2 / 3) / 2)
    # s1: NOUN NOUN VERB, right. s2: NOUN VERB for NOUN NOUN: neither chunk is right.
    assert found.official == pytest.approx({"f1": 4 / 7, "precision": 2 / 4, "recall": 2 / 3})
    assert SCORERS["pos"].headline(found) == pytest.approx((4 / 7, 4 / 5))


def test_entities():
    tags = ("O", "B-PER", "I-PER", "B-geo-loc", "B-loc")
    given = rows(one_hot([2, 2, 0, 4], 5), [1, 2, 0, 3], choices=tags, clusters=["s"] * 4)
    found = score("entities", given)
    assert found.official["f1"] == 1.0  # a geo-loc is a loc, and I- begins an entity
    assert found.sound["f1"] == 0.5
    assert found.sound["f1_strict"] == 0.0


def test_tags_must_be_named_and_known():
    with pytest.raises(SettingsError, match="the tags are not named"):
        score("pos", rows([[0, 1, 2]], [0]))
    with pytest.raises(DataError, match=r"row 1 of en: the right tag is not among the choices"):
        score("entities", rows(one_hot([0, 0], 3), [0, -1], choices=TAGS))


def spans(language="th", **given):
    return rows(
        [[2.0, 1.0, 0.0], [0.0, 5.0], [1.0, 1.0]],
        [-1, 1, -1],
        language=language,
        choices=None,
        **{"answers": [["กรุงเทพ"], ["1945"], ["the"]]},
        **given,
    )


def with_choices(rows_, texts):
    table = rows_.table.append_column("choices", [texts])
    return MetricInput(table=table, language=rows_.language, threshold=rows_.threshold)


TEXTS = [["กรุงเทพฯ", "กรุงเทพ", ""], ["", "1945."], ["a", "x"]]


def test_spans():
    found = score("squad", with_choices(spans(), TEXTS))
    assert found.official == pytest.approx({"exact_match": 2 / 3, "f1": 1 / 3})
    assert found.sound["exact_match"] == pytest.approx(1 / 3)
    assert found.sound["f1"] == pytest.approx((2 * 6 / 13 + 1) / 3)
    assert SCORERS["squad"].headline(found)[0] == pytest.approx(1 / 2)


def test_mlqa_has_rules_for_its_own_languages_only():
    assert score("mlqa", with_choices(spans("en"), TEXTS)).official["exact_match"] == 2 / 3
    with pytest.raises(DataError, match=r"column 'language': there are no rules .* 'th'"):
        score("mlqa", with_choices(spans(), TEXTS))


def test_span_columns_must_be_there_and_fit():
    with pytest.raises(DataError, match="column 'choices': column is missing"):
        score("squad", spans())
    with pytest.raises(DataError, match="row 1 of th: 3 choices with 2 scores"):
        score("squad", with_choices(spans(), [TEXTS[0], TEXTS[0], TEXTS[2]]))
    with pytest.raises(DataError, match="row 2 of th: not a list of texts: None"):
        score("squad", with_choices(spans(), [*TEXTS[:2], None]))
    with pytest.raises(DataError, match="no right answer"):
        given = rows([[0, 1]], [0], answers=[[]])
        score("squad", with_choices(given, [["", "x"]]))


def answerable(threshold=None):
    given = rows(
        [[1.0, 3.0], [4.0, 1.0], [2.0, 2.0], [0.5, 0.0]],
        [1, 0, 0, 0],
        threshold=threshold,
        answers=[["باريس"], [], [], ["x y"]],
    )
    return with_choices(given, [["", "باريس"], ["", "b"], ["", "c"], ["", "x"]])


def test_answers_or_none():
    found = score("squad2", answerable())
    # Said: the right one; none, rightly; c, since a tie is no excess; none, wrongly.
    assert found.official["exact_match"] == 2 / 4
    assert found.official["f1_answerable"] == 1 / 2
    assert found.official["f1_unanswerable"] == 1 / 2
    assert found.oracle == {"exact_match": 3 / 4, "f1": 3 / 4}
    bolder = score("squad2", answerable(threshold=1.0))
    assert bolder.official["f1"] == pytest.approx((1 + 1 + 0 + 2 / 3) / 4)
    assert bolder.official.keys() == bolder.sound.keys()


def test_only_the_empty_choice_or_never_the_empty_one():
    given = rows([[0.0, 1.0], [1.0, 2.0]], [0, 1], answers=[[], ["x"]])
    found = score("squad2", with_choices(given, [["", ""], ["y", "x"]]))
    assert found.official["exact_match"] == 1.0


def mined(threshold=None, **changes):
    columns = {
        "mined": [["en-1"], ["en-3", "en-4"], []],
        "mined_scores": [[1.2], [1.1, 1.0], []],
        "partners": [["en-1"], [], ["en-9", "en-8"]],
    }
    given = {name: value for name, value in {**columns, **changes}.items() if value is not None}
    return rows([[1, 0]] * 3, [0, -1, -1], language="zh", threshold=threshold, **given)


def test_mined_pairs():
    found = score("bitext", mined(1.1))
    assert found.official == pytest.approx({"f1": 2 / 5, "precision": 1 / 2, "recall": 1 / 3})
    assert found.sound == found.official
    assert score("bitext", mined(1.15)).official["precision"] == 1.0
    assert score("bitext", mined(9.0)).official["f1"] == 0.0
    assert mining_threshold(mined()) == pytest.approx(1.15)


def test_mined_pairs_that_cannot_be_scored():
    with pytest.raises(SettingsError, match="mined pairs need a threshold"):
        score("bitext", mined())
    with pytest.raises(DataError, match="column 'partners': column is missing"):
        score("bitext", mined(1.0, partners=None))
    with pytest.raises(DataError, match="row 1 of zh: 1 scores for 2 pairs"):
        score("bitext", mined(1.0, mined_scores=[[1.2], [1.1], []]))
    with pytest.raises(DataError, match="row 0 of zh: not a list of finite numbers"):
        score("bitext", mined(1.0, mined_scores=[[float("nan")], [1.1, 1.0], []]))
    with pytest.raises(DataError, match="no mined pair is right"):
        mining_threshold(mined(partners=[[], [], ["en-1"]]))


def test_unknown_scorer_and_absent_language():
    with pytest.raises(SettingsError, match="Did you mean 'accuracy'"):
        score("acuracy", rows([[1, 0]], [0]))
    predictions = Predictions.from_arrays(
        Provenance(study="s", recipe="r", seed=1, task="t", family="f", encoder="e"),
        unit_ids=["u"], cluster_ids=["u"], languages=["ur"], splits=["test"],
        scores=[[0, 1]], gold=[1],
    )  # fmt: skip
    with pytest.raises(DataError, match="no predictions for language 'he'"):
        MetricInput.of(predictions, language="he", split="test")


def test_every_headline_is_a_metric():
    samples = {
        "accuracy": rows([[1, 0]], [0]),
        "pos": rows(one_hot([0], 3), [0], choices=TAGS),
        "entities": rows(one_hot([0], 3), [0], choices=TAGS),
        "squad": with_choices(spans(), TEXTS),
        "mlqa": with_choices(spans("zh"), TEXTS),
        "squad2": answerable(),
        "bitext": mined(1.0),
    }
    assert samples.keys() == SCORERS.keys()
    for name, given in samples.items():
        assert all(0 <= figure <= 1 for figure in SCORERS[name].headline(score(name, given)))
