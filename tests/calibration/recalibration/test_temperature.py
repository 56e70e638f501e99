"""Temperature scaling against scikit-learn, brute force, and where no optimum exists."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.calibration import _TemperatureScaling

from crosscal.calibration import ConvergenceWarning, TemperatureScaling, nll, top_label
from crosscal.exceptions import DataError


def data(n=3000, k=3, scale=3.0, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, k, n)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), gold] += 1.2
    return scores * scale, gold


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("scale", [0.05, 1.0, 3.0, 40.0])
def test_brute_force(k, scale):
    scores, gold = data(k=k, scale=scale)
    found = TemperatureScaling().fit(scores, gold)
    best = minimize_scalar(
        lambda u: nll(scores * np.exp(u), gold),
        bounds=(-8, 8),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert found.converged_
    assert found.temperature_ == pytest.approx(np.exp(-best.x), rel=1e-6)
    assert found.nll_after_ <= best.fun + 1e-12
    assert abs(found.gradient_) < 1e-12
    assert found.n_iter_ < 15
    assert found.nll_before_ == pytest.approx(nll(scores, gold), abs=1e-12)
    assert found.nll_after_ == pytest.approx(nll(found.transform(scores), gold), abs=1e-12)


def test_sklearn():
    scores, gold = data()
    # scikit-learn takes rows that look like probabilities for such; raw scores do not.
    theirs = _TemperatureScaling().fit(scores, gold)
    assert TemperatureScaling().fit(scores, gold).temperature_ == pytest.approx(
        1 / theirs.beta_, rel=1e-6
    )


def test_closed_form_for_equal_margins():
    # Accuracy a at one margin d: the best temperature gives confidence a, d / T = log(a/(1-a)).
    scores, gold = np.tile([5.0, 0.0], (10, 1)), np.r_[np.zeros(8, int), 1, 1]
    found = TemperatureScaling().fit(scores, gold)
    assert found.temperature_ == pytest.approx(5 / np.log(4), rel=1e-12)
    np.testing.assert_allclose(found.predict_proba(scores)[:, 0], 0.8, atol=1e-12)


def test_extreme_scores():
    scores, gold = data(scale=1e4)
    found = TemperatureScaling().fit(scores, gold)
    usual = TemperatureScaling().fit(scores / 1e4, gold)
    assert found.converged_
    assert found.temperature_ == pytest.approx(1e4 * usual.temperature_, rel=1e-9)
    assert np.isfinite(found.predict_proba(scores)).all()


@given(st.floats(1e-3, 1e3), st.integers(0, 50))
def test_temperature_follows_the_scale(factor, seed):
    scores, gold = data(60, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one, other = (TemperatureScaling().fit(s, gold) for s in (scores, scores * factor))
    assert other.temperature_ == pytest.approx(one.temperature_ * factor, rel=1e-9)
    assert one.converged_ == other.converged_


@given(st.integers(0, 50), st.permutations(range(3)))
def test_invariances(seed, order):
    scores, gold = data(90, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        plain = TemperatureScaling().fit(scores, gold).temperature_
        same = [
            TemperatureScaling().fit(scores[::-1], gold[::-1]),
            TemperatureScaling().fit(scores[:, order], np.argsort(order)[gold]),
            TemperatureScaling().fit(np.tile(scores, (2, 1)), np.tile(gold, 2)),
            TemperatureScaling().fit(scores + 7.0, gold),
        ]
    for other in same:
        assert other.temperature_ == pytest.approx(plain, rel=1e-9)


def test_accuracy_is_kept_and_scaled_scores_need_nothing_more():
    scores, gold = data()
    found = TemperatureScaling().fit(scores, gold)
    scaled = found.transform(scores)
    np.testing.assert_array_equal(top_label(scaled, gold)[1], top_label(scores, gold)[1])
    np.testing.assert_allclose(found.predict_proba(scores).sum(axis=1), 1, atol=1e-12)
    again = TemperatureScaling().fit(scaled, gold)
    assert again.temperature_ == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize(
    ("scores", "gold", "reason", "confidence"),
    [
        ([[2.0, 0, 0], [0, 1, 0]], [0, 1], "the best temperature is 0", 1.0),
        ([[2.0, 0, 0]], [0], "the best temperature is 0", 1.0),
        ([[2.0, 0, 0], [0, 1, 0]], [1, 0], "temperature is infinite", 1 / 3),
        ([[1.0, 0.0], [1.0, 0.0]], [0, 1], "temperature is infinite", 0.5),
        ([[1.0, 1, 1], [0, 0, 0]], [0, 1], "any temperature", 1 / 3),
    ],
)
def test_no_optimum_is_said(scores, gold, reason, confidence):
    with pytest.warns(ConvergenceWarning, match=reason):
        found = TemperatureScaling().fit(scores, gold)
    assert not found.converged_
    assert np.isfinite(found.temperature_)
    assert found.temperature_ > 0
    assert found.nll_after_ <= found.nll_before_ + 1e-12
    assert found.predict_proba(scores).max(axis=1) == pytest.approx(confidence, abs=1e-3)


def test_nearly_separable_still_converges():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2000, 3)) * 0.01
    gold = scores.argmax(axis=1)
    close = np.argmin(np.ptp(np.sort(scores, axis=1)[:, 1:], axis=1))
    gold[close] = np.argsort(scores[close])[1]
    found = TemperatureScaling().fit(scores, gold)
    assert found.converged_
    assert found.temperature_ < 1e-3


def test_too_few_steps_are_said():
    with pytest.warns(ConvergenceWarning, match="ran out of steps"):
        assert not TemperatureScaling(max_iter=1).fit(*data()).converged_


def test_contract():
    found = TemperatureScaling(max_iter=50).fit(*data())
    copy = clone(found)
    assert copy.get_params() == {"max_iter": 50, "given": "scores"}
    assert not hasattr(copy, "temperature_")
    assert pickle.loads(pickle.dumps(found)).temperature_ == found.temperature_
    assert copy.set_params(max_iter=9).max_iter == 9
    with pytest.raises(ValueError, match="unknown parameter"):
        copy.set_params(steps=3)


@pytest.mark.parametrize(
    ("scores", "gold", "message"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], [0, -1], "gold, row 1: gold is -1.*leave out"),
        ([[1.0, 0.0]], [2], "gold is 2"),
        ([[1.0, np.nan]], [0], "NaN"),
        ([[1.0]], [0], "shape"),
        (np.zeros((0, 2)), np.zeros(0, int), "shape"),
    ],
)
def test_bad_arrays(scores, gold, message):
    with pytest.raises(DataError, match=message):
        TemperatureScaling().fit(scores, gold)


def test_absent_choices_do_not_count():
    """Rows with two, three or four choices: as if each were fitted among its own alone."""
    rng = np.random.default_rng(3)
    counts = rng.integers(2, 5, 400)
    scores = np.where(np.arange(4) < counts[:, None], 3 * rng.normal(size=(400, 4)), -np.inf)
    gold = np.array([rng.integers(count) for count in counts])
    gold[:250] = scores[:250].argmax(axis=1)
    found = TemperatureScaling().fit(scores, gold)

    def loss(log_beta):
        beta = np.exp(log_beta)
        rows = [row[:count] * beta for row, count in zip(scores, counts, strict=True)]
        return np.mean([logsumexp(row) - row[g] for row, g in zip(rows, gold, strict=True)])

    best = minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
    assert found.temperature_ == pytest.approx(np.exp(-best.x), rel=1e-6)
    assert found.nll_after_ == pytest.approx(best.fun, rel=1e-12)
