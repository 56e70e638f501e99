"""What speaks against predictions is said: permuted classes, one class always."""

import numpy as np
import pytest

from crosscal.calibration import evaluate
from crosscal.calibration.evaluation.plausibility import implausible, unshared_clusters
from crosscal.exceptions import DataError


def rows(n, k, accuracy, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    chosen = np.where(rng.random(n) < accuracy, gold, (gold + rng.integers(1, k, n)) % k)
    return rng.normal(size=(n, k)) + 6 * np.eye(k)[chosen], gold


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1)])
def test_classes_in_another_order(order):
    values, gold = rows(200, 3, 0.95)
    (note,) = implausible([("all", values[:, order], gold)])
    assert "it would be 9" in note
    # The order in which the columns would have to stand.
    back = ",".join(str(i) for i in np.argsort(order))
    assert f"({back})" in note


@pytest.mark.parametrize(("k", "accuracy"), [(2, 0.5), (2, 0.9), (3, 0.34), (5, 0.6), (40, 0.3)])
def test_nothing_is_said_of_ordinary_models(k, accuracy):
    for seed in range(20):
        values, gold = rows(150, k, accuracy, seed)
        assert implausible([("all", values, gold)]) == ()


def test_a_language_alone_may_be_permuted():
    good, bad = rows(100, 3, 0.9), rows(100, 3, 0.9, 1)
    (note,) = implausible([("en", *good), ("sw", bad[0][:, [1, 2, 0]], bad[1])])
    assert note.startswith("in sw: accuracy")


def test_many_small_groups_are_permuted_together():
    values, gold = rows(480, 3, 0.9)
    parts = [(f"g{i}", values[i::20, [1, 2, 0]], gold[i::20]) for i in range(20)]
    (note,) = implausible(parts)
    assert note.startswith("in all groups together: accuracy")
    assert "(2,0,1) it would be 9" in note
    assert implausible([(f"g{i}", values[i::20], gold[i::20]) for i in range(20)]) == ()
    # Of other numbers of classes nothing is said together.
    other = [(name, part[:, :2], label) for name, part, label in parts[:1] if label.max() < 2]
    assert implausible([*other, ("two", np.eye(2)[[0, 1]], np.array([1, 0]))]) == ()


def test_a_class_that_always_wins_and_labels_that_are_what_was_chosen():
    values, gold = rows(60, 3, 0.9)
    (note,) = implausible([("all", values + np.array([0, 50, 0]), gold)], ["no", "yes", "maybe"])
    assert "the same class, 'yes', is chosen in every row" in note
    (note,) = implausible([("all", values, values.argmax(axis=1))])
    assert "every prediction equals its label, in all 60 rows" in note
    (note,) = implausible([("all", np.full(60, 0.9), np.ones(60))], pair=True)
    assert "every prediction equals its label" in note
    assert implausible([("all", np.full(60, 0.9), gold > 0)], pair=True) == ()


def test_clusters_that_join_nothing():
    group, cluster = np.repeat([0, 1], 4), np.arange(8) // 2
    (note,) = unshared_clusters(("en", "sw"), group, cluster)
    assert "no cluster is in two groups" in note
    assert unshared_clusters(("en", "sw"), group, np.tile([0, 0, 1, 1], 2)) == ()
    (note,) = unshared_clusters(("all",), np.zeros(8, int), np.arange(8))
    assert "single row" in note
    assert unshared_clusters(("all",), np.zeros(8, int), None) == ()


def test_warnings_and_reasons_stand_in_the_result():
    values, gold = rows(120, 3, 0.9)
    found = evaluate(values[:, [1, 2, 0]], gold, replicates=100)
    assert "in the order (2,0,1)" in found.warnings[0]
    assert found.to_dict()["warnings"] == list(found.warnings)


def test_names_of_classes_as_gold():
    values, gold = rows(60, 3, 0.9)
    names = ["no", "yes", "été"]
    options = {"replicates": 100, "errors": ["ece"]}
    words = evaluate(values, np.array(names)[gold], classes=names, **options)
    assert words.groups == evaluate(values, gold, **options).groups
    objects = np.array([names[g] for g in gold], dtype=object)
    assert evaluate(values, objects, classes=names, **options).groups == words.groups
    with pytest.raises(DataError, match="gold is 'no', but no classes are named"):
        evaluate(values, ["no"] * 60)


LABELS = np.arange(100) % 2
WITHOUT_OPTIMUM = {
    "noise": (10 * np.random.default_rng(3).normal(size=(100, 2)), "say no more than chance"),
    "all right": (3.0 * np.eye(2)[LABELS], "every right choice has the highest score"),
    "equal": (np.zeros((100, 2)), "all scores of each row are equal"),
    "worse than chance": (np.eye(2)[1 - LABELS], "say no more than chance"),
}


@pytest.mark.parametrize("kind", WITHOUT_OPTIMUM)
def test_a_fit_without_optimum_says_why(kind):
    scores, words = WITHOUT_OPTIMUM[kind]
    found = evaluate(scores, LABELS, replicates=100, recalibrate=["temperature"], errors=["ece"])
    (result,) = found.recalibration
    assert result.converged is False
    assert result.note.startswith("no optimum in some fit: ")
    assert words in result.note


def odd(confidence, right):
    return implausible([("all", confidence, right.astype(int))], pair=True)


def test_confidences_that_are_something_else():
    rng = np.random.default_rng(5)
    p = rng.random(600)
    gold = rng.random(600) < p
    top, right = np.maximum(p, 1 - p), (p >= 0.5) == gold
    assert odd(top, right) == ()
    assert "probability of one class" in odd(p, right)[0]
    assert "probability of the right class" in odd(np.where(gold, p, 1 - p), right)[0]
    assert "how unsure" in odd(1.5 - top, right)[0]
    # Verbal confidences may be low, and bad.
    said = rng.choice([0.2, 0.5, 0.8, 0.9], 600)
    assert odd(said, rng.random(600) < 0.6) == ()


def test_rows_of_choices_have_the_accuracy_and_confidence_of_one_choice():
    rng = np.random.default_rng(6)
    p = rng.dirichlet(np.ones(4), 100).round(5)
    right = np.eye(4, dtype=bool)[[rng.choice(4, p=row / row.sum()) for row in p]]
    order = rng.permutation(400)
    (note,) = odd(p.ravel()[order], right.ravel()[order])
    assert "one in 4 on average" in note


def test_groups_and_clusters_are_no_relation_of_confidence_and_outcome():
    rng = np.random.default_rng(8)
    groups = [
        (name, low + rng.random(500) / 10, (rng.random(500) < share).astype(int))
        for name, low, share in (("en", 0.8, 0.85), ("sw", 0.9, 0.5))
    ]
    assert implausible(groups, pair=True) == ()
    cluster = np.repeat(np.arange(30), 50)
    for _ in range(40):
        said = 0.7 + 0.1 * rng.normal(size=30)[cluster] + 0.02 * rng.normal(size=1500)
        right = rng.random(1500) < rng.uniform(0.2, 0.9, 30)[cluster]
        rows = [("all", said, right.astype(int))]
        assert implausible(rows, pair=True, clusters=[cluster]) == ()
    (note,) = implausible([("all", 1.2 - right + said, right)], pair=True, clusters=[cluster])
    assert "how unsure" in note


def test_saturated_confidences_are_those_of_a_sure_model():
    rng = np.random.default_rng(9)
    for _ in range(40):
        p = 1 / (1 + np.exp(-30 * rng.normal(size=80)))
        assert odd(p, rng.random(80) < p) == ()


@pytest.mark.parametrize("pair", [False, True])
def test_labels_that_are_the_choices_in_one_group_alone(pair):
    rng = np.random.default_rng(3)

    def rows(right):
        if pair:
            return rng.random(120), (rng.random(120) < right).astype(int)
        scores = rng.normal(size=(120, 3))
        gold = scores.argmax(axis=1)
        return scores, np.where(rng.random(120) < right, gold, (gold + 1) % 3)

    groups = [("en", *rows(0.8)), ("de", *rows(1.0))]
    (note,) = [each for each in implausible(groups, pair=pair) if "equals its label" in each]
    assert note.startswith("de: every prediction equals its label, elsewhere ")
    groups = [("en", *rows(0.96)), ("de", *rows(1.0))]
    assert not [each for each in implausible(groups, pair=pair) if "equals its label" in each]
