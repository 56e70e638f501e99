"""All errors of one set of predictions: values, intervals, noise floors and p-values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal import calibration
from crosscal.calibration import (
    CLASSWISE,
    ERRORS,
    brier,
    cluster_weights,
    ece_debiased,
    estimate_errors,
    nll,
    noise_floor,
    outcomes,
    softmax,
)
from crosscal.calibration.estimation import features as features_module
from crosscal.calibration.estimation.resampling import given_weights
from crosscal.exceptions import DataError, SettingsError

MEANS = ("accuracy", "nll", "brier", "confidence", "gap", "entropy")


class Seen:
    """A measurement with its interval and p-value worked out."""

    def __init__(self, measurement, level):
        self.value, self.noise_floor = measurement.value, measurement.noise_floor
        self.draws_low, self.draws_high = measurement.draws_low, measurement.draws_high
        self.low, self.high = measurement.interval(level)
        self.p_value = None if measurement.null is None else measurement.null.p_value()


def sample(n=600, k=3, seed=0, temperature=1.0):
    """Scores whose outcomes are drawn from them, divided by the temperature."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2
    ends = np.cumsum(softmax(scores / temperature), axis=1)
    ends[:, -1] = 2.0
    return scores, (rng.random((n, 1)) >= ends).sum(axis=1)


def estimate(scores, gold, *, size=3, replicates=200, seed=1, **settings):
    n = len(gold)
    cluster = settings.pop("cluster", np.arange(n) // size)
    rng = np.random.default_rng(seed)
    weights = settings.pop("weights", None)
    if weights is None:
        weights = cluster_weights(int(cluster.max()) + 1, replicates, rng)
    settings.setdefault("noise_resamples", 99)
    resampling = given_weights(weights, entropy=(seed,))
    found = estimate_errors(scores, gold, cluster=cluster, resampling=resampling, **settings)
    return {name: Seen(one, settings.get("level", 0.95)) for name, one in found.items()}


@pytest.mark.parametrize("notion", ["top-label", 1])
def test_every_value_is_that_of_its_function(notion):
    scores, gold = sample(temperature=1.5)
    found = estimate(scores, gold, notion=notion)
    confidence, correct = outcomes(scores, gold, notion=notion)
    assert set(found) == {*MEANS, *ERRORS}
    for name in ERRORS:
        if name == "ece_debiased":
            expected = ece_debiased(confidence, correct, clusters=np.arange(600) // 3)
        elif name == "ece_mass":
            expected = calibration.ece(confidence, correct, scheme="mass")
        elif name in CLASSWISE:
            expected = getattr(calibration, name)(scores, gold)
        else:
            expected = getattr(calibration, name)(confidence, correct)
        assert found[name].value == pytest.approx(expected, abs=1e-12), name
    assert found["nll"].value == pytest.approx(nll(scores, gold))
    assert found["brier"].value == pytest.approx(brier(scores, gold))
    assert found["confidence"].value == pytest.approx(confidence.mean())
    assert found["gap"].value == pytest.approx(confidence.mean() - correct.mean())
    assert found["accuracy"].value == pytest.approx((scores.argmax(axis=1) == gold).mean())


def test_intervals_hold_known_errors_of_an_overconfident_model():
    # Confidence c, right with probability c - 0.1 throughout: every top-label error is 0.1.
    hits = dict.fromkeys(("ece", "ece_mass", "ece_sweep", "rmsce", "smooth_ece"), 0)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        confidence = rng.uniform(0.55, 0.95, 800)
        gold = (rng.random(800) >= confidence - 0.1).astype(int)
        probabilities = np.stack([confidence, 1 - confidence], axis=1)
        found = estimate(probabilities, gold, given="probabilities", size=1, errors=list(hits))
        for name in hits:
            hits[name] += found[name].low <= 0.1 + 1e-9 and found[name].high >= 0.1 - 1e-9
    # 95 % each; fewer than 33 of 40 happen less than once in a thousand times.
    assert min(hits.values()) >= 33, hits


def test_noise_floor_is_that_of_consistency_resampling():
    scores, gold = sample()
    confidence, _ = outcomes(scores, gold)
    found = estimate(scores, gold, errors=["ece", "ece_mass"], noise_resamples=2000)
    for name, scheme in (("ece", "width"), ("ece_mass", "mass")):
        rng = np.random.default_rng(5)
        floor = noise_floor(confidence, rng=rng, resamples=2000, scheme=scheme)
        spread = 5 * floor.distribution.std() / np.sqrt(1000)
        assert found[name].noise_floor == pytest.approx(floor.mean, abs=spread)


def test_noise_floors_are_what_calibrated_samples_show_on_average():
    draws = [estimate(*sample(n=400, seed=seed), size=1, replicates=2) for seed in range(40)]
    # A sweep chooses its bins by the outcomes; the floor of a debiased error is the plain one's.
    for name in set(ERRORS) - {"ece_sweep", "ece_debiased", "rmsce_debiased"}:
        values = np.array([draw[name].value for draw in draws])
        floors = np.array([draw[name].noise_floor for draw in draws])
        spread = (values - floors).std() / np.sqrt(len(values))
        allowed = 4 * spread + 0.02 * floors.mean()
        assert values.mean() == pytest.approx(floors.mean(), abs=allowed), name


def test_p_values_reject_as_often_as_they_should():
    p = {name: [] for name in ERRORS}
    for seed in range(60):
        found = estimate(*sample(n=200, seed=seed), size=1, replicates=2)
        for name in ERRORS:
            p[name].append(found[name].p_value)
    for name, values in p.items():
        # 5 % of 60 is 3; more than 10 happen less than once in a thousand times.
        assert np.sum(np.array(values) <= 0.05) <= 10, name


def test_p_values_count_clusters():
    # Four copies of each row are no more evidence than one.
    tested = ("ece", "rmsce", "classwise_ece")
    alone, copied, believed = ({name: [] for name in tested} for _ in range(3))
    for seed in range(30):
        scores, gold = sample(n=150, seed=seed)
        copies = (np.repeat(scores, 4, axis=0), np.repeat(gold, 4))
        for kept, found in (
            (alone, estimate(scores, gold, size=1, errors=tested)),
            (copied, estimate(*copies, size=4, errors=tested)),
            (believed, estimate(*copies, size=1, errors=tested, replicates=2)),
        ):
            for name in tested:
                kept[name].append(found[name].p_value <= 0.05)
    for name in tested:
        # 5 % of 30; more than 6 happen less than once in a thousand times.
        assert np.sum(copied[name]) <= 6, name
        assert np.sum(alone[name]) <= 6, name
        assert np.sum(believed[name]) >= 12, name


def test_an_overconfident_model_is_found_out_by_all_but_underconfidence():
    found = estimate(*sample(n=3000, temperature=2.5))
    for name in ERRORS:
        if name == "underconfidence":
            assert found[name].p_value > 0.5
            assert found[name].high < found["overconfidence"].low
        else:
            assert found[name].p_value <= 0.01 or (name == "mce" and found[name].p_value < 0.05)
            assert 0 < found[name].noise_floor < found[name].value
            assert found[name].low > 0 or name == "mce"


def test_overconfident_errors_are_compared_with_those_that_confidence_announces():
    scores, gold = sample()
    found = estimate(scores, gold)["overconfident_errors"]
    confidence, _ = outcomes(scores, gold)
    expected = ((1 - confidence) * (confidence >= 0.9)).mean()
    assert found.noise_floor == pytest.approx(expected, abs=1e-12)


def test_the_smooth_and_the_kernel_replicates_surround_the_exact_value():
    found = estimate(*sample(n=1500, temperature=2.0))
    for name in ("smooth_ece", "kernel_error"):
        middle = np.median(found[name].draws_high)
        assert middle == pytest.approx(found[name].value, rel=0.05)


def test_differences_are_paired():
    scores, gold = sample(n=900, temperature=2.0)
    weights = cluster_weights(300, 200, np.random.default_rng(0))
    cluster = np.arange(900) // 3
    one, same = (estimate(scores, gold, cluster=cluster, weights=weights) for _ in range(2))
    for name in (*MEANS, *ERRORS):
        np.testing.assert_array_equal(one[name].draws_high, same[name].draws_high)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_and_the_names_of_classes_do_not_matter(seed):
    scores, gold = sample(n=90, seed=seed)
    rng = np.random.default_rng(seed)
    rows, order, cluster = rng.permutation(90), rng.permutation(3), np.arange(90) // 3
    weights = cluster_weights(30, 20, rng)
    first = estimate(scores, gold, cluster=cluster, weights=weights)
    second = estimate(
        scores[rows][:, order],
        np.argsort(order)[gold[rows]],
        cluster=cluster[rows],
        weights=weights,
    )
    for name in (*MEANS, *ERRORS):
        assert second[name].value == pytest.approx(first[name].value, abs=1e-9), name
        np.testing.assert_allclose(second[name].draws_high, first[name].draws_high, atol=1e-7)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_copies_within_their_clusters_leave_draws_of_equal_width_alone(seed):
    scores, gold = sample(n=90, seed=seed)
    weights = cluster_weights(30, 20, np.random.default_rng(seed))
    cluster = np.arange(90) // 3
    names = ("mce", "overconfidence", "overconfident_errors")
    once = estimate(scores, gold, cluster=cluster, weights=weights, errors=names)
    twice = estimate(
        np.repeat(scores, 2, axis=0),
        np.repeat(gold, 2),
        cluster=np.repeat(cluster, 2),
        weights=weights,
        errors=names,
    )
    for name in ("accuracy", "nll", "overconfident_errors"):
        # The virtual row weighs at least one row in either.
        np.testing.assert_allclose(once[name].draws_low, twice[name].draws_low, atol=0.03)
    for name in names:
        assert once[name].value == pytest.approx(twice[name].value, abs=1e-12)


def test_chunks_of_rows_give_the_same_numbers(monkeypatch):
    scores, gold = sample()
    whole = estimate(scores, gold)
    monkeypatch.setattr(features_module.chunks, "__defaults__", (70,))
    parts = estimate(scores, gold)
    for name in ERRORS:
        assert parts[name].value == pytest.approx(whole[name].value, abs=1e-12)
        np.testing.assert_allclose(parts[name].draws_high, whole[name].draws_high, atol=1e-9)


def test_probabilities_give_what_their_scores_give():
    scores, gold = sample()
    weights = cluster_weights(200, 50, np.random.default_rng(0))
    of_scores = estimate(scores, gold, weights=weights)
    of_probabilities = estimate(softmax(scores), gold, given="probabilities", weights=weights)
    for name in (*MEANS, *ERRORS):
        assert of_probabilities[name].value == pytest.approx(of_scores[name].value, abs=1e-9)
        assert of_probabilities[name].high == pytest.approx(of_scores[name].high, abs=1e-9)


def test_one_row_is_measured_and_nothing_is_claimed():
    weights = cluster_weights(40, 100, np.random.default_rng(0))
    found = estimate([[2.0, 0.0]], [0], cluster=np.array([7]), weights=weights)
    for name in ERRORS:
        assert (found[name].low, found[name].high) == (0.0, 1.0)
        assert found[name].p_value is None
    assert (found["nll"].low, found["nll"].high) == (0.0, np.inf)
    assert (found["brier"].low, found["brier"].high) == (0.0, 2.0)
    assert (found["gap"].low, found["gap"].high) == (-1.0, 1.0)


def test_one_cluster_of_many_rows_has_no_p_value():
    scores, gold = sample(n=50, temperature=5.0)
    weights = np.ones((20, 1))
    found = estimate(scores, gold, cluster=np.zeros(50, dtype=int), weights=weights)
    assert {found[name].p_value for name in ERRORS} == {None}


def test_clusters_without_rows_here_are_left_out():
    scores, gold = sample(n=300)
    weights = cluster_weights(250, 100, np.random.default_rng(0))
    cluster = 100 + np.arange(300) // 3
    wide = estimate(scores, gold, cluster=cluster, weights=weights)
    narrow = estimate(scores, gold, cluster=cluster - 100, weights=weights[:, 100:200])
    for name in ERRORS:
        np.testing.assert_array_equal(wide[name].draws_high, narrow[name].draws_high)


def test_replicates_without_any_of_the_rows_know_only_the_virtual_one():
    scores, gold = sample(n=6)
    weights = np.zeros((500, 9))
    found = estimate(scores, gold, cluster=np.arange(6) // 3, weights=weights)
    # Beta(1/2, 1/2), stretched by Student's factor around what was observed, within 0 to 1.
    draws = found["accuracy"].draws_low
    assert 0.0 <= draws.min() < 0.02
    assert 0.98 < draws.max() <= 1.0


@pytest.mark.parametrize(
    "probabilities",
    [np.tile([1.0, 0.0, 0.0], (12, 1)), np.full((12, 3), 1 / 3), np.tile([0.5, 0.5, 0.0], (12, 1))],
)
def test_saturated_and_uniform_rows(probabilities):
    gold = np.array([0] * 6 + [1] * 6)
    found = estimate(probabilities, gold, given="probabilities")
    for name in ERRORS:
        one = found[name]
        assert np.isfinite([one.value, one.low, one.high, one.noise_floor, one.p_value]).all()
        assert 0 <= one.low <= one.high <= 1 + 1e-9, name


def test_a_right_choice_of_probability_zero_costs_infinity():
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.25, 0.75]])
    found = estimate(probabilities, [1, 0, 1, 1], given="probabilities", size=1, replicates=300)
    assert found["nll"].value == np.inf
    assert np.isfinite(found["nll"].low)
    assert found["nll"].high == np.inf
    assert np.isfinite(found["nll"].draws_low).any()


def test_a_right_choice_that_is_absent_leaves_no_likelihood():
    scores, gold = sample(n=60)
    gold[5] = -1
    assert "nll" not in estimate(scores, gold)


def test_only_what_is_asked_for():
    scores, gold = sample(n=60)
    assert set(estimate(scores, gold, errors=["mce"])) == {*MEANS, "mce"}
    assert set(estimate(scores, gold, errors=[])) == set(MEANS)
    assert set(estimate(scores, gold, notion="class-wise")) == {*MEANS, *CLASSWISE}


def test_bad_settings_and_data_are_refused():
    scores, gold = sample(n=60)
    for wrong in (
        {"errors": ["ecce"]},
        {"errors": ["ece"], "notion": "class-wise"},
        {"notion": 3},
        {"level": 1.0},
        {"noise_resamples": 0},
        {"bins": 0},
        {"given": "logits"},
    ):
        with pytest.raises(SettingsError):
            estimate(scores, gold, **wrong)
    weights = cluster_weights(20, 10, np.random.default_rng(0))
    for wrong in (
        {"cluster": np.arange(60) // 3, "weights": weights[:, :19]},
        {"cluster": np.arange(60) // 3 - 1, "weights": weights},
        {"cluster": np.arange(59) // 3, "weights": weights},
        {"cluster": np.arange(60) / 3, "weights": weights},
        {"cluster": np.arange(60) // 3, "weights": -weights},
        {"cluster": np.arange(60) // 3, "weights": weights[0]},
    ):
        with pytest.raises(DataError):
            estimate(scores, gold, **wrong)
