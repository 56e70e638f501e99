"""What other columns say against a reading leads to a question."""

import numpy as np
import pandas as pd
import pytest

from crosscal.exceptions import DataError
from crosscal.predictions.external.columns import ColumnOptions
from crosscal.predictions.external.reader import read_external
from tests.predictions.external.truth_tables import NAMES, N, is_truth, read

WORDS = np.array(NAMES)


@pytest.fixture
def frame(truth):
    p, _ = truth
    return pd.DataFrame(p, columns=[f"prob_{name}" for name in NAMES])


def test_labels_that_are_the_choices_beside_others(frame, truth):
    p, gold = truth
    frame = frame.assign(label=WORDS[p.argmax(axis=1)], annotation=WORDS[gold])
    with pytest.raises(DataError, match="in every row, as what the model chose.*'annotation'"):
        read(frame)
    is_truth(read(frame, labels="annotation"), truth)
    assert (read(frame, labels="label").gold == p.argmax(axis=1)).all()


def test_labels_that_say_nothing_beside_others(frame, truth):
    p, gold = truth
    noise = np.random.default_rng(1).integers(0, 3, N)
    with pytest.raises(DataError, match="no better than chance; 'which' could be"):
        read(frame.assign(y=WORDS[noise], which=WORDS[gold]))
    # Of confidences too, and where the others are right in every row.
    pair = pd.DataFrame({"confidence": p.max(axis=1), "pred": WORDS[gold], "y": WORDS[noise]})
    with pytest.raises(DataError, match="no better than chance; 'which' could be"):
        read(pair.assign(which=WORDS[gold]))
    with pytest.raises(DataError, match="no better than chance; 'correct' could be"):
        read(pair.assign(correct=WORDS[gold]).rename(columns={"confidence": "score"}))
    assert len(read(pair)) == N


def test_labels_that_are_names_and_numbers_of_other_classes(truth):
    p, gold = truth
    frame = pd.DataFrame(p, columns=["prob_-1", "prob_0", "prob_1"])[gold < 2]
    with pytest.raises(DataError, match="labels are 0, 1, which can count from"):
        read(frame.assign(label=gold[gold < 2]))
    found = read(frame.assign(label=gold[gold < 2] - 1))
    assert found.gold.tolist() == gold[gold < 2].tolist()


def test_outcomes_are_held_against_the_labels(frame, truth):
    p, gold = truth
    best = p.argmax(axis=1)
    right = (best == gold).astype(int)
    pair = pd.DataFrame({"conf": p.max(axis=1), "pred": WORDS[best], "gold": WORDS[gold]})
    assert read(pair.assign(correct=right)).gold.tolist() == right.tolist()
    other = np.roll(right, 1)
    with pytest.raises(DataError, match=r"--labels 'correct'; .*--predicted 'pred'"):
        read(pair.assign(correct=other))
    with pytest.raises(DataError, match="by the labels 'gold' other rows are right than by 'hit'"):
        read(frame.assign(gold=WORDS[gold], hit=other))
    is_truth(read(frame.assign(gold=WORDS[gold], hit=right)), truth)


def test_correct_can_be_the_right_class(truth):
    p, gold = truth
    frame = pd.DataFrame({"confidence": p.max(axis=1), "predicted": p.argmax(axis=1) % 2})
    frame["correct"] = gold % 2
    with pytest.raises(DataError, match=r"--predicted 'predicted' --labels 'correct'"):
        read(frame)
    both = read(frame, confidence="confidence", predicted="predicted", labels="correct")
    assert both.gold.tolist() == (frame.predicted == frame.correct).astype(int).tolist()
    outcome = read(frame, confidence="confidence", labels="correct")
    assert outcome.gold.tolist() == frame.correct.tolist()


def test_a_confidence_beside_scores_of_another_model(truth):
    x = np.random.default_rng(2).normal(size=N)
    frame = pd.DataFrame({"logit": x, "conf": np.random.default_rng(3).random(N)})
    frame["pred"] = frame["y_true"] = np.where(x > 0, "yes", "no")
    with pytest.raises(DataError, match="--confidence 'conf'.*--scores 'logit'"):
        read(frame)


@pytest.mark.parametrize(
    ("one", "other"),
    [("teacher.prob_{}", "student.prob_{}"), ("prob_{}", "prob.{}"), ("prob_{}", "logit_{}")],
)
@pytest.mark.parametrize("names", [NAMES, ("neutral", "mean", "max")])
def test_scores_of_two_models(truth, one, other, names):
    p, gold = truth
    q = np.roll(p, 1, axis=0)
    q = np.log(q) if "logit" in other else q
    frame = pd.DataFrame(p, columns=[one.format(n) for n in names])
    frame = frame.join(pd.DataFrame(q, columns=[other.format(n) for n in names]))
    for label in (gold, np.array([n.upper() for n in names])[gold]):
        with pytest.raises(DataError, match="more than one reading"):
            read(frame.assign(label=label))


def test_a_column_a_model_is_no_column_a_class():
    x = np.random.default_rng(4).normal(size=N)
    frame = pd.DataFrame({"logit_small": 0.3 * x, "logit_large": x, "label": (x > 0).astype(int)})
    with pytest.raises(DataError, match="that 0 is small, 1 is large is not clear"):
        read(frame)


def test_whole_numbers_of_a_class_without_gold(truth):
    frame = pd.DataFrame({"no": [3, 8, 1] * 5, "yes": [4, 1, 5] * 5, "both": [2, 0, 2] * 5})
    frame["label"] = ["yes", "no", "yes"] * 5
    with pytest.raises(DataError, match="more than one reading.*'no,yes,both'"):
        read(frame)
    with pytest.raises(DataError, match="no column looks like scores"):
        read(frame.assign(no=frame.no + 0.5, label="no").drop(columns="yes"))


def test_chosen_classes_that_the_scores_do_not_choose(tmp_path):
    rng = np.random.default_rng(5)
    scores = rng.dirichlet([1, 1, 1], 60).round(4)
    scores[:, 2] = (1 - scores[:, :2].sum(axis=1)).round(4)
    gold = scores.argmax(axis=1)
    gold[::4] = (gold[::4] + 1) % 3
    table = {f"prob_{c}": scores[:, i] for i, c in enumerate("abc")}
    table["label"] = np.array(list("abc"))[gold]
    for shift, asked in ((0, False), (1, True)):
        pred = np.array(list("abc"))[(scores.argmax(axis=1) + shift) % 3]
        file = tmp_path / f"{shift}.csv"
        pd.DataFrame({**table, "pred": pred}).to_csv(file, index=False)
        if asked:
            with pytest.raises(DataError, match="choose other classes than 'pred' says"):
                read_external(file, ColumnOptions())
        options = ColumnOptions(labels="label") if asked else ColumnOptions()
        assert (read_external(file, options).gold == gold).all()


@pytest.mark.parametrize("kind", [int, bool])
@pytest.mark.parametrize("name", ["answer", "response", "output", "label"])
def test_correct_can_be_the_right_class_beside_any_column(name, kind):
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.6, 1, 300)
    gold = rng.random(300) < 0.5
    right = rng.random(300) < confidence
    frame = pd.DataFrame({name: (gold == right).astype(kind), "correct": gold.astype(kind)})
    frame["confidence"] = confidence
    with pytest.raises(DataError, match=f"--predicted '{name}' --labels 'correct'"):
        read(frame)
    found = read(frame, confidence="confidence", predicted=name, labels="correct")
    assert found.gold.tolist() == right.astype(int).tolist()
    # Where it says right or wrong, a column of classes beside it changes nothing.
    frame = frame.assign(correct=right.astype(kind), **{name: gold.astype(kind)})
    assert read(frame).gold.tolist() == right.astype(int).tolist()
