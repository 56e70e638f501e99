"""Rows with weights: what they are worth, and errors of them against rows that are repeated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.calibration import (
    ace,
    aurc,
    auroc,
    classwise_ece,
    ece,
    ece_debiased,
    ece_sweep,
    kernel_error,
    make_bins,
    mce,
    risk_coverage,
    rmsce,
    rmsce_debiased,
    selective_replicates,
    smooth_bandwidth,
    smooth_ece,
    square_ce_debiased,
    sweep_bins,
    tace,
)
from crosscal.calibration.evaluation.evaluating import evaluate
from crosscal.calibration.recalibration import RECALIBRATORS
from crosscal.calibration.sample_weights import (
    check_weights,
    effective_size,
    inequality,
    mean_one,
    weighted_mean,
)
from crosscal.exceptions import DataError

MEASURES = {
    "ece": ece,
    "ece, mass": lambda c, y, **k: ece(c, y, scheme="mass", **k),
    "mce": mce,
    "rmsce": rmsce,
    "rmsce, debiased": rmsce_debiased,
    "ece, debiased": ece_debiased,
    "sweep": ece_sweep,
    "sweep, width": lambda c, y, **k: ece_sweep(c, y, scheme="width", most=40, **k),
    "kernel": kernel_error,
    "smooth": smooth_ece,
}


def rows(seed=0, n=157):
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.uniform(0.3, 1.0, n), 2)  # with ties
    return confidence, (rng.random(n) < 0.9 * confidence).astype(int), rng.integers(1, 6, n)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("constant", [1, 7, 0.3])
def test_equal_weights_change_nothing(name, constant):
    confidence, correct, _ = rows()
    plain = MEASURES[name](confidence, correct)
    assert MEASURES[name](confidence, correct, weights=np.full(157, constant)) == plain


@pytest.mark.parametrize("name", MEASURES)
def test_the_unit_of_weights_does_not_matter(name):
    confidence, correct, weights = rows(1)
    one = MEASURES[name](confidence, correct, weights=weights)
    for unit in (1e-7, 1 / 3, 1e200):
        other = MEASURES[name](confidence, correct, weights=weights * unit)
        assert other == pytest.approx(one, abs=1e-12)


# A row counts as one observation in those that are free of noise, and by its share in the floor
# of the density.
@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"ece, debiased", "rmsce, debiased"}))
@pytest.mark.parametrize("seed", range(8))
def test_whole_weights_are_rows_that_are_repeated(name, seed):
    confidence, correct, weights = rows(seed, n=100 + 13 * seed)
    again = np.repeat(np.arange(len(weights)), weights)
    weighted = MEASURES[name](confidence, correct, weights=weights)
    repeated = MEASURES[name](confidence[again], correct[again])
    assert weighted == pytest.approx(repeated, abs=1e-6 if name == "smooth" else 1e-12)


@pytest.mark.parametrize("name", MEASURES)
def test_rows_of_weight_0_are_not_there(name):
    confidence, correct, weights = rows(2)
    weights = np.where(np.arange(157) % 5, weights, 0)
    kept = weights > 0
    assert MEASURES[name](confidence, correct, weights=weights) == pytest.approx(
        MEASURES[name](confidence[kept], correct[kept], weights=weights[kept]), abs=1e-12
    )


CLASS_BY_CLASS = {"classwise_ece": classwise_ece, "ace": ace, "tace": tace}


@pytest.mark.parametrize("name", CLASS_BY_CLASS)
@pytest.mark.parametrize("seed", range(4))
def test_errors_of_every_class_with_weights(name, seed):
    rng = np.random.default_rng([11, seed])
    n, error = 150 + 10 * seed, CLASS_BY_CLASS[name]
    values = np.round(2 * rng.normal(size=(n, 3)), 1) * [1, 1, 4]  # with ties, and tiny ones
    gold = rng.integers(-1, 3, n)
    weights = rng.integers(0, 5, n)
    again = np.repeat(np.arange(n), weights)
    weighted = error(values, gold, weights=weights)
    assert weighted == pytest.approx(error(values[again], gold[again]), abs=1e-12)
    assert weighted == pytest.approx(error(values, gold, weights=weights / 7e9), abs=1e-12)
    assert abs(weighted - error(values, gold)) > 1e-4
    assert error(values, gold, weights=np.full(n, 0.3)) == error(values, gold)
    known, some = np.maximum(gold, 0), np.maximum(weights, 1)
    whole = evaluate(values, known, weights=some, errors=(name,), replicates=100)
    (group,) = whole.groups.values()
    expected = error(values, known, weights=some)
    assert group.errors[name].value == pytest.approx(expected, abs=1e-12)
    # A class that only rows of no weight reach counts as a class, and adds nothing.
    only = np.where(np.arange(n)[:, None] == 0, [0, 0, 0], [9.0, 9.0, -99.0])
    late = (np.arange(n) > 0).astype(int)
    both = error(only, np.zeros(n, int), weights=late)
    assert both == pytest.approx(error(only[1:], np.zeros(n - 1, int)), abs=1e-12)
    with pytest.raises(DataError, match="row 2: the weight is -1.0"):
        error(values, gold, weights=np.where(np.arange(n) == 2, -1.0, 1.0))


def test_binned_error_by_brute_force():
    rng = np.random.default_rng(3)
    confidence, correct, _ = rows(3)
    weights = rng.lognormal(size=157)
    error, square, largest = 0.0, 0.0, 0.0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if not inside.any():
            continue
        share = weights[inside].sum() / weights.sum()
        gap = np.average(confidence[inside] - correct[inside], weights=weights[inside])
        error, square = error + share * abs(gap), square + share * gap**2
        largest = max(largest, abs(gap))
    given = {"weights": weights}
    assert ece(confidence, correct, **given) == pytest.approx(error, abs=1e-12)
    assert mce(confidence, correct, **given) == pytest.approx(largest, abs=1e-12)
    assert rmsce(confidence, correct, scheme="width", **given) == pytest.approx(
        np.sqrt(square), abs=1e-12
    )


def test_kernel_error_by_brute_force():
    confidence, correct, weights = rows(4)
    residual = weights * (confidence - correct)
    kernel = np.exp(-np.abs(confidence[:, None] - confidence) / 0.2)
    expected = np.sqrt(residual @ kernel @ residual) / weights.sum()
    assert kernel_error(confidence, correct, weights=weights) == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 2**31), st.integers(2, 20))
@settings(max_examples=50, deadline=None)
def test_bins_of_equal_mass_hold_equal_weight(seed, bins):
    rng = np.random.default_rng(seed)
    confidence, weights = rng.random(200), rng.lognormal(sigma=0.5, size=200)
    index = make_bins(confidence, bins=bins, scheme="mass", weights=weights).index(confidence)
    held = np.bincount(index, weights=weights, minlength=bins) / weights.sum()
    # Rows are not split.
    assert np.abs(held - 1 / bins).max() <= 2 * weights.max() / weights.sum() + 1e-12


def test_bandwidth_and_sweep_see_the_weights():
    confidence, correct, weights = rows(5)
    again = np.repeat(np.arange(157), weights)
    assert smooth_bandwidth(confidence, correct, weights=weights) == smooth_bandwidth(
        confidence[again], correct[again]
    )
    np.testing.assert_array_equal(
        sweep_bins(confidence, correct, weights=weights).upper,
        sweep_bins(confidence[again], correct[again]).upper,
    )


def test_the_debiased_square_is_free_of_bias():
    # One bin, calibrated: the mean of the unbiased square is 0, that of the plain one is not.
    rng = np.random.default_rng(6)
    weights, confidence = rng.lognormal(sigma=1.0, size=40), np.full(40, 0.7)
    squares = [
        square_ce_debiased(confidence, rng.random(40) < 0.7, bins=1, weights=weights)
        for _ in range(3000)
    ]
    noise = 0.7 * 0.3 / effective_size(weights)
    assert abs(np.mean(squares)) < 4 * np.std(squares) / np.sqrt(3000)
    assert np.mean(squares) < noise / 4


def test_areas_are_those_of_repeated_rows():
    confidence, correct, weights = rows(7)
    again = np.repeat(np.arange(157), weights)
    found = selective_replicates(confidence, correct, np.ones((1, 157)), row_weights=weights)
    assert found.auroc[0] == pytest.approx(auroc(confidence[again], correct[again]), abs=1e-12)
    # The sum over k is no integral: a hundred rows are not three hundred.
    assert found.aurc[0] == pytest.approx(aurc(confidence[again], correct[again]), abs=5e-3)
    equal = selective_replicates(
        confidence, correct, np.ones((1, 157)), row_weights=np.full(157, 3)
    )
    assert equal.aurc[0] == aurc(confidence, correct)


def test_risk_and_coverage_are_those_of_repeated_rows():
    confidence, correct, weights = rows(8)
    again = np.repeat(np.arange(157), weights)
    one = risk_coverage(confidence, correct, weights=weights)
    other = risk_coverage(confidence[again], correct[again])
    for name in ("threshold", "coverage", "risk"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-12)


def test_effective_sizes():
    assert effective_size(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_size(np.array([1e300, 1e-300])) == pytest.approx(1)
    assert effective_size(np.array([1.0, 3.0])) == pytest.approx(16 / 10)
    # Clusters of unequal size whose weights are their rows are no more unequal than that.
    counts = np.array([1.0, 4.0, 2.0])
    assert inequality(5 * counts, counts) == pytest.approx(1)
    assert inequality(np.ones(3), counts) == 1
    assert inequality(np.array([1.0, 3.0]), np.ones(2)) == pytest.approx(2 / 1.6)


def test_means():
    rng = np.random.default_rng(9)
    values, weights = rng.normal(size=50), rng.random(50)
    own = mean_one(weights, 50)
    assert own.mean() == pytest.approx(1)
    assert weighted_mean(values, own) == pytest.approx(np.average(values, weights=weights))
    assert weighted_mean(np.full(50, 1.0), own) == 1.0
    assert weighted_mean(np.array([np.inf, 1.0]), np.array([0.5, 1.5])) == np.inf
    # 0.1 + 0.2 is not 0.3 to the last bit.
    assert mean_one([1 / 0.3, 1 / (0.1 + 0.2)], 2) is None


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1.0, -1.0, 1.0], "weights, row 1: the weight is -1.0"),
        ([1.0, 1.0, np.nan], "row 2: the weight is nan"),
        ([np.inf, 1.0, 1.0], "row 0: the weight is inf"),
        ([0.0, 0.0, 0.0], "all weights are zero"),
        ([1.0, 1.0], r"shape \(2,\) for 3 rows"),
        (["1", "2", "3"], "no numbers"),
        ([[1.0, 1.0, 1.0]], r"shape \(1, 3\)"),
    ],
)
def test_what_is_no_weight_is_refused(weights, words):
    with pytest.raises(DataError, match=words):
        check_weights(weights, 3)


@pytest.mark.parametrize("name", sorted(RECALIBRATORS))
def test_recalibrators_are_fitted_to_weighted_rows(name):
    rng = np.random.default_rng(10)
    gold = rng.integers(0, 3, 300)
    scores = 2.0 * (rng.normal(size=(300, 3)) + np.eye(3)[gold])
    weights = rng.integers(0, 5, 300)
    again = np.repeat(np.arange(300), weights)
    kind = RECALIBRATORS[name]
    plain = kind().fit(scores, gold).predict_proba(scores)
    equal = kind().fit(scores, gold, np.full(300, 0.3)).predict_proba(scores)
    np.testing.assert_array_equal(equal, plain)
    weighted = kind().fit(scores, gold, weights).predict_proba(scores)
    other = kind().fit(scores, gold, 1e-7 * weights).predict_proba(scores)
    np.testing.assert_allclose(other, weighted, atol=1e-9)
    repeated = kind().fit(scores[again], gold[again]).predict_proba(scores)
    # A prior, and a row that may come, weigh more beside fewer rows.
    slack = {"bayesian-temperature": 0.02, "venn-abers": 0.1}.get(name, 1e-6)
    np.testing.assert_allclose(weighted, repeated, atol=slack)
    assert np.abs(weighted - plain).max() > 1e-3
