"""Newton's search and the losses it is given, against differences and closed forms."""

import numpy as np
import pytest

from crosscal.calibration import softmax
from crosscal.calibration.recalibration import MatrixScaling, softmax_loss
from crosscal.calibration.recalibration.logistic import LogisticLoss, fit_logistic
from crosscal.calibration.recalibration.newton import minimise
from crosscal.calibration.recalibration.softmax_loss import SoftmaxLoss, fit_softmax


def softmax_problem(seed=0, n=40, k=4, free=None, penalty=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * scale
    gold = (0.7 * scores / scale + rng.gumbel(size=(n, k))).argmax(axis=1)
    source, target = np.nonzero(np.ones((k, k)) if free is None else free)
    weights = penalty * rng.random(len(source) + k)
    return SoftmaxLoss(scores=scores, gold=gold, source=source, target=target, penalty=weights)


def logistic_problem(seed=0, n=40):
    rng = np.random.default_rng(seed)
    features = np.column_stack([rng.normal(size=(n, 2)), np.ones(n)])
    outcomes = (rng.random(n) < 0.3 + 0.4 * (features[:, 0] > 0)).astype(float)
    return LogisticLoss(features=features, outcomes=outcomes)


LOSSES = {
    "matrix": (softmax_problem(), 20),
    "penalised matrix": (softmax_problem(penalty=0.3), 20),
    "vector": (softmax_problem(free=np.eye(4)), 8),
    "two classes": (softmax_problem(k=2), 6),
    "one row": (softmax_problem(n=1), 20),
    "logistic": (logistic_problem(), 3),
}


@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_are_those_of_the_value(name):
    loss, size = LOSSES[name]
    rng = np.random.default_rng(1)
    at = rng.normal(size=size)
    gradient, hessian = loss.derivatives(at)
    unit = np.eye(size) * 1e-5
    slopes = [(loss.value(at + e) - loss.value(at - e)) / 2e-5 for e in unit]
    np.testing.assert_allclose(gradient, slopes, atol=1e-9)
    bends = [(loss.derivatives(at + e)[0] - loss.derivatives(at - e)[0]) / 2e-5 for e in unit]
    np.testing.assert_allclose(hessian, bends, atol=1e-8)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-15)
    if isinstance(loss, SoftmaxLoss):
        np.testing.assert_allclose(loss.gradient(at), gradient, atol=1e-15)


def test_blocks_of_rows_add_up(monkeypatch):
    loss = softmax_problem(n=57)
    at = np.random.default_rng(2).normal(size=20)
    whole = loss.derivatives(at)[1]
    monkeypatch.setattr(softmax_loss, "_BLOCK", 100)
    np.testing.assert_allclose(loss.derivatives(at)[1], whole, atol=1e-14)


def test_curvature_is_the_hessian():
    loss = softmax_problem(penalty=0.2)
    at, step = np.random.default_rng(3).normal(size=(2, 20))
    np.testing.assert_allclose(loss.curvature(at, step), loss.derivatives(at)[1] @ step, atol=1e-14)


def test_reach_is_the_largest_change_of_log_odds():
    loss = softmax_problem()
    at, step = np.random.default_rng(4).normal(size=(2, 20))

    def log_odds(at):
        logits = loss.scores @ at[:16].reshape(4, 4) + at[16:]
        return logits[:, :, None] - logits[:, None, :]

    largest = np.abs(log_odds(at + step) - log_odds(at)).max()
    assert loss.reach(step) == pytest.approx(largest, rel=1e-12)
    binary = logistic_problem()
    moved = binary.features @ (2 * step[:3])
    assert binary.reach(2 * step[:3]) == pytest.approx(np.abs(moved).max(), rel=1e-15)


class Bowl:
    """A quadratic with its minimum at a point; flat in some directions."""

    def __init__(self, point, bends):
        self.point, self.bends = np.array(point), np.array(bends)

    def value(self, at):
        return float(self.bends @ (at - self.point) ** 2) / 2

    def derivatives(self, at):
        return self.bends * (at - self.point), np.diag(self.bends)

    def reach(self, step):
        return float(np.abs(step * np.sqrt(self.bends)).max())


@pytest.mark.parametrize("bends", [[1.0, 1.0], [1e-9, 1e9], [2.0, 0.0]])
def test_a_quadratic_is_solved_whatever_its_scales(bends):
    bowl = Bowl([3.0, -2.0], bends)
    found = minimise(bowl, np.zeros(2))
    assert found.ending == "minimum"
    assert found.n_iter <= 3
    bent = np.array(bends) > 0
    np.testing.assert_allclose(found.at[bent], bowl.point[bent], rtol=1e-9)
    assert found.at[~bent] == pytest.approx(0.0)  # what does not matter stays
    assert found.value < 1e-9


def test_too_few_steps_are_said():
    found = minimise(logistic_problem(), np.zeros(3), max_iter=1)
    assert (found.ending, found.n_iter) == ("steps", 1)


def test_at_the_minimum_there_is_nothing_to_do():
    first = minimise(logistic_problem(), np.zeros(3))
    again = minimise(logistic_problem(), first.at)
    assert first.ending == again.ending == "minimum"
    assert first.gradient < 1e-12
    assert again.n_iter <= 2
    np.testing.assert_allclose(again.at, first.at, atol=1e-9)


def test_an_intercept_alone_is_the_log_odds():
    found = fit_logistic(np.ones((8, 1)), [1, 0, 0, 1, 1, 1, 1, 1])
    assert found.ending == "minimum"
    assert found.at[0] == pytest.approx(np.log(3), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
@pytest.mark.parametrize("outcomes", [np.zeros(30), np.ones(30), np.arange(30) > 11])
def test_separable_outcomes_run_away(outcomes, scale):
    features = np.column_stack([(np.arange(30) - 11.5) * scale, np.ones(30)])
    found = fit_logistic(features, outcomes)
    assert found.ending == "runaway"
    assert found.value < 1e-10
    assert np.isfinite(found.at).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_one_row_that_overlaps_is_enough_for_a_minimum(scale):
    features = np.column_stack([(np.arange(30) - 11.5) * scale, np.ones(30)])
    outcomes = np.arange(30) > 11
    outcomes[10] = True
    found = fit_logistic(features, outcomes)
    assert found.ending == "minimum"
    # At the optimum mean probability is the share, and so it is weighted by the feature.
    p = 1 / (1 + np.exp(-(features @ found.at)))
    assert p.sum() == pytest.approx(outcomes.sum(), rel=1e-9)
    assert (p @ features)[0] == pytest.approx((outcomes @ features)[0], rel=1e-9)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_scores_of_any_size_have_the_same_optimum(scale):
    found, usual = (fit_softmax(softmax_problem(n=200, scale=s)) for s in (scale, 1.0))
    assert found.ending == usual.ending == "minimum"
    assert found.value == pytest.approx(usual.value, abs=1e-11)

    def weights(at):
        # A vector added to all columns changes nothing.
        square = at[:16].reshape(4, 4)
        return square - square.mean(axis=1, keepdims=True)

    np.testing.assert_allclose(weights(found.at) * scale, weights(usual.at), atol=1e-9)


@pytest.mark.parametrize("penalty", [0.0, 0.05])
def test_quasi_newton_reaches_the_same_optimum(monkeypatch, penalty):
    loss = softmax_problem(n=1500, k=8, penalty=penalty)
    newton = fit_softmax(loss)
    monkeypatch.setattr(softmax_loss, "_MOST_FOR_NEWTON", 10)
    quasi = fit_softmax(loss)
    assert newton.ending == quasi.ending == "minimum"
    assert newton.value <= quasi.value + 1e-15
    assert quasi.value == pytest.approx(newton.value, abs=1e-11)


def test_quasi_newton_does_not_pass_a_runaway_for_a_minimum(monkeypatch):
    monkeypatch.setattr(softmax_loss, "_MOST_FOR_NEWTON", 10)
    loss = softmax_problem(n=100, k=5)
    apart = SoftmaxLoss(
        scores=loss.scores,
        gold=loss.scores.argmax(axis=1),
        source=loss.source,
        target=loss.target,
        penalty=loss.penalty,
    )
    assert fit_softmax(apart).ending != "minimum"


def test_thirty_classes():
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(1200, 30))
    gold = (1.5 * scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    found = MatrixScaling().fit(scores, gold)
    assert found.converged_
    residual = softmax(scores @ found.weights_ + found.bias_)
    residual[np.arange(1200), gold] -= 1
    off = 1 - np.eye(30)
    slope = scores.T @ residual / 1200 + 2 * 0.01 * off * found.weights_ / off.sum()
    np.testing.assert_allclose(slope, 0.0, atol=1e-8)
    np.testing.assert_allclose(residual.mean(axis=0) + 2 * 0.01 * found.bias_ / 30, 0.0, atol=1e-8)
