"""The regression on few languages, and temperatures that are given, drawn or matched."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Reference

from crosscal.analysis.recalibration_transfer.features import (
    feature_matrix,
    table_features,
    unlabelled_features,
)
from crosscal.analysis.recalibration_transfer.fixed_temperature import (
    GivenTemperature,
    matching_temperature,
    temperature_with_prior,
    threshold_accuracy,
)
from crosscal.analysis.recalibration_transfer.ridge import PENALTIES, fit_ridge
from crosscal.calibration import TemperatureScaling, nll_rows, softmax
from crosscal.languages import LANGUAGES


@pytest.fixture
def data():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(14, 5)) * [1, 10, 0.1, 2, 1]
    return x, x[:, 0] * 0.3 + rng.normal(size=14) * 0.1


def test_ridge_agrees_with_scikit_learn(data):
    x, y = data
    ridge = fit_ridge(x, y)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    reference = Reference(alpha=ridge.penalty).fit(standard, y)
    assert ridge.weights == pytest.approx(reference.coef_)
    assert ridge.predict(x[3]) == pytest.approx(reference.predict(standard[3:4])[0])


def test_penalty_is_the_best_of_leaving_each_row_out(data):
    x, y = data
    standard = (x - x.mean(axis=0)) / x.std(axis=0)

    def error(penalty):
        errors = []
        for i in range(len(y)):
            rest = np.arange(len(y)) != i
            if np.isinf(penalty):
                errors.append(y[i] - y[rest].mean())
                continue
            fitted = Reference(alpha=penalty).fit(standard[rest], y[rest])
            errors.append(y[i] - fitted.predict(standard[i : i + 1])[0])
        return np.mean(np.square(errors))

    ridge = fit_ridge(x, y)
    errors = [error(penalty) for penalty in PENALTIES]
    assert ridge.penalty == PENALTIES[int(np.argmin(errors))]
    assert ridge.r2 == pytest.approx(1 - min(errors) / errors[-1])
    leverages = standard @ np.linalg.solve(
        standard.T @ standard + ridge.penalty * np.eye(5), standard.T
    )
    assert ridge.freedom == pytest.approx(np.trace(leverages))


def test_without_a_law_the_mean_is_predicted():
    rng = np.random.default_rng(8)
    picked = []
    for _ in range(60):
        ridge = fit_ridge(rng.normal(size=(14, 10)), rng.normal(size=14))
        picked.append(ridge.freedom)
    assert np.median(picked) < 1.5
    alone = fit_ridge(np.empty((14, 0)), np.arange(14.0))
    assert (alone.penalty, alone.predict(np.empty(0))) == (np.inf, 6.5)


def test_unknown_features_count_as_the_mean(data):
    x, y = data
    x[4, 0] = np.nan
    ridge = fit_ridge(x, y)
    assert np.isfinite(ridge.weights).all()
    assert ridge.predict(np.full(5, np.nan)) == pytest.approx(y.mean())


def test_features_of_the_table():
    turkish = table_features("tr")
    assert turkish["cases"] == 6.5
    assert turkish["pretraining"] == pytest.approx(np.log(20.9))
    assert turkish["latin"] == 1.0
    assert table_features("xx") == {}
    for code in LANGUAGES:
        assert all(np.isfinite(value) for value in table_features(code).values())


def test_features_known_of_few_are_left_out():
    names, values = feature_matrix(
        ["a", "b", "c"], {"a": {"x": 1.0, "y": 2.0}, "b": {"x": 3.0}, "c": {}}
    )
    assert names == ("x",)
    assert np.isnan(values[2, 0])


def test_unlabelled_features():
    even = unlabelled_features(np.zeros((4, 3)))
    assert even == pytest.approx({"mean_confidence": 1 / 3, "mean_entropy": np.log(3)})
    sure = unlabelled_features(np.array([[0.0, -1000.0, -np.inf]]))
    assert sure == {"mean_confidence": 1.0, "mean_entropy": 0.0}


def made(n, temperature, seed=0):
    rng = np.random.default_rng(seed)
    calm = rng.normal(size=(n, 3)) * 1.5
    shares = softmax(calm) if n else calm
    gold = np.array([rng.choice(3, p=p) for p in shares], dtype=np.int64)
    return calm * temperature, gold


@pytest.mark.parametrize("n", [0, 5, 40, 400])
def test_prior_against_brute_force(n):
    scores, gold = made(n, 1.6, seed=n)
    log_t = np.linspace(-1.8, 1.8, 40_001)
    cost = [
        sum(nll_rows(scores / np.exp(v), gold) if n else [0.0]) + (v - 0.2) ** 2 / 0.18
        for v in log_t[::100]
    ]
    near = log_t[::100][int(np.argmin(cost))]
    found = np.log(temperature_with_prior(scores, gold, float(np.exp(0.2)), 0.3))
    assert abs(found - near) <= 0.01


def test_prior_matters_less_with_more_examples():
    scores, gold = made(3000, 2.0)
    alone = TemperatureScaling().fit(scores, gold).temperature_
    pulls = [abs(temperature_with_prior(scores[:n], gold[:n], 1.0) - alone) for n in (3, 300, 3000)]
    assert pulls[0] > pulls[1] > pulls[2]
    assert pulls[2] < 0.02


def test_prior_has_an_answer_where_examples_have_none():
    scores = np.array([[4.0, 0.0, 0.0]] * 10)
    found = temperature_with_prior(scores, np.zeros(10, dtype=np.int64), 1.5)
    assert np.exp(-1.8) * 1.5 <= found < 1.5


def test_matching_temperature_gives_the_confidence_asked_for():
    scores, _ = made(500, 2.0)
    found = matching_temperature(scores, 0.6)
    assert softmax(scores / found).max(axis=1).mean() == pytest.approx(0.6, abs=1e-6)
    assert matching_temperature(scores, 1.0) == pytest.approx(np.exp(-6))
    assert matching_temperature(scores, 0.2) == pytest.approx(np.exp(6))


def test_threshold_accuracy_of_english_is_its_accuracy():
    rng = np.random.default_rng(0)
    confidence, correct = rng.random(1000), rng.random(1000) < 0.7
    assert threshold_accuracy(confidence, correct, confidence) == pytest.approx(
        correct.mean(), abs=0.002
    )


def test_given_temperature():
    scores = np.array([[2.0, 0.0]])
    assert GivenTemperature(2.0).fit(None, None).predict_proba(scores) == pytest.approx(
        softmax([[1.0, 0.0]])
    )
