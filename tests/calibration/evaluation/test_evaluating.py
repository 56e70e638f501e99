"""One call: the JSON of the front door, differences, gains, and edges."""

import json

import numpy as np
import pytest

from crosscal.calibration import CLASSWISE, ERRORS, brier, ece, nll, softmax, top_label
from crosscal.calibration.evaluation.evaluating import evaluate
from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.calibration.recalibration.crossfit import (
    cross_fit,
    fold_clusters,
    recalibrator,
    transfer,
)
from crosscal.exceptions import DataError, SettingsError

SOME = ("ece", "ece_debiased", "smooth_ece")


def data(n=600, scale=1.0, shift=1.5, seed=0, k=3):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), gold] += shift
    return scores * scale, gold


def grouped(**options):
    """Three groups over the same items: calibrated, very overconfident, a little."""
    parts = [data(300, scale, seed=seed) for seed, scale in enumerate((1.5, 4.0, 1.8))]
    scores, gold = (np.concatenate(each) for each in zip(*parts, strict=True))
    groups = np.repeat(["en", "sw", "tr"], 300)
    clusters = np.tile(np.arange(300) // 2, 3)
    return evaluate(
        scores, gold, groups=groups, clusters=clusters, replicates=200, **{"errors": SOME} | options
    )


def test_the_json_is_that_of_the_issue():
    scores, gold = data()
    document = evaluate(scores, gold, replicates=200).to_dict()
    parts = ["groups", "differences", "recalibration", "fits", "accepted", "needed", "settings"]
    assert list(document) == [*parts, "warnings"]
    group = document["groups"]["all"]
    assert {"n", "accuracy", "nll", "brier", "confidence", "errors"} <= group.keys()
    assert set(group["errors"]) == set(ERRORS)
    for error in group["errors"].values():
        assert list(error) == ["value", "low", "high", "noise_floor", "p_value"]
    confidence, correct = top_label(scores, gold)
    assert group["n"] == 600
    assert group["accuracy"] == pytest.approx(correct.mean())
    assert group["nll"] == pytest.approx(nll(scores, gold))
    assert group["brier"] == pytest.approx(brier(scores, gold))
    assert group["confidence"] == pytest.approx(confidence.mean())
    assert group["errors"]["ece"]["value"] == pytest.approx(ece(confidence, correct))
    for low, high in [group["intervals"][m].values() for m in ("accuracy", "nll", "auroc")]:
        assert low < high
    assert sum(each["n"] for each in group["reliability"]) == 600
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_equal_input_gives_equal_numbers_and_seeds_differ():
    one, two, other = (grouped(seed=seed).to_dict()["groups"] for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_probabilities_give_what_their_scores_give():
    scores, gold = data()
    one = evaluate(scores, gold, replicates=200, errors=SOME).to_dict()["groups"]["all"]
    two = evaluate(softmax(scores), gold, given="probabilities", replicates=200, errors=SOME)
    two = two.to_dict()["groups"]["all"]
    for name in SOME:
        assert one["errors"][name] == pytest.approx(two["errors"][name], abs=1e-9)


def test_differences_are_paired_where_clusters_are_shared():
    found = grouped(baseline="en").differences
    ece_of = {d.group: d for d in found if d.measure == "ece"}
    assert list(ece_of) == ["sw", "tr"]
    assert all(d.paired and d.baseline == "en" for d in found)
    assert ece_of["sw"].low > 0
    assert ece_of["sw"].p_value <= ece_of["sw"].p_adjusted < 0.05
    groups = grouped(baseline="en").groups
    difference = groups["sw"].errors["ece"].value - groups["en"].errors["ece"].value
    assert ece_of["sw"].value == pytest.approx(difference)
    scores, gold = data(200)
    apart = evaluate(scores, gold, groups=np.arange(200) % 2, baseline="0", errors=SOME)
    assert not any(d.paired for d in apart.differences)


def test_pairing_makes_intervals_of_equal_groups_nearly_vanish():
    scores, gold = data(300)
    items = np.arange(300)
    both, twice = np.concatenate([scores, scores]), np.concatenate([gold, gold])
    names = np.repeat(["a", "b"], 300)
    options = {"groups": names, "baseline": "a", "replicates": 200, "errors": ("ece",)}
    paired = evaluate(both, twice, clusters=np.tile(items, 2), **options).differences
    apart = evaluate(both, twice, **options).differences
    widths = [
        next(d.high - d.low for d in found if d.measure == "accuracy") for found in (paired, apart)
    ]
    # All that is left are the virtual rows, which equal groups do not wholly share.
    assert widths[0] < 0.01
    assert widths[1] > 0.05


def test_recalibration_mends_what_is_overconfident():
    found = grouped(baseline="en", recalibrate=["temperature"]).recalibration
    table = {(r.regime, r.group): r for r in found}
    assert set(table) == {
        *(("cross-fitted", group) for group in ("en", "sw", "tr")),
        ("baseline", "sw"),
        ("baseline", "tr"),
    }
    own = table["cross-fitted", "sw"]
    assert own.converged
    assert own.accuracy_before == own.accuracy_after
    gain = own.measures["ece"]
    assert gain.gain == pytest.approx(gain.before - gain.after)
    assert gain.low > 0
    assert own.measures["nll"].low > 0
    # The temperature of a calibrated group changes little in an overconfident one.
    english = table["baseline", "sw"]
    assert english.fitted_on == "en"
    assert english.measures["ece"].gain < gain.gain / 2


@pytest.mark.parametrize("name", RECALIBRATORS)
def test_every_recalibrator_in_every_kind_of_values(name):
    scores, gold = data(500, 4.0)
    for given, values in (("scores", scores), ("probabilities", softmax(scores))):
        (found,) = evaluate(
            values, gold, given=given, recalibrate=[name], errors=("ece",), replicates=100
        ).recalibration
        assert "not fitted" not in found.note
        assert found.measures["ece"].gain > 0


def test_folds_keep_clusters_whole_and_are_checked():
    rng = np.random.default_rng(0)
    cluster = np.arange(100) // 4
    fold = fold_clusters(cluster, rng)
    assert all(len(set(fold[cluster == c])) == 1 for c in range(25))
    assert np.bincount(fold).tolist() == [20] * 5
    scores, gold = data(100)
    make = recalibrator("temperature", "scores")
    good = cross_fit(make, scores, gold, cluster, fold)
    np.testing.assert_allclose(good.probabilities.sum(axis=1), 1)
    assert good.fits == 5
    with pytest.raises(DataError, match="both fitted on and scored"):
        cross_fit(make, scores, gold, cluster, np.arange(100) % 5)
    with pytest.raises(DataError, match="both fitted on and scored"):
        transfer(make, scores, gold, cluster, fold, scores, cluster, np.full(100, -1))


def test_no_recalibrator_ever_sees_what_it_is_scored_on():
    """Labels that are noise: a fit on the scored rows would seem to gain."""
    rng = np.random.default_rng(3)
    values, gold = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    cluster = np.arange(60) // 3
    fold = fold_clusters(cluster, rng)
    changed = np.where(cluster == 0, (gold + 1) % 3, gold)
    make = recalibrator("temperature", "scores")
    one, two = (cross_fit(make, values, g, cluster, fold).probabilities for g in (gold, changed))
    np.testing.assert_array_equal(one[fold == fold[0]], two[fold == fold[0]])
    assert not np.array_equal(one, two)


def test_a_group_of_one_row_and_of_one_cluster():
    scores, gold = data(50)
    groups = np.array(["many"] * 45 + ["one"] + ["few"] * 4)
    clusters = np.array([*range(45), 100, 200, 200, 200, 200])
    found = evaluate(
        scores, gold, groups=groups, clusters=clusters, baseline="many",
        recalibrate=["temperature"], errors=SOME, replicates=200,
    )  # fmt: skip
    document = found.to_dict()
    json.dumps(document, allow_nan=False)
    one, few = document["groups"]["one"], document["groups"]["few"]
    assert (one["n"], few["n"], few["clusters"]) == (1, 4, 1)
    assert "only one row" in one["note"]
    assert "only one cluster" in few["note"]
    for group in (one, few):
        assert group["errors"]["ece"]["value"] >= 0
        assert group["errors"]["ece"]["low"] is None
        assert group["errors"]["ece"]["p_value"] is None
        assert group["intervals"] == {}
    assert all(d.low is None and d.p_value is None for d in found.differences)
    notes = {(r.regime, r.group): r.note for r in found.recalibration}
    assert "single cluster" in notes["cross-fitted", "one"]
    assert notes["baseline", "one"] == ""


def test_few_rows_are_called_rough():
    scores, gold = data(3)
    assert "rough" in evaluate(scores, gold, errors=SOME).groups["all"].note


def test_right_choices_that_are_not_there_or_impossible():
    scores, gold = data(60)
    gold[7] = -1
    found = evaluate(scores, gold, errors=SOME, recalibrate=["temperature"], replicates=200)
    assert found.groups["all"].means["nll"] is None
    assert "no NLL" in found.groups["all"].note
    values = np.tile([[1.0, 0.0], [0.3, 0.7]], (30, 1))
    sure = evaluate(values, np.ones(60, int), given="probabilities", errors=SOME, replicates=200)
    assert sure.groups["all"].means["nll"] is None
    assert "infinite" in sure.groups["all"].note
    json.dumps(sure.to_dict(), allow_nan=False)


def test_confidences_with_right_and_wrong():
    rng = np.random.default_rng(0)
    confidence = rng.random(400)
    correct = rng.random(400) < confidence
    found = evaluate(confidence, correct, given="confidence", replicates=200).groups["all"]
    assert found.means["accuracy"] == pytest.approx(correct.mean())
    assert found.means["confidence"] == pytest.approx(confidence.mean())
    assert found.errors["ece"].value == pytest.approx(ece(confidence, correct))
    assert found.errors["ece"].p_value > 0.01


def test_notions():
    scores, gold = data(300)
    classwise = evaluate(scores, gold, notion="class-wise", replicates=200).groups["all"]
    assert set(classwise.errors) == set(CLASSWISE)
    second = evaluate(scores, gold, notion=1, replicates=200, errors=("ece",)).groups["all"]
    expected = ece(softmax(scores)[:, 1], gold == 1)
    assert second.errors["ece"].value == pytest.approx(expected)


def test_duplicated_rows_in_their_clusters_change_nothing():
    scores, gold = data(200)
    once = evaluate(scores, gold, clusters=np.arange(200), errors=("ece",), replicates=200)
    both = evaluate(
        np.repeat(scores, 2, axis=0), np.repeat(gold, 2), clusters=np.repeat(np.arange(200), 2),
        errors=("ece",), replicates=200,
    )  # fmt: skip
    one, two = once.groups["all"], both.groups["all"]
    assert one.errors["ece"].value == pytest.approx(two.errors["ece"].value)
    assert one.intervals["accuracy"] == pytest.approx(two.intervals["accuracy"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"baseline": "fr"}, "no group 'fr'"),
        ({"baseline": 0}, "no group 0"),
        ({"seed": -1}, "seed"),
        ({"recalibrate": [None]}, "None"),
        ({"bins": 2.5}, "2.5 bins"),
        ({"replicates": 100.5}, "replicates"),
        ({"recalibrate": ["temprature"]}, "temperature"),
        ({"replicates": 5}, "replicates"),
        ({"bins": 0}, "bins"),
        ({"level": 95}, "level"),
        ({"given": "logits"}, "logits"),
        ({"errors": ["eec"]}, "eec"),
    ],
)
def test_settings_out_of_range(change, words):
    scores, gold = data(20)
    with pytest.raises(SettingsError, match=words):
        evaluate(scores, gold, **change)


@pytest.mark.parametrize(
    ("scores", "gold", "options", "words"),
    [
        ([[1.0, 2.0]], [2], {}, "gold is 2"),
        ([[1.0, np.nan]], [1], {}, "NaN"),
        ([[0.5, 0.6]], [1], {"given": "probabilities"}, "sum to 1.1"),
        ([1.0, 2.0], [0, 1], {}, "shape"),
        (np.zeros((0, 2)), [], {}, "shape"),
        ([[1.0, 2.0]], [1], {"groups": ["a", "b"]}, "groups have shape"),
        ([[1.0, 2.0]], [1], {"clusters": [1, 2]}, "clusters have shape"),
    ],
)
def test_arrays_that_do_not_fit(scores, gold, options, words):
    with pytest.raises(DataError, match=words):
        evaluate(scores, np.array(gold, dtype=int), **options)


@pytest.mark.parametrize("given", ["scores", "probabilities", "confidence"])
def test_a_bad_row_is_named_by_its_number_among_all(given):
    values = np.full(12, 0.5) if given == "confidence" else np.full((12, 2), 0.5)
    values[9] = np.nan
    with pytest.raises(DataError, match="row 9"):
        evaluate(values, np.zeros(12, dtype=int), given=given, groups=["a", "b"] * 6)


def test_numbers_of_numpy_can_be_written_as_json():
    scores, gold = data(30)
    plain = evaluate(scores, gold, notion=1, bins=5, replicates=100, seed=3)
    numbers = evaluate(
        scores,
        gold,
        notion=np.int64(1),
        bins=np.int64(5),
        replicates=np.int64(100),
        level=np.float64(0.95),
        seed=np.int64(3),
    )
    assert json.dumps(numbers.to_dict()) == json.dumps(plain.to_dict())


@pytest.mark.parametrize("scores", [[[1.0, 2.0], [1.0]], [["a", "b"], ["c", "d"]]])
def test_ragged_rows_and_words_are_refused(scores):
    with pytest.raises(DataError, match="not an array of numbers"):
        evaluate(scores, np.array([0, 1]))


@pytest.mark.parametrize("what", ["groups", "clusters"])
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_row_without_a_label_is_named(what, missing):
    labels = ["a", "b", missing, "b"] * 10
    with pytest.raises(DataError, match="missing in 10 rows") as caught:
        evaluate([[2.0, 0.0], [0.0, 1.0]] * 20, [0, 1] * 20, **{what: labels})
    assert caught.value.where == f"{what}, row 2"


def test_a_column_of_numbers_with_one_missing_is_refused():
    groups = np.array([1.0, 2.0, np.nan, 2.0] * 10)
    with pytest.raises(DataError, match="missing in 10 rows"):
        evaluate([[2.0, 0.0], [0.0, 1.0]] * 20, [0, 1] * 20, groups=groups)


def test_certain_and_right_is_not_certain_to_be_calibrated():
    found = evaluate(np.ones(20), np.ones(20, dtype=int), given="confidence", errors=["ece"])
    error = found.groups["all"].errors["ece"]
    assert error.low == 0.0
    assert 0.1 < error.high < 0.25


def test_too_few_replicates_for_the_level():
    scores, gold = data(60)
    with pytest.raises(SettingsError, match="do not reach the ends"):
        evaluate(scores, gold, replicates=100, level=0.999)
