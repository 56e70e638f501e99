"""Each recalibrator against an independent computation of the same thing."""

import warnings

import calibration as uncertainty
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import isotonic_regression, linprog, minimize
from scipy.special import expit, logsumexp
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from crosscal.calibration import ConvergenceWarning, log_softmax, nll, softmax
from crosscal.calibration.recalibration import (
    BayesianTemperature,
    BetaCalibration,
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
from crosscal.calibration.recalibration.ensemble import mixture_weights
from crosscal.calibration.recalibration.softmax_loss import SoftmaxLoss, _quasi_newton
from crosscal.calibration.recalibration.venn_abers import venn_abers_steps
from crosscal.errors import SettingsError

GIVEN = {"given": "probabilities"}


def rows(seed=0, n=500, k=3, truth=0.6):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2.0
    return scores, (truth * scores + rng.gumbel(size=(n, k))).argmax(axis=1)


def quietly(estimator, scores, gold):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(scores, gold)


# Vector, matrix, Dirichlet


@pytest.mark.parametrize("k", [2, 3, 6])
def test_matrix_without_penalty_is_multinomial_regression(k):
    scores, gold = rows(k=k)
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(scores, gold)
    ours = MatrixScaling(off_diagonal=0, bias=0).fit(scores, gold)
    assert ours.gradient_ < 1e-12
    np.testing.assert_allclose(
        ours.predict_proba(scores), theirs.predict_proba(scores), atol=1e-5 if k > 2 else 1e-4
    )
    assert nll(ours.predict_proba(scores), gold, **GIVEN) <= nll(
        theirs.predict_proba(scores), gold, **GIVEN
    )


def odir(parameters, x, gold, off_diagonal, bias):
    """Mean NLL plus ODIR, as Kull et al. (2019) write it, element by element."""
    k = x.shape[1]
    weights, b = parameters[: k * k].reshape(k, k), parameters[k * k :]
    new = x @ weights.T + b
    loss = np.mean(logsumexp(new, axis=1) - new[np.arange(len(gold)), gold])
    off = sum(weights[i, j] ** 2 for i in range(k) for j in range(k) if i != j)
    return loss + off_diagonal * off / (k * (k - 1)) + bias * (b**2).sum() / k


@pytest.mark.parametrize(("kind", "mapped"), [(MatrixScaling, None), (DirichletCalibration, 1)])
def test_penalised_matrix_is_the_minimum_of_the_paper(kind, mapped):
    scores, gold = rows(n=60)
    x = log_softmax(scores) if mapped else scores
    found = kind(off_diagonal=0.3, bias=0.7).fit(scores, gold)
    at = np.concatenate([found.weights_.T.ravel(), found.bias_])
    here = odir(at, x, gold, 0.3, 0.7)
    theirs = minimize(odir, np.zeros(12), args=(x, gold, 0.3, 0.7), options={"gtol": 1e-8})
    assert here <= theirs.fun + 1e-10
    np.testing.assert_allclose(at, theirs.x, atol=1e-4)


def test_strong_penalties_leave_a_diagonal():
    scores, gold = rows()
    found = MatrixScaling(off_diagonal=1e9, bias=1e9).fit(scores, gold)
    assert np.abs(found.weights_ - np.diag(np.diag(found.weights_))).max() < 1e-7
    assert np.abs(found.bias_).max() < 1e-7
    with pytest.raises(SettingsError, match="off_diagonal: a penalty of -1"):
        MatrixScaling(off_diagonal=-1).fit(scores, gold)


def test_vector_scaling_by_general_search():
    scores, gold = rows(n=200)

    def loss(at):
        return nll(scores * at[:3] + at[3:], gold)

    theirs = minimize(loss, np.r_[np.ones(3), np.zeros(3)], options={"gtol": 1e-9})
    found = VectorScaling().fit(scores, gold)
    assert nll(found.predict_proba(scores), gold, **GIVEN) <= theirs.fun + 1e-12
    np.testing.assert_allclose(np.diag(found.weights_), theirs.x[:3], atol=1e-4)


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


# One confidence at a time


def test_isotonic_against_scikit_learn():
    scores, gold = rows(n=300)
    p, new = softmax(scores), softmax(rows(seed=1)[0])
    theirs = [
        IsotonicRegression(out_of_bounds="clip").fit(p[:, c], gold == c).predict(new[:, c])
        for c in range(3)
    ]
    theirs = np.column_stack(theirs)
    found = IsotonicCalibration(**GIVEN).fit(p, gold).predict_proba(new)
    np.testing.assert_allclose(found, theirs / theirs.sum(axis=1, keepdims=True), atol=1e-12)


def test_rows_that_every_class_gives_zero():
    """Three classes, each right only when sure; a new row that is sure of none."""
    sure = np.eye(3) * 0.8 + 0.1 * (1 - np.eye(3))
    found = IsotonicCalibration(**GIVEN).fit(sure, [0, 1, 2])
    np.testing.assert_allclose(found.predict_proba([[0.5, 0.3, 0.2]]).sum(), 1)
    found = HistogramBinning(bins=2, scheme="width", **GIVEN).fit(sure, [0, 1, 2])
    np.testing.assert_array_equal(found.predict_proba([[0.4, 0.3, 0.3]]), [[1 / 3] * 3])


def test_histogram_against_uncertainty_calibration():
    scores, gold = rows()
    p, new = softmax(scores), softmax(rows(seed=1)[0])
    theirs = uncertainty.HistogramMarginalCalibrator(len(p), num_bins=10)
    theirs.train_calibration(p, gold)
    expected = theirs.calibrate(new)
    found = HistogramBinning(**GIVEN).fit(p, gold).predict_proba(new)
    np.testing.assert_allclose(found, expected / expected.sum(axis=1, keepdims=True), atol=1e-12)


def test_histogram_of_the_chosen_label_by_hand():
    p = np.array([[0.6, 0.3, 0.1], [0.65, 0.05, 0.3], [0.1, 0.9, 0.0], [0.0, 0.0, 1.0]])
    found = HistogramBinning(bins=2, notion="top-label", **GIVEN).fit(p, [0, 1, 1, 2])
    # The two least sure rows are right once, the two surest always.
    np.testing.assert_allclose(
        found.predict_proba(p),
        [[0.5, 0.375, 0.125], [0.5, 0.5 / 7, 3 / 7], [0, 1, 0], [0, 0, 1]],
        atol=1e-12,
    )


def test_scaling_binning_takes_the_means_of_a_curve():
    scores, gold = rows(k=2)
    p = softmax(scores)
    odds = np.log(p[:, 1] / p[:, 0])
    curve = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], gold)
    fitted = curve.predict_proba(odds[:, None])[:, 1]
    parts = np.array_split(np.argsort(fitted), 10)
    expected = np.empty(len(p))
    for part in parts:
        expected[part] = fitted[part].mean()
    found = ScalingBinning().fit(scores, gold).predict_proba(scores)[:, 1]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(np.unique(found)) == 10


def test_beta_by_general_search_with_bounds():
    scores, gold = rows(k=2)
    p = softmax(scores)[:, 1]

    def loss(at):
        odds = at[0] * np.log(p) - at[1] * np.log1p(-p) + at[2]
        return np.logaddexp(0, np.where(gold == 1, -odds, odds)).mean()

    bounds = [(0, None), (0, None), (None, None)]
    theirs = minimize(loss, [1, 1, 0], bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10})
    found = BetaCalibration().fit(scores, gold)
    assert nll(found.predict_proba(scores), gold, **GIVEN) == pytest.approx(theirs.fun, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_beta_with_slopes_at_their_bounds(seed):
    """Labels that know nothing of the scores, or the opposite."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(40, 2))
    gold = rng.integers(2, size=40) if seed % 2 else (-scores + rng.gumbel(size=(40, 2))).argmax(1)
    p = softmax(scores)[:, 1]

    def loss(at):
        odds = at[0] * np.log(p) - at[1] * np.log1p(-p) + at[2]
        return np.logaddexp(0, np.where(gold == 1, -odds, odds)).mean()

    bounds = [(0, None), (0, None), (None, None)]
    theirs = minimize(loss, [1, 1, 0], bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10})
    found = BetaCalibration().fit(scores, gold)
    assert nll(found.predict_proba(scores), gold, **GIVEN) == pytest.approx(theirs.fun, abs=1e-9)
    assert (np.diff(found.predict_proba(scores)[np.argsort(p), 1]) >= -1e-15).all()


# Venn-Abers


def two_fits(level, n, hits, at):
    """The definition: an isotonic fit with the new row as wrong, and one with it as right."""
    pair = []
    for label in (0.0, 1.0):
        x = np.append(np.repeat(level, n), at)
        y = np.append(
            np.concatenate([[1.0] * h + [0.0] * (m - h) for m, h in zip(n, hits, strict=True)]),
            label,
        )
        distinct, index, weights = np.unique(x, return_inverse=True, return_counts=True)
        means = np.bincount(index, y) / weights
        fit = isotonic_regression(means, weights=weights.astype(float)).x
        pair.append(fit[np.searchsorted(distinct, at)])
    return pair


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_venn_abers_against_its_definition(counts):
    n = np.array([most for most, _ in counts])
    hits = np.minimum([right for _, right in counts], n)
    level = np.arange(len(n), dtype=float)
    low, high = venn_abers_steps(n, hits)
    for at in np.arange(-0.5, len(n) + 0.25, 0.5):
        p0, p1 = two_fits(level, n, hits, at)
        assert low[np.searchsorted(level, at, side="right")] == pytest.approx(p0, abs=1e-12)
        assert high[np.searchsorted(level, at, side="left")] == pytest.approx(p1, abs=1e-12)
    assert (low < high).all()
    assert (np.diff(low) >= -1e-12).all()
    assert (np.diff(high) >= -1e-12).all()


def test_venn_abers_of_many_rows():
    """As many places as rows: no fit for each of them."""
    scores, gold = rows(n=30_000)
    found = VennAbers().fit(scores, gold).predict_proba(scores)
    assert nll(found, gold, **GIVEN) < nll(scores, gold)


def test_venn_abers_one_row():
    # p0, p1 at the row itself: the fits are (1 + 0) / 2 and 1, so 1 / (1 - 1/2 + 1).
    found = VennAbers().fit([[0.0, 1.0]], [1]).predict_proba([[0.0, 1.0]])
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3]], atol=1e-15)


def test_venn_abers_orders_rows_that_round_to_certain():
    scores = np.column_stack([np.zeros(40), np.linspace(40, 400, 40)])
    gold = (np.arange(40) >= 20).astype(int)
    found = VennAbers().fit(scores, gold).predict_proba(scores)[:, 1]
    assert found[0] < 0.1 < 0.9 < found[-1]


# Temperatures


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
    np.testing.assert_allclose(weights, [0.75, 0.25], atol=1e-5)


@pytest.mark.parametrize("n", [1, 5, 80])
@pytest.mark.parametrize(("centre", "spread"), [(0.0, 1.0), (0.7, 0.3)])
def test_bayesian_average_by_quadrature(n, centre, spread):
    scores, gold = rows(n=n)
    found = BayesianTemperature(centre=centre, spread=spread).fit(scores, gold)

    def cost(u):
        return n * nll(scores * np.exp(-u), gold) + 0.5 * ((u - centre) / spread) ** 2

    grid = np.linspace(centre - 12 * spread, centre + 12 * spread, 2001)
    bottom = min(cost(u) for u in grid)
    limits = {"limit": 400, "epsabs": 1e-13, "epsrel": 1e-12}
    low, high = grid[0], grid[-1]
    total = quad(lambda u: np.exp(bottom - cost(u)), low, high, **limits)[0]
    new = np.array([[2.0, 0.5, -1.0]])
    for choice in range(3):

        def density(u, choice=choice):
            return np.exp(bottom - cost(u)) * softmax(new * np.exp(-u))[0, choice]

        expected = quad(density, low, high, **limits)[0] / total
        assert found.predict_proba(new)[0, choice] == pytest.approx(expected, abs=1e-9)


def test_bayesian_between_prior_and_data():
    scores, gold = rows(n=20_000)
    best = TemperatureScaling().fit(scores, gold).temperature_
    assert BayesianTemperature().fit(scores, gold).temperature_ == pytest.approx(best, rel=1e-2)
    for count, room in ((1, 0.5), (30, 0.4)):
        found = BayesianTemperature(centre=1.5, spread=0.1).fit(scores[:count], gold[:count])
        assert abs(np.log(found.temperature_) - 1.5) < room * abs(np.log(best) - 1.5)


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
