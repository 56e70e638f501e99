"""Each recalibrator against scikit-learn, brute force or a closed form."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from crosscal.calibration import log_softmax, nll, softmax
from crosscal.calibration.recalibration import (
    BayesianTemperature,
    BetaCalibration,
    ConvergenceWarning,
    DirichletCalibration,
    EnsembleTemperature,
    HistogramBinning,
    IsotonicCalibration,
    MatrixScaling,
    ScalingBinning,
    TemperatureScaling,
    VectorScaling,
    VennAbers,
)
from crosscal.exceptions import SettingsError


def rows(seed=0, n=300, k=3, truth=0.6, noise=0.0):
    """Scores that are too sure by a factor of 1 / truth, and labels."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2.0
    gumbel = rng.gumbel(size=scores.shape)
    return scores + noise * rng.normal(size=k), (truth * scores + gumbel).argmax(axis=1)


def logistic(features, gold):
    """Return scikit-learn's regression of two classes, with a penalty that does not matter."""
    found = LogisticRegression(C=1e14, solver="newton-cholesky", tol=1e-11, max_iter=500)
    return found.fit(features, gold)


class Same(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are its input."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, x):
        return self.classes_[np.argmax(x, axis=1)]

    def predict_proba(self, x):
        return x


def of_scikit_learn(method, probabilities, gold, new):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CalibratedClassifierCV(
            FrozenEstimator(Same().fit(probabilities, gold)), method=method
        )
        return model.fit(probabilities, gold).predict_proba(new)


# Affine maps.


@pytest.mark.parametrize("recalibrator", [VectorScaling(), MatrixScaling(off_diagonal=0, bias=0)])
def test_affine_of_two_classes_is_logistic_regression(recalibrator):
    scores, gold = rows(k=2, noise=1.0)
    new, _ = rows(seed=1, k=2)
    np.testing.assert_allclose(
        recalibrator.fit(scores, gold).predict_proba(new),
        logistic(scores, gold).predict_proba(new),
        atol=1e-8,
    )


@pytest.mark.parametrize("k", [3, 5])
def test_matrix_without_penalty_is_multinomial_regression(k):
    scores, gold = rows(k=k, noise=1.0)
    found = MatrixScaling(off_diagonal=0, bias=0).fit(scores, gold).predict_proba(scores)
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(scores, gold)
    theirs = theirs.predict_proba(scores)
    # Its search ends less exactly.
    np.testing.assert_allclose(found, theirs, atol=1e-5)
    assert nll(np.log(found), gold) <= nll(np.log(theirs), gold) + 1e-14


def plain_matrix_loss(scores, gold, weights, bias, off_diagonal, of_bias):
    k = len(bias)
    new = scores @ weights + bias
    loss = np.mean(logsumexp(new, axis=1) - new[np.arange(len(gold)), gold])
    away = [weights[i, j] ** 2 for i in range(k) for j in range(k) if i != j]
    return loss + off_diagonal * np.mean(away) + of_bias * np.mean(bias**2)


@pytest.mark.parametrize("kind", [MatrixScaling, DirichletCalibration])
@pytest.mark.parametrize(("off_diagonal", "bias"), [(0.01, 0.01), (3.0, 0.0), (0.1, 5.0)])
def test_penalised_matrix_by_brute_force(kind, off_diagonal, bias):
    scores, gold = rows(n=60, noise=1.0)
    found = kind(off_diagonal=off_diagonal, bias=bias).fit(scores, gold)
    mapped = log_softmax(scores) if kind is DirichletCalibration else scores

    def loss(at):
        return plain_matrix_loss(mapped, gold, at[:9].reshape(3, 3), at[9:], off_diagonal, bias)

    ours = np.concatenate([found.weights_.ravel(), found.bias_])
    searched = minimize(loss, np.eye(4, 3).ravel(), method="BFGS", options={"gtol": 1e-7})
    assert found.converged_
    assert loss(ours) <= searched.fun + 1e-12
    # A convex function is flat at its minimum alone.
    slopes = [(loss(ours + 1e-4 * e) - loss(ours - 1e-4 * e)) / 2e-4 for e in np.eye(12)]
    np.testing.assert_allclose(slopes, 0.0, atol=1e-7)
    if bias:
        np.testing.assert_allclose(searched.x, ours, atol=1e-3)


def test_vector_by_brute_force():
    scores, gold = rows(n=60, noise=1.0)
    found = VectorScaling().fit(scores, gold)
    searched = minimize(
        lambda at: nll(scores * at[:3] + at[3:], gold),
        np.r_[np.ones(3), np.zeros(3)],
        method="BFGS",
        options={"gtol": 1e-8},
    )
    reached = nll(scores @ found.weights_ + found.bias_, gold)
    assert reached <= searched.fun + 1e-13
    assert searched.fun == pytest.approx(reached, abs=1e-9)
    np.testing.assert_array_equal(found.weights_, np.diag(np.diag(found.weights_)))
    np.testing.assert_allclose(np.diag(found.weights_), searched.x[:3], atol=1e-4)
    np.testing.assert_allclose(found.bias_, searched.x[3:] - searched.x[3:].mean(), atol=1e-4)


def test_a_great_penalty_leaves_the_diagonal():
    scores, gold = rows(noise=1.0)
    found = MatrixScaling(off_diagonal=1e7, bias=1e7).fit(scores, gold)
    away = found.weights_[~np.eye(3, dtype=bool)]
    np.testing.assert_allclose(away, 0.0, atol=1e-6)
    np.testing.assert_allclose(found.bias_, 0.0, atol=1e-6)
    assert (np.diag(found.weights_) > 0.3).all()


@pytest.mark.parametrize("name", ["off_diagonal", "bias"])
def test_negative_penalties_are_refused(name):
    with pytest.raises(SettingsError, match=name):
        MatrixScaling(**{name: -1.0}).fit(*rows())


# Temperatures.


@pytest.mark.parametrize("k", [2, 3, 6])
def test_temperature_of_scikit_learn(k):
    scores, gold = rows(k=k)
    new = softmax(rows(seed=1, k=k)[0])
    found = TemperatureScaling().fit(scores, gold)
    theirs = of_scikit_learn("temperature", softmax(scores), gold, new)
    # Theirs ends where a search of steps 1e-6 or so does.
    np.testing.assert_allclose(found.predict_proba(np.log(new)), theirs, atol=1e-4)


def plain_posterior(scores, gold, new, centre, spread, logs):
    """Return the mean probabilities and log T under the posterior, by sums over log T."""
    weights = np.empty(len(logs))
    for i, u in enumerate(logs):
        likelihood = -nll(scores / np.exp(u), gold) * len(gold)
        weights[i] = likelihood - (u - centre) ** 2 / (2 * spread**2)
    weights = np.exp(weights - logsumexp(weights))
    mean = sum(w * softmax(new / np.exp(u)) for w, u in zip(weights, logs, strict=True))
    return mean, float(weights @ logs)


@pytest.mark.parametrize(
    ("n", "centre", "spread", "factor"),
    [(1, 0.0, 1.0, 1.0), (20, 0.5, 0.1, 1.0), (400, -1.0, 2.0, 1.0), (40, 0.0, 1.0, 50.0)],
)
def test_bayesian_temperature_by_integration(n, centre, spread, factor):
    scores, gold = rows(n=n)
    new = rows(seed=1, n=15)[0] * factor
    found = BayesianTemperature(centre=centre, spread=spread).fit(scores * factor, gold)
    logs = np.linspace(centre - 12 * spread, centre + 12 * spread, 2401)
    mean, log_t = plain_posterior(scores * factor, gold, new, centre, spread, logs)
    np.testing.assert_allclose(found.predict_proba(new), mean, atol=1e-9)
    assert np.log(found.temperature_) == pytest.approx(log_t, abs=1e-9)
    assert found.weights_.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.weights_[[0, -1]].max() < 1e-12


@pytest.mark.parametrize("choose", [np.argmax, np.argmin])
def test_bayesian_temperature_where_no_temperature_is_best(choose):
    scores, _ = rows(n=40)
    gold = choose(scores, axis=1)
    found = BayesianTemperature().fit(scores, gold)
    mean, log_t = plain_posterior(scores, gold, scores, 0.0, 1.0, np.linspace(-12, 12, 2401))
    assert found.converged_
    np.testing.assert_allclose(found.predict_proba(scores), mean, atol=1e-9)
    assert np.log(found.temperature_) == pytest.approx(log_t, abs=1e-8)


def test_bayesian_temperature_keeps_to_data_or_prior():
    scores, gold = rows(n=8000)
    best = TemperatureScaling().fit(scores, gold).temperature_
    assert BayesianTemperature().fit(scores, gold).temperature_ == pytest.approx(best, rel=1e-3)
    held = BayesianTemperature(centre=np.log(3.0), spread=1e-5).fit(scores, gold)
    assert held.temperature_ == pytest.approx(3.0, rel=1e-3)
    # Equal scores say nothing: the posterior is the prior.
    silent = BayesianTemperature(centre=0.7, spread=0.4).fit(np.ones((5, 3)), [0, 1, 2, 0, 1])
    assert silent.temperature_ == pytest.approx(np.exp(0.7), rel=1e-9)
    with pytest.raises(SettingsError, match="spread"):
        BayesianTemperature(spread=0.0).fit(scores, gold)


@pytest.mark.parametrize("seed", range(6))
def test_ensemble_weights_by_grid(seed):
    scores, gold = rows(seed=seed, n=50, truth=[0.2, 0.6, 1.0, 1.4, 0.9, 0.05][seed])
    gold[: 5 * seed] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = EnsembleTemperature().fit(scores, gold)
        best = TemperatureScaling().fit(scores, gold)
    at = np.arange(len(gold)), gold
    parts = [best.predict_proba(scores)[at], softmax(scores)[at], np.full(len(gold), 1 / 3)]
    share = np.linspace(0, 1, 201)
    grid = np.array([(a, b, 1 - a - b) for a in share for b in share if a + b <= 1])
    losses = -np.log(np.abs(grid) @ np.array(parts)).mean(axis=1)
    reached = -np.log(found.predict_proba(scores)[at]).mean()
    assert found.temperature_ == best.temperature_
    assert losses.min() - 1e-3 < reached < losses.min() + 1e-10
    assert found.weights_.min() >= 0
    assert found.weights_.sum() == pytest.approx(1.0, abs=1e-12)


def test_ensemble_of_rows_with_choices_of_their_own():
    scores = np.array([[2.0, 0.0, -np.inf], [1.0, 0.0, 0.5], [0.0, 3.0, -np.inf], [0.0, 1.0, 2.0]])
    with pytest.warns(ConvergenceWarning):
        found = EnsembleTemperature().fit(scores, [0, 1, 0, 2])
    scaled, plain = softmax(scores / found.temperature_), softmax(scores)
    uniform = np.array([[1 / 2, 1 / 2, 0], [1 / 3] * 3, [1 / 2, 1 / 2, 0], [1 / 3] * 3])
    a, b, c = found.weights_
    mixed = a * scaled + b * plain + c * uniform
    np.testing.assert_allclose(found.predict_proba(scores), mixed, atol=1e-15)


# Maps of one confidence.


def two_classes(confidence):
    return np.column_stack([1 - confidence, confidence])


def test_beta_of_two_classes_is_logistic_regression():
    scores, gold = rows(k=2, noise=1.0)
    new, _ = rows(seed=1, k=2)

    def features(scores):
        logs = log_softmax(scores)
        return np.column_stack([logs[:, 1], -logs[:, 0]])

    theirs = logistic(features(scores), gold)
    assert (theirs.coef_ > 0).all()  # else the constraint counts
    np.testing.assert_allclose(
        BetaCalibration().fit(scores, gold).predict_proba(new),
        theirs.predict_proba(features(new)),
        atol=1e-8,
    )


def test_beta_of_three_classes_is_one_against_the_rest():
    scores, gold = rows()
    probability = softmax(scores)
    each = []
    for c in range(3):
        odds = np.column_stack([np.log(probability[:, c]), -np.log1p(-probability[:, c])])
        model = logistic(odds, gold == c)
        assert (model.coef_ > 0).all()
        each.append(model.predict_proba(odds)[:, 1])
    each = np.array(each).T
    np.testing.assert_allclose(
        BetaCalibration().fit(scores, gold).predict_proba(scores),
        each / each.sum(axis=1, keepdims=True),
        atol=1e-7,
    )


@pytest.mark.parametrize("seed", range(8))
def test_beta_with_slopes_held_at_zero(seed):
    rng = np.random.default_rng(seed)
    c = rng.uniform(0.02, 0.98, 120)
    # Curves whose unconstrained slopes are of either sign.
    a, b = rng.normal(size=2) * 1.5
    gold = (rng.random(120) < expit(a * np.log(c) - b * np.log(1 - c))).astype(int)
    found = BetaCalibration(given="probabilities").fit(two_classes(c), gold)

    def loss(at):
        odds = at[0] * np.log(c) - at[1] * np.log(1 - c) + at[2]
        return np.mean(np.logaddexp(0, odds) - gold * odds)

    bounds = [(0, None), (0, None), (None, None)]
    options = {"ftol": 1e-15, "gtol": 1e-9}
    searched = minimize(loss, [1.0, 1.0, 0.0], method="L-BFGS-B", bounds=bounds, options=options)
    curve = found.predict_proba(two_classes(c))[:, 1]
    reached = -np.mean(np.where(gold == 1, np.log(curve), np.log1p(-curve)))
    assert reached <= searched.fun + 1e-12
    at = searched.x
    odds = at[0] * np.log(c) - at[1] * np.log(1 - c) + at[2]
    np.testing.assert_allclose(curve, expit(odds), atol=1e-3)


def test_beta_of_confidences_that_mislead_is_the_share():
    scores, gold = rows(k=2, truth=-1.0)
    found = BetaCalibration().fit(scores, gold).predict_proba(scores)[:, 1]
    np.testing.assert_allclose(found, gold.mean(), atol=1e-9)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_isotonic_of_scikit_learn(k):
    scores, gold = rows(k=k)
    # Multiples of 1/64, so that ties are exact: theirs pools what differs by 1e-14 as well.
    probability = np.floor(softmax(scores) * 64) / 64
    probability[:, 0] += 1 - probability.sum(axis=1)
    new = softmax(rows(seed=1, k=k)[0] * 1.5)  # beyond what was seen
    np.testing.assert_allclose(
        IsotonicCalibration(given="probabilities").fit(probability, gold).predict_proba(new),
        of_scikit_learn("isotonic", probability, gold, new),
        atol=1e-12,
    )


def test_isotonic_of_the_chosen_label():
    scores, gold = rows()
    probability = softmax(scores)
    top = probability.max(axis=1)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(top, probability.argmax(axis=1) == gold)
    found = IsotonicCalibration(notion="top-label").fit(scores, gold).predict_proba(scores)
    chosen = probability.argmax(axis=1)
    np.testing.assert_allclose(found[np.arange(len(gold)), chosen], theirs.predict(top), atol=1e-12)
    # The others share the rest in the proportion they had.
    others = probability.copy()
    others[np.arange(len(gold)), chosen] = 0
    others *= ((1 - theirs.predict(top)) / others.sum(axis=1))[:, None]
    others[np.arange(len(gold)), chosen] = theirs.predict(top)
    np.testing.assert_allclose(found, others, atol=1e-12)


def plain_venn_abers(known, outcome, new):
    """Refit with the new point under each label."""
    merged = []
    for point in new:
        fits = []
        for label in (0, 1):
            x, y = np.append(known, point), np.append(outcome, label)
            fits.append(IsotonicRegression().fit(x, y).predict([point])[0])
        merged.append(fits[1] / (1 - fits[0] + fits[1]))
    return np.array(merged)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=25),
    st.lists(st.integers(0, 20), min_size=1, max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_venn_abers_by_refitting(known, new):
    x, y = np.array([c for c, _ in known]) / 10, np.array([int(right) for _, right in known])
    at = np.array(new) / 20  # on the levels and between them, 0 and 1 too
    found = VennAbers(given="probabilities").fit(two_classes(x), y)
    np.testing.assert_allclose(
        found.predict_proba(two_classes(at))[:, 1], plain_venn_abers(x, y, at), atol=1e-12
    )


def test_venn_abers_of_three_classes_and_of_the_chosen_label():
    scores, gold = rows(n=80)
    new, _ = rows(seed=1, n=12)
    each = np.array(
        [plain_venn_abers(softmax(scores)[:, c], gold == c, softmax(new)[:, c]) for c in range(3)]
    ).T
    np.testing.assert_allclose(
        VennAbers().fit(scores, gold).predict_proba(new),
        each / each.sum(axis=1, keepdims=True),
        atol=1e-12,
    )
    right = scores.argmax(axis=1) == gold
    chosen = plain_venn_abers(softmax(scores).max(axis=1), right, softmax(new).max(axis=1))
    found = VennAbers(notion="top-label").fit(scores, gold).predict_proba(new)
    np.testing.assert_allclose(found[np.arange(12), new.argmax(axis=1)], chosen, atol=1e-12)


def test_venn_abers_of_one_row():
    # With a right row of 0.5: a new one below it is 0 or 1 / 2 (pooled), one above it 1/2 or 1.
    found = VennAbers(given="probabilities").fit(two_classes(np.array([0.5])), [1])
    new = found.predict_proba(two_classes(np.array([0.2, 0.5, 0.8])))[:, 1]
    np.testing.assert_allclose(new, [1 / 2, 1 / 1.5, 1 / 1.5], atol=1e-15)


def test_histogram_of_equal_mass():
    scores, gold = rows(n=103, k=2)
    probability = softmax(scores)[:, 1]
    found = HistogramBinning(bins=10).fit(scores, gold).predict_proba(scores)[:, 1]
    for part in np.array_split(np.argsort(probability), 10):
        np.testing.assert_allclose(found[part], gold[part].mean(), atol=1e-15)


def test_histogram_of_equal_width():
    c = np.array([0.0, 0.1, 0.2, 0.2, 0.55, 0.75, 1.0])
    gold = np.array([0, 1, 0, 1, 0, 1, 1])
    found = HistogramBinning(bins=5, scheme="width", given="probabilities")
    found = found.fit(two_classes(c), gold)
    # (0, 0.2] holds 4 rows, 2 of them right; (0.2, 0.4] none, so its middle.
    new = np.array([0.0, 0.2, 0.2000001, 0.4, 0.6, 0.8, 0.81, 1.0])
    np.testing.assert_allclose(
        found.predict_proba(two_classes(new))[:, 1],
        [0.5, 0.5, 0.3, 0.3, 0.0, 1.0, 1.0, 1.0],
        atol=1e-15,
    )


def test_histogram_of_three_classes():
    scores, gold = rows(n=90)
    found = HistogramBinning(bins=6).fit(scores, gold).predict_proba(scores)
    each = np.empty((90, 3))
    for c in range(3):
        for part in np.array_split(np.argsort(softmax(scores)[:, c]), 6):
            each[part, c] = np.mean(gold[part] == c)
    # A row of zeros says that every class is impossible; it becomes uniform.
    empty = each.sum(axis=1) == 0
    each[empty] = 1.0
    np.testing.assert_allclose(found, each / each.sum(axis=1, keepdims=True), atol=1e-15)


def test_a_row_of_zeros_becomes_uniform():
    # Every class was right above one half and never below.
    seen = [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]]
    found = HistogramBinning(bins=2, scheme="width", given="probabilities").fit(seen, [0, 1, 2])
    np.testing.assert_allclose(found.predict_proba([[0.4, 0.3, 0.3]]), 1 / 3, atol=1e-15)
    np.testing.assert_allclose(found.predict_proba(seen), np.eye(3), atol=1e-15)


def test_scaling_binning():
    scores, gold = rows(n=103, k=2)
    odds = (scores[:, 1] - scores[:, 0])[:, None]
    curve = logistic(odds, gold).predict_proba(odds)[:, 1]
    found = ScalingBinning(bins=10).fit(scores, gold).predict_proba(scores)[:, 1]
    for part in np.array_split(np.argsort(curve), 10):
        np.testing.assert_allclose(found[part], curve[part].mean(), atol=1e-8)


@pytest.mark.parametrize(
    "recalibrator",
    [BetaCalibration, IsotonicCalibration, HistogramBinning, ScalingBinning, VennAbers],
)
def test_unknown_notions_are_refused(recalibrator):
    with pytest.raises(SettingsError, match="notion"):
        recalibrator(notion="all").fit(*rows())
