"""An evaluation of rows that stand for different numbers of cases."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score

from crosscal.calibration import ERRORS, evaluate, softmax, top_label
from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.exceptions import DataError

# A row counts as one observation in these, whatever it weighs.
BY_ROW = {"ece_debiased", "rmsce_debiased", "aurc", "excess_aurc"}
OPTIONS = {"baseline": "a", "thresholds": (0.5, 0.8), "wanted": (0.55, 0.7), "replicates": 200}


def rows(seed=0, n=240, k=3):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    scores = 1.5 * rng.normal(size=(n, k)) + np.eye(k)[gold]
    groups = np.array(list("ab"))[rng.integers(0, 2, n)]
    return scores, gold, groups, rng.integers(0, n // 3, n), rng.integers(1, 6, n)


def numbers(document, at=()):
    """Every number of a document, by its place."""
    if isinstance(document, dict):
        parts = document.items()
    elif isinstance(document, list):
        parts = enumerate(document)
    else:
        return {at: document}
    return {place: x for key, each in parts for place, x in numbers(each, (*at, key)).items()}


def same(one, other):
    """Whether all numbers agree, but for what tells that there are weights."""
    found, expected = (numbers(each.to_dict()) for each in (one, other))
    added = {place for place in found if place[-1] in ("effective", "weights")}
    assert found.keys() - added == expected.keys() - added
    return all(
        found[at] == expected[at]
        if not isinstance(expected[at], float)
        else found[at] == pytest.approx(expected[at], abs=1e-12)
        for at in expected.keys() - added
    )


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("notion", ["top-label", "class-wise", 1])
def test_equal_weights_change_nothing_and_their_unit_does_not_matter(clustered, notion):
    scores, gold, groups, clusters, weights = rows()
    given = OPTIONS | {"groups": groups, "notion": notion, "recalibrate": ["temperature", "beta"]}
    given |= {"clusters": clusters} if clustered else {}
    plain = evaluate(scores, gold, **given)
    assert "effective" not in plain.to_dict()["groups"]["a"]
    for constant in (1, 0.3, 1e-9):
        weighted = evaluate(scores, gold, weights=np.full(len(gold), constant), **given)
        assert same(weighted, plain)
        assert weighted.groups["a"].effective == (groups == "a").sum()
    one = evaluate(scores, gold, weights=weights, **given)
    assert same(evaluate(scores, gold, weights=weights * 1e-6, **given), one)
    # Groups are compared by their means: the unit of each is its own.
    units = np.where(groups == "a", 1.0, 100.0)
    assert same(evaluate(scores, gold, weights=weights * units, **given), one)


@pytest.mark.parametrize("clustered", [False, True])
def test_whole_weights_are_repeated_rows_of_one_cluster(clustered):
    scores, gold, groups, clusters, weights = rows(1)
    clusters = clusters if clustered else np.arange(len(gold))
    again = np.repeat(np.arange(len(gold)), weights)
    given = OPTIONS | {"replicates": 1000}
    one = evaluate(
        scores, gold, groups=groups, clusters=clusters, weights=weights, recalibrate=["vector"],
        **given,
    )  # fmt: skip
    other = evaluate(
        scores[again], gold[again], groups=groups[again], clusters=clusters[again],
        recalibrate=["vector"], **given,
    )  # fmt: skip
    for name, group in one.groups.items():
        copies = other.groups[name]
        assert group.clusters == copies.clusters
        assert group.n == (groups == name).sum() < copies.n
        for measure, value in group.means.items():
            slack = 0.02 if measure in BY_ROW else 1e-12
            assert value == pytest.approx(copies.means[measure], abs=slack), measure
        for measure, ends in group.intervals.items():
            width = ends[1] - ends[0]
            assert ends == pytest.approx(copies.intervals[measure], abs=0.1 * width + 1e-3)
        for measure, error in group.errors.items():
            if measure not in BY_ROW:
                slack = 1e-6 if measure == "smooth_ece" else 1e-12
                assert error.value == pytest.approx(copies.errors[measure].value, abs=slack)
        for part in ("lower", "confidence", "accuracy"):
            bins = [[getattr(b, part) for b in g.reliability] for g in (group, copies)]
            assert bins[0] == pytest.approx(bins[1], abs=1e-12)
    for mine, theirs in zip(one.accepted, other.accepted, strict=True):
        assert (mine.kept, mine.accuracy) == pytest.approx((theirs.kept, theirs.accuracy))
        assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)
    for mine, theirs in zip(one.needed, other.needed, strict=True):
        # Of fewer rows, fewer of the highest confidences are looked at.
        if mine.threshold is not None:
            assert (mine.threshold, mine.kept) == pytest.approx((theirs.threshold, theirs.kept))
    for mine, theirs in zip(one.differences, other.differences, strict=True):
        if mine.measure in ("accuracy", "nll", "ece", "gap", "classwise_ece", "auroc"):
            assert mine.value == pytest.approx(theirs.value, abs=1e-12)
            assert mine.p_value == pytest.approx(theirs.p_value, abs=0.06)
    for mine, theirs in zip(one.fits, other.fits, strict=True):
        np.testing.assert_allclose(
            mine.model.predict_proba(scores), theirs.model.predict_proba(scores), atol=1e-6
        )


def test_means_are_those_of_scikit_learn():
    scores, gold, _, _, _ = rows(2)
    weights = np.random.default_rng(2).lognormal(size=len(gold))
    found = evaluate(scores, gold, weights=weights, replicates=100, errors=("ece",)).groups["all"]
    probabilities, (confidence, right) = softmax(scores), top_label(scores, gold)
    given = {"sample_weight": weights}
    expected = {
        "accuracy": accuracy_score(gold, scores.argmax(axis=1), **given),
        "nll": log_loss(gold, probabilities, **given),
        "brier": brier_score_loss(gold, probabilities, scale_by_half=False, **given),
        "auroc": roc_auc_score(right, confidence, **given),
        "confidence": np.average(confidence, weights=weights),
        "gap": np.average(confidence - right, weights=weights),
    }
    for measure, value in expected.items():
        assert found.means[measure] == pytest.approx(value, abs=1e-12), measure
    assert found.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_one_heavy_row_counts_for_nearly_all():
    scores, gold, _, _, _ = rows(3)
    weights = np.ones(len(gold))
    weights[5] = 1e6
    gold[5] = scores[5].argmax()
    found = evaluate(scores, gold, weights=weights, replicates=200)
    group = found.groups["all"]
    assert group.effective == pytest.approx(1, abs=1e-3)
    assert group.means["accuracy"] > 0.999
    # One row says next to nothing.
    assert group.intervals["accuracy"][0] < 0.2
    assert any("weights leave little that counts" in words for words in found.warnings)
    assert any("all (of 240 rows, 1.0)" in words for words in found.warnings)


@pytest.mark.parametrize("spread", [0.0, 0.7, 1.5])
def test_where_no_outcome_varies_effective_rows_decide(spread):
    rng = np.random.default_rng(4)
    weights = rng.lognormal(sigma=spread, size=60)
    found = evaluate(
        np.full(60, 0.9), np.ones(60, dtype=int), given="confidence", weights=weights,
        replicates=4000, errors=("ece",),
    ).groups["all"]  # fmt: skip
    equal = evaluate(
        np.full(round(found.effective), 0.9), np.ones(round(found.effective), dtype=int),
        given="confidence", replicates=4000, errors=("ece",),
    ).groups["all"]  # fmt: skip
    assert found.means["accuracy"] == 1.0
    # As of so many equal rows, and a little lower: which heavy rows are drawn varies as well.
    low, high = found.intervals["accuracy"]
    assert high == 1.0
    assert equal.intervals["accuracy"][0] - 0.06 < low < equal.intervals["accuracy"][0] + 0.01
    # Not far from Clopper and Pearson's.
    assert low == pytest.approx(0.025 ** (1 / found.effective), abs=0.05)


def test_weights_of_clusters_count_together():
    # A hundred rows in two heavy clusters, and ten light ones.
    scores, gold, _, _, _ = rows(5, n=120)
    clusters = np.repeat(np.arange(12), 10)
    weights = np.where(clusters < 2, 1000.0, 1.0)
    found = evaluate(scores, gold, clusters=clusters, weights=weights, replicates=200)
    assert found.groups["all"].effective == pytest.approx(20, rel=0.02)
    (words,) = [w for w in found.warnings if "weights leave" in w]
    assert "all (of 120 rows, 20.2)" in words
    many = np.repeat(np.arange(40), 10)
    scores, gold, _, _, _ = rows(5, n=400)
    weights = np.where(many < 5, 10.0, 1.0)
    (words,) = [
        w
        for w in evaluate(scores, gold, clusters=many, weights=weights, replicates=100).warnings
        if "weights leave" in w
    ]
    assert "all (of 40 clusters, 13.5)" in words


def test_mild_weights_are_not_spoken_of():
    scores, gold, groups, clusters, weights = rows(6)
    found = evaluate(scores, gold, groups=groups, clusters=clusters, weights=weights)
    assert not [words for words in found.warnings if "weight" in words]


def test_rows_of_weight_0_are_left_out_and_said():
    scores, gold, groups, clusters, weights = rows(7)
    weights[::4] = 0
    kept = weights > 0
    one = evaluate(scores, gold, groups=groups, clusters=clusters, weights=weights, **OPTIONS)
    other = evaluate(
        scores[kept], gold[kept], groups=groups[kept], clusters=clusters[kept],
        weights=weights[kept], **OPTIONS,
    )  # fmt: skip
    assert one.groups == other.groups
    assert one.differences == other.differences
    assert one.warnings == ("60 rows of weight 0 are left out", *other.warnings)


def test_what_cannot_be_weighted_is_refused():
    scores, gold, groups, _, weights = rows(8)
    for broken, words in (
        (np.where(np.arange(240) == 3, -1.0, 1.0), "weights, row 3: the weight is -1.0"),
        (np.where(np.arange(240) == 3, np.nan, 1.0), "weights, row 3: the weight is nan"),
        (np.zeros(240), "all weights are zero"),
        (weights[:-1], r"shape \(239,\) for 240 rows"),
        (np.where(groups == "b", 0, 1), "all weights of group b are zero"),
    ):
        with pytest.raises(DataError, match=words):
            evaluate(scores, gold, groups=groups, weights=broken)


def test_votes_have_the_weight_of_their_row():
    rng = np.random.default_rng(9)
    scores, gold, _, _, weights = rows(9)
    votes = rng.multinomial(5, softmax(scores))
    again = np.repeat(np.arange(240), weights)
    one = evaluate(scores, gold, votes=votes, weights=weights, replicates=100).groups["all"]
    other = evaluate(
        scores[again], gold[again], clusters=again, votes=votes[again], replicates=100
    ).groups["all"]
    assert one.human.keys() == other.human.keys()
    for name, measure in one.human.items():
        assert measure.value == pytest.approx(other.human[name].value, abs=1e-12)
        if measure.noise_floor is not None:
            assert measure.noise_floor == pytest.approx(other.human[name].noise_floor, abs=1e-12)


@pytest.mark.parametrize("name", sorted(RECALIBRATORS))
def test_recalibrators_are_fitted_and_scored_with_weights(name):
    scores, gold, groups, clusters, _ = rows(10)
    # Scores are right in the heavy rows, and too sure in the light ones.
    rng = np.random.default_rng(10)
    heavy = rng.random(240) < 0.5
    scores = np.where(heavy[:, None], 0.4, 3.0) * scores
    given = {"groups": groups, "clusters": clusters, "recalibrate": [name], "replicates": 100}
    plain, weighted = (
        evaluate(scores, gold, weights=weights, errors=("ece",), **given)
        for weights in (None, np.where(heavy, 50.0, 1.0))
    )
    for one, other in zip(plain.recalibration, weighted.recalibration, strict=True):
        assert other.measures["brier"].after < one.measures["brier"].after
    for fit in weighted.fits:
        assert fit.converged


def test_intervals_hold_the_truth():
    held = {"accuracy": 0, "gap": 0, "ece": 0}
    rounds = 120
    for seed in range(rounds):
        rng = np.random.default_rng([11, seed])
        odds = rng.normal(1.2, 1.0, 150)
        confidence = 1 / (1 + np.exp(-np.abs(odds)))
        weights = np.exp(0.8 * rng.normal(size=150))
        right = rng.random(150) < confidence - 0.15
        group = evaluate(
            confidence, right, given="confidence", weights=weights, errors=("ece",),
            replicates=200, seed=seed,
        ).groups["all"]  # fmt: skip
        # Of a weight that says nothing, cases are as rows are.
        ends = {**group.intervals, "ece": (group.errors["ece"].low, group.errors["ece"].high)}
        truth = {"accuracy": 0.7787 - 0.15, "gap": 0.15, "ece": 0.15}
        for name in held:
            held[name] += ends[name][0] <= truth[name] <= ends[name][1]
    # The share of 95 % among 120 has a standard error of two points.
    assert all(0.88 * rounds <= count for count in held.values()), held


def test_every_error_is_measured():
    scores, gold, _, _, weights = rows(12)
    found = evaluate(scores, gold, weights=weights, replicates=100).groups["all"]
    assert set(found.errors) == set(ERRORS)
    for error in found.errors.values():
        assert error.low <= error.high
        assert 0 < error.p_value <= 1
        assert error.noise_floor > 0


def test_all_right_in_many_rows_of_unequal_weight_is_as_certain_as_their_effective_number():
    """More clusters than are drawn one by one: batches must not hide how unequal rows are."""
    rng = np.random.default_rng(4)
    n = 40_000
    confidence = rng.uniform(0.98, 1.0, n)
    weights = np.exp(1.5 * rng.standard_normal(n))
    found = evaluate(
        confidence,
        np.ones(n, dtype=int),
        weights=weights,
        given="confidence",
        errors=("ece",),
        replicates=400,
    ).groups["all"]
    effective = weights.sum() ** 2 / (weights @ weights)
    missing = 1 - found.intervals["accuracy"][0]
    exact = 1 - 0.025 ** (1 / effective)  # Clopper and Pearson
    assert 0.7 * exact < missing < 1.6 * exact
