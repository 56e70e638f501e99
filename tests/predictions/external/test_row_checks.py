"""One score a row that is not what its name says, in tables of any length and order."""

import numpy as np
import pandas as pd
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.choosing import choose_columns
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external
from crosscal.predictions.external.sources.opening import open_source
from crosscal.predictions.external.sources.table_source import HEAD
from tests.predictions.external.truth_tables import NAMES, N, lines, read, text

WORDS = np.array(NAMES)
YES_NO = np.array(["no", "yes"])

LONG = {
    "outcome": lambda p, gold: (np.repeat(gold, 3) == np.tile(range(3), N)).astype(int),
    "right class": lambda p, gold: WORDS[np.repeat(gold, 3)],
}


@pytest.mark.parametrize("label", LONG)
@pytest.mark.parametrize("value", ["confidence", "prob", "logit"])
def test_a_row_for_each_choice_is_no_row_for_each_unit(truth, value, label):
    p, gold = truth
    values = (np.log(p) if value == "logit" else p).ravel()
    frame = pd.DataFrame({"item": np.repeat(np.arange(N), 3), "predicted": np.tile(WORDS, N)})
    name = "correct" if value == "confidence" and label == "outcome" else "label"
    frame = frame.assign(**{value: values, name: LONG[label](p, gold)})
    frame = frame.sample(frac=1, random_state=0)
    with pytest.raises(DataError, match="several rows for each 'item'|one column of scores is too"):
        read(frame)


def test_parallel_items_are_no_choices(truth):
    p, gold = truth
    frame = pd.DataFrame({"prob": p[:, 0], "label": gold == 0}).iloc[np.repeat(np.arange(N), 2)]
    frame = frame.assign(item=np.repeat(np.arange(N), 2), lang=np.tile(["en", "sw"], N))
    assert len(read(frame, group="lang")) == 2 * N


def long_table(n=HEAD, k=3, value="confidence"):
    """A row for each of k choices of n items; the right one is said by `correct`."""
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(k), n).round(6)
    gold = [rng.choice(k, p=row / row.sum()) for row in p]
    frame = pd.DataFrame({"item": np.repeat(np.arange(n), k), "choice": np.tile(WORDS[:k], n)})
    return frame.assign(**{value: p.ravel(), "correct": np.eye(k, dtype=int)[gold].ravel()})


ORDERS = {
    "adjacent": lambda frame: frame,
    "by choice": lambda frame: frame.sort_values("choice", kind="stable"),
    "shuffled": lambda frame: frame.sample(frac=1, random_state=0),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("k", [2, 3])
def test_choices_are_found_beyond_the_first_rows_in_any_order(order, k):
    frame = ORDERS[order](long_table(k=k))
    with pytest.raises(DataError, match="several rows for each 'item', whose values sum to 1"):
        read(frame)
    assert len(read(frame, confidence="confidence")) == k * HEAD
    # Of words that are the right classes too, and under another name.
    right = frame[frame.correct == 1].set_index("item").choice
    other = frame.assign(gold=frame.item.map(right)).drop(columns="correct")
    with pytest.raises(DataError, match="several rows for each 'item', whose values sum to 1"):
        read(other.rename(columns={"choice": "predicted"}))


@pytest.mark.parametrize("order", ["adjacent", "by choice"])
def test_choices_are_found_without_ids(order):
    frame = ORDERS[order](long_table(n=30)).drop(columns="item")
    with pytest.raises(DataError, match="there seem to be 3 rows for each unit, whose values sum"):
        read(frame)


def test_choices_of_independent_scores():
    frame = long_table(n=20).assign(confidence=np.random.default_rng(0).random(60))
    with pytest.raises(DataError, match="several rows for each 'item', one for each choice"):
        read(frame.sample(frac=1, random_state=1))


def of_class_one(name="confidence", n=40, threshold=0.5):
    """The probability of "yes", and what was chosen."""
    rng = np.random.default_rng(7)
    p = rng.random(n).round(4)
    gold = (rng.random(n) < p).astype(int)
    return pd.DataFrame({name: p, "pred": YES_NO[(p >= threshold).astype(int)]}), gold


@pytest.mark.parametrize("name", ["confidence", "max_prob", "pred_prob"])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_the_probability_of_one_class_is_no_confidence(name, threshold):
    frame, gold = of_class_one(name, threshold=threshold)
    frame = frame.assign(label=YES_NO[gold])
    option = f"--probabilities '{name}' --labels 'label' --classes 'no,yes'"
    with pytest.raises(
        DataError, match=f"probability of 'yes'.*{option}; or --confidence '{name}'"
    ):
        read(frame)
    found = read(frame, probabilities=name, labels="label", classes=("no", "yes"))
    assert found.values[:, 1].tolist() == frame[name].tolist()
    assert found.gold.tolist() == gold.tolist()
    # Asked for by name it is read, with a note.
    named = read(frame, confidence=name, predicted="pred")
    assert "probability of 'yes'" in named.warnings[0]
    assert named.gold.tolist() == (frame.pred == frame.label).astype(int).tolist()


def test_the_other_class_numbers_and_outcomes():
    frame, gold = of_class_one()
    other = frame.assign(confidence=1 - frame.confidence, label=YES_NO[gold])
    with pytest.raises(DataError, match="--classes 'yes,no'"):
        read(other)
    right = (frame.pred == YES_NO[gold]).astype(int)
    with pytest.raises(DataError, match="Write 1 - confidence where 'pred' is 'no'; or give"):
        read(frame.assign(correct=right))
    numbers = pd.DataFrame({"conf": frame.confidence, "pred": 1 * (frame.pred == "yes")})
    with pytest.raises(DataError, match="--classes '0,1'"):
        read(numbers.assign(label=gold))
    found = read(numbers.assign(label=gold), probabilities="conf", classes=("0", "1"))
    assert found.gold.tolist() == gold.tolist()


def test_a_table_sorted_by_score_shows_it_late():
    frame, gold = of_class_one("score", n=3 * HEAD)
    frame = frame.assign(label=YES_NO[gold]).sort_values("score", ascending=False)
    assert (frame.score[:HEAD] >= 0.5).all()
    with pytest.raises(DataError, match="probability of 'yes', whatever was chosen"):
        read(frame)


def test_confidences_below_one_half_are_read_where_the_choice_is_free_of_them():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"confidence": rng.random(80).round(2), "pred": YES_NO[np.arange(80) % 2]})
    found = read(frame.assign(label="yes"))
    assert found.values.tolist() == frame.confidence.tolist()
    assert not found.warnings


def test_positions_of_tokens_are_no_choices():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"sentence": np.repeat(np.arange(30), 6), "token": np.tile(range(6), 30)})
    frame = frame.assign(confidence=rng.random(180).round(3), correct=rng.integers(0, 2, 180))
    assert read(frame).gold.tolist() == frame.correct.tolist()


def test_a_probability_that_is_never_low_is_asked_about():
    frame, gold = of_class_one("prob")
    top = frame.assign(prob=np.maximum(frame.prob, 1 - frame.prob), label=gold).drop(columns="pred")
    with pytest.raises(DataError, match="no value of 'prob' is below one half"):
        read(top)
    assert len(read(top, probabilities="prob")) == len(top)
    assert len(read(top[top.label == 1])) == gold.sum()


def test_a_named_confidence_does_not_make_labels_outcomes():
    frame, gold = of_class_one()
    pred = 1 * (frame.pred == "yes")
    top = frame.assign(confidence=np.maximum(frame.confidence, 1 - frame.confidence), pred=pred)
    top = top.assign(label=gold)
    right = (pred == gold).astype(int).tolist()
    assert read(top, confidence="confidence").gold.tolist() == right
    with pytest.raises(DataError, match="'label' can say which class is right, or whether the"):
        read(top.drop(columns="pred"), confidence="confidence")
    named = read(top.drop(columns="pred"), confidence="confidence", labels="label")
    assert named.gold.tolist() == gold.tolist()


def test_labels_that_differ_in_a_sign_are_noted():
    frame = pd.DataFrame({"confidence": 0.8, "pred": ["yes", "no", "perhaps", "no"] * 10})
    found = read(frame.assign(gold=["Yes.", "no", "perhaps", "perhaps"] * 10))
    assert found.warnings == (
        "10 rows count as wrong though chosen and right label differ in signs or spaces alone, as "
        "'yes' and 'Yes.'",
    )
    numbers = pd.DataFrame({"confidence": 0.8, "pred": [-1, 1] * 10, "gold": [1, 1] * 10})
    assert not read(numbers).warnings


@pytest.mark.parametrize("late", [{}, {"explanation": {"why": "?"}}, {"explanation": None}])
@pytest.mark.parametrize("options", [{}, {"confidence": "confidence", "labels": "correct"}])
def test_a_key_that_later_lines_lack_is_left_aside(tmp_path, late, options):
    rows = [{"correct": i % 2, "confidence": 0.5 + i / 200} for i in range(90)]
    first = [{**row, "explanation": "so", "model": "a"} for row in rows[:50]]
    path = text(tmp_path, lines([*first, *({**row, **late} for row in rows[50:])]), "rows.jsonl")
    assert len(read(path, **options)) == 90


def test_long_texts_are_not_read():
    frame = pd.DataFrame({"confidence": [0.6, 0.8] * 30, "correct": [0, 1, 1] * 20})
    wide = frame.assign(prompt="word " * 20, topic="short")
    source = open_source(wide)
    chosen = choose_columns(source.head(), ColumnOptions(), where="table")
    assert (chosen.beside, chosen.optional) == (("topic",), ("topic",))


def of_prompts(**columns):
    """A row for each of three classes of 60 prompts."""
    frame = pd.DataFrame({"promptID": np.repeat(np.arange(60), 3), "gold": np.tile(WORDS, 60)})
    return frame.assign(confidence=np.random.default_rng(0).random(180).round(2), **columns)


HALVES = np.full(400, 0.5)
ORDINARY = {
    "collapsed": lambda: HALVES + np.random.default_rng(0).uniform(-2e-4, 2e-4, 400).round(6),
    "a few sure": lambda: np.where(np.arange(400) < 12, 0.9, HALVES),
    "verbal": lambda: np.random.default_rng(3).permutation(
        np.repeat([0.0, 0.5, 1.0], [20, 360, 20])
    ),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_constant_confidences_are_no_choices(kind):
    outcome = np.arange(400) % 3 > 0
    frame = pd.DataFrame({"confidence": ORDINARY[kind](), "correct": outcome})
    assert len(read(frame)) == 400
    assert len(read(frame.assign(item=np.arange(400) // 2))) == 400
    if kind == "collapsed":
        assert len(read(frame.set_axis(["prob", "label"], axis=1))) == 400


def test_items_of_each_class_are_no_choices():
    said = np.tile(WORDS, 60)
    said[:9] = WORDS[0]
    assert len(read(of_prompts(predicted=said, label1=np.tile(WORDS, 60)))) == 180
    always = of_prompts(correct=np.tile([0, 0, 1], 60))
    assert len(read(always)) == len(read(always.drop(columns="gold"))) == 180
    pairs = pd.DataFrame({"pair": np.repeat(np.arange(40), 2), "correct": [0, 1] * 40})
    assert len(read(pairs.assign(confidence=0.8, good=[0, 1] * 40))) == 80


def test_labels_beside_what_is_only_recalibrated_are_no_question():
    frame = pd.DataFrame({"confidence": np.linspace(0.5, 1, 80), "label": ["no", "yes"] * 40})
    options = ColumnOptions(confidence="confidence")
    assert len(read_external(frame, options, labelled=False)) == 80
    prob = frame.set_axis(["prob", "label"], axis=1).assign(label=[0, 1] * 40)
    assert len(read_external(prob, ColumnOptions(), labelled=False)) == 80


def test_classes_that_differ_in_a_sign_are_classes():
    frame = pd.DataFrame({"confidence": 0.8, "pred": ["C", "C++", "C#"] * 10})
    assert not read(frame.assign(gold=["C++", "C#", "C"] * 10)).warnings


def test_a_few_choices_apart_by_chance_are_no_question():
    said = [0.4, 0.4, *[0.9] * 12, *[0.7] * 6]
    frame = pd.DataFrame({"confidence": said, "pred": ["no"] * 2 + ["yes"] * 18, "gold": "yes"})
    assert len(read(frame)) == 20
