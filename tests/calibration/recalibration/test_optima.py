"""Optima: reached where there is one, whatever the scores, and never claimed where none is."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.special import expit

from crosscal.calibration import ConvergenceWarning, nll, softmax
from crosscal.calibration.recalibration import (
    BayesianTemperature,
    BetaCalibration,
    DirichletCalibration,
    EnsembleTemperature,
    MatrixScaling,
    ScalingBinning,
    TemperatureScaling,
    VectorScaling,
    VennAbers,
)
from crosscal.calibration.recalibration.ensemble import mixture_weights
from crosscal.calibration.recalibration.softmax_loss import SoftmaxLoss, _quasi_newton

GIVEN = {"given": "probabilities"}


def rows(seed=0, n=500, k=3, truth=0.6):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2.0
    return scores, (truth * scores + rng.gumbel(size=(n, k))).argmax(axis=1)


def quietly(estimator, scores, gold):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(scores, gold)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1e4, 1e6])
@pytest.mark.parametrize("kind", [VectorScaling, MatrixScaling])
def test_units_of_the_scores_do_not_matter_without_penalty(kind, scale):
    scores, gold = rows()
    free = {} if kind is VectorScaling else {"off_diagonal": 0, "bias": 0}
    plain, scaled = kind(**free).fit(scores, gold), kind(**free).fit(scores * scale, gold)
    assert scaled.converged_
    np.testing.assert_allclose(
        scaled.predict_proba(scores * scale), plain.predict_proba(scores), atol=1e-9
    )


def separable(x, gold):
    """Whether a direction exists along which no right choice loses and some gain: a programme."""
    k = x.shape[1]
    margins = []
    for row, right in zip(x, gold, strict=True):
        for other in set(range(k)) - {right}:
            m = np.zeros(2 * k)
            m[[right, k + right]] += row[right], 1.0
            m[[other, k + other]] -= row[other], 1.0
            margins.append(m)
    margins = np.array(margins)
    found = linprog(
        -margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(margins)), bounds=(-1, 1)
    )
    return -found.fun > 1e-6


def test_no_optimum_is_said_just_where_there_is_none():
    """Vector scaling on few rows, against linear programming."""
    said, true = [], []
    for seed in range(60):
        scores, gold = rows(seed=seed, n=12)
        said.append(not quietly(VectorScaling(), scores, gold).converged_)
        true.append(separable(scores, gold))
    assert said == true
    assert 5 < sum(true) < 55


@pytest.mark.parametrize("kind", [MatrixScaling, DirichletCalibration])
def test_many_classes_that_scores_tell_apart(kind):
    scores, _ = rows(n=200, k=25)
    with pytest.warns(ConvergenceWarning, match="tell classes apart"):
        assert not kind().fit(scores, scores.argmax(axis=1)).converged_


def test_search_with_gradients_alone():
    """What more than 64 classes get, on few: the same optimum, and no false claim of one."""
    scores, gold = rows(k=4)
    source, target = np.nonzero(np.ones((4, 4)))
    penalty = np.full(20, 1e-3)
    loss = SoftmaxLoss(scores=scores, gold=gold, source=source, target=target, penalty=penalty)
    found = _quasi_newton(loss, np.zeros(20))
    assert found.ending == "minimum"
    assert found.gradient < 1e-6
    apart = SoftmaxLoss(
        scores=scores,
        gold=scores.argmax(axis=1),
        source=source,
        target=target,
        penalty=np.zeros(20),
    )
    assert _quasi_newton(apart, np.zeros(20)).ending != "minimum"


def test_derivatives_of_the_softmax_loss():
    scores, gold = rows(n=40)
    source, target = np.nonzero(~np.eye(3, dtype=bool))
    rng = np.random.default_rng(0)
    penalty, at, step = rng.random((3, 9))
    loss = SoftmaxLoss(scores=scores, gold=gold, source=source, target=target, penalty=penalty)
    gradient, hessian = loss.derivatives(at)
    width = 1e-5
    nudges = width * np.eye(9)
    slopes = [(loss.value(at + e) - loss.value(at - e)) / (2 * width) for e in nudges]
    np.testing.assert_allclose(gradient, slopes, atol=1e-8)
    bends = [(loss.gradient(at + e) - loss.gradient(at - e)) / (2 * width) for e in nudges]
    np.testing.assert_allclose(hessian, bends, atol=1e-7)
    np.testing.assert_allclose(loss.curvature(at, step), hessian @ step, atol=1e-12)


def test_venn_abers_of_many_rows():
    """As many places as rows: no fit for each of them."""
    scores, gold = rows(n=30_000)
    found = VennAbers().fit(scores, gold).predict_proba(scores)
    assert nll(found, gold, **GIVEN) < nll(scores, gold)


def test_venn_abers_orders_rows_that_round_to_certain():
    scores = np.column_stack([np.zeros(40), np.linspace(40, 400, 40)])
    gold = (np.arange(40) >= 20).astype(int)
    found = VennAbers().fit(scores, gold).predict_proba(scores)[:, 1]
    assert found[0] < 0.1 < 0.9 < found[-1]


def test_ensemble_weights_are_no_worse_than_any_others():
    scores, gold = rows(truth=0.3)
    rng = np.random.default_rng(0)
    gold = np.where(rng.random(len(gold)) < 0.2, rng.integers(3, size=len(gold)), gold)
    found = EnsembleTemperature().fit(scores, gold)
    here = nll(found.predict_proba(scores), gold, **GIVEN)
    assert found.weights_.sum() == pytest.approx(1, abs=1e-12)
    assert found.temperature_ == TemperatureScaling().fit(scores, gold).temperature_
    parts = [softmax(scores / found.temperature_), softmax(scores), np.full_like(scores, 1 / 3)]
    for weights in rng.dirichlet([0.5] * 3, 500):
        mixed = sum(w * part for w, part in zip(weights, parts, strict=True))
        assert here <= nll(mixed, gold, **GIVEN) + 1e-9


def test_mixture_of_two_has_a_closed_form():
    # 30 rows like the first part, 10 like the second, of disjoint densities: weights 3/4, 1/4.
    density = np.repeat([[1.0, 0.0], [0.0, 1.0]], [30, 10], axis=0)
    weights, reached = mixture_weights(density)
    assert reached
    np.testing.assert_allclose(weights, [0.75, 0.25], atol=1e-9)


def test_mixture_of_parts_that_are_alike_or_useless():
    part = np.random.default_rng(0).random(50)
    weights, reached = mixture_weights(np.column_stack([part, part, part / 2]))
    assert reached
    assert weights[2] == 0
    weights, reached = mixture_weights(np.array([[0.2, 0.5, 0.0]]))
    assert reached
    np.testing.assert_allclose(weights, [0, 1, 0], atol=1e-12)


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 40))
def test_mixture_is_a_minimum(seed, m, n):
    """No part pulls by more than 1: the condition of Karush, Kuhn and Tucker."""
    rng = np.random.default_rng(seed)
    density = np.where(rng.random((n, m)) < 0.3, 0.0, rng.random((n, m)) ** 4)
    density[:, 0] += 1e-6
    weights, reached = mixture_weights(density)
    assert reached
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (density / (density @ weights)[:, None]).mean(axis=0).max() <= 1 + 1e-9


@pytest.mark.parametrize("scale", [1e-12, 1e10])
def test_bayesian_far_from_its_prior(scale):
    """Scores in other units: with many rows the data win over any prior."""
    scores, gold = rows(n=5000)
    best = TemperatureScaling().fit(scores, gold).temperature_
    found = BayesianTemperature().fit(scores * scale, gold)
    assert found.temperature_ == pytest.approx(best * scale, rel=0.05)


def test_logits_beyond_exponentials():
    scores, gold = rows(n=200)
    for kind in (BetaCalibration, ScalingBinning, DirichletCalibration, BayesianTemperature):
        found = kind().fit(scores * 1e3, gold)
        assert found.converged_
        assert np.isfinite(nll(found.predict_proba(scores * 1e3), gold, **GIVEN))


def test_expit_of_beta_keeps_small_probabilities():
    scores = np.array([[0.0, -60.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.5], [0.5, 0.0]] * 4)
    gold = np.array([0, 1, 0, 0, 1] * 4)
    found = BetaCalibration().fit(scores, gold).predict_proba(scores)
    assert 0 < found[0, 1] < expit(-5)


@pytest.mark.parametrize("scale", [1e-9, 1e-5, 1.0, 1e5, 1e9])
@pytest.mark.parametrize("right", [np.argmax, np.argmin])
def test_temperature_without_an_optimum_is_no_worse_than_none(scale, right):
    """With scores far apart, spread / e^10 would be above 1, and worse."""
    scores = rows(n=200)[0] * scale
    with pytest.warns(ConvergenceWarning):
        found = TemperatureScaling().fit(scores, right(scores, axis=1))
    assert found.nll_after_ <= found.nll_before_
