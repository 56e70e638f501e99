"""One contract for all recalibrators."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone

from crosscal.calibration import ConvergenceWarning, brier, softmax
from crosscal.calibration.recalibration import (
    RECALIBRATORS,
    BayesianTemperature,
    DirichletCalibration,
    MatrixScaling,
    TemperatureScaling,
)
from crosscal.exceptions import DataError, SettingsError

NAMES = sorted(RECALIBRATORS)
OWN_CHOICES = sorted(n for n, kind in RECALIBRATORS.items() if not kind.needs_common_choices)
KEEP_ACCURACY = sorted(n for n, kind in RECALIBRATORS.items() if kind.keeps_accuracy)


def rows(seed=0, n=600, k=3, truth=0.6):
    """Logits that are too sure of themselves by a factor of 1 / truth, and labels."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2.0
    below = rng.random(n)[:, None] > np.cumsum(softmax(truth * scores), axis=1)
    return scores, np.minimum(below.sum(axis=1), k - 1)


def fitted(name, scores, gold, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return RECALIBRATORS[name]().set_params(**settings).fit(scores, gold)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 3, 12])
def test_probabilities_come_out(name, k):
    scores, gold = rows(k=k)
    found = fitted(name, scores, gold)
    new, _ = rows(seed=1, n=40, k=k)
    probabilities = found.predict_proba(new)
    assert probabilities.shape == (40, k)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(
        fitted(name, scores, gold).predict_proba(new), probabilities
    )  # nothing is random
    assert found.converged_


@pytest.mark.parametrize("name", NAMES)
def test_scikit_learn_contract(name):
    kind = RECALIBRATORS[name]
    made = kind()
    for parameter, value in made.get_params().items():
        assert made.set_params(**{parameter: value}) is made
    scores, gold = rows()
    assert made.fit(scores, gold) is made
    copy = clone(made)
    assert copy.get_params() == made.get_params()
    assert not hasattr(copy, "converged_")
    with pytest.raises(ValueError, match="unknown parameter 'nothing'"):
        made.set_params(nothing=1)
    with pytest.raises(SettingsError, match="not fitted"):
        copy.predict_proba(scores)
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.predict_proba(scores), made.predict_proba(scores))
    learnt = [name for name in vars(made) if name not in made.get_params()]
    assert all(name.endswith("_") for name in learnt)


@pytest.mark.parametrize("name", NAMES)
def test_order_of_rows_does_not_matter(name):
    scores, gold = rows()
    order = np.random.default_rng(2).permutation(len(gold))
    plain, turned = fitted(name, scores, gold), fitted(name, scores[order], gold[order])
    np.testing.assert_allclose(turned.predict_proba(scores), plain.predict_proba(scores), atol=2e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 3])
def test_names_of_classes_do_not_matter(name, k):
    scores, gold = rows(k=k)
    order = np.roll(np.arange(k), 1)
    plain = fitted(name, scores, gold).predict_proba(scores)
    turned = fitted(name, scores[:, order], np.argsort(order)[gold]).predict_proba(scores[:, order])
    np.testing.assert_allclose(turned, plain[:, order], atol=2e-8)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"vector", "matrix"}))
def test_a_number_added_to_a_row_does_not_count(name):
    scores, gold = rows()
    shift = np.random.default_rng(3).normal(size=(len(gold), 1))
    plain = fitted(name, scores, gold).predict_proba(scores)
    moved = fitted(name, scores + shift, gold).predict_proba(scores + shift)
    np.testing.assert_allclose(moved, plain, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_serve_as_well_as_their_logarithms(name):
    scores, gold = rows()
    probabilities = softmax(scores)
    logs = np.log(probabilities)
    by_scores = fitted(name, logs, gold).predict_proba(logs)
    by_probabilities = fitted(name, probabilities, gold, given="probabilities")
    np.testing.assert_allclose(by_probabilities.predict_proba(probabilities), by_scores, atol=1e-7)


@pytest.mark.parametrize("name", KEEP_ACCURACY)
def test_accuracy_is_kept_where_said(name):
    scores, gold = rows()
    found = fitted(name, scores, gold).predict_proba(scores)
    np.testing.assert_array_equal(found.argmax(axis=1), scores.argmax(axis=1))


@pytest.mark.parametrize("name", NAMES)
def test_held_out_loss_gets_better_and_nearly_best(name):
    scores, gold = rows(n=20_000)
    new, right = rows(seed=7, n=20_000)
    # Not the likelihood: an isotonic fit may give 0 to what then happens.
    cost = brier(fitted(name, scores, gold).predict_proba(new), right, given="probabilities")
    best, before = brier(0.6 * new, right), brier(new, right)
    families_with_the_truth = {"temperature", "ensemble-temperature", "bayesian-temperature"}
    families_with_the_truth |= {"vector", "matrix", "dirichlet"}
    room = 0.0005 if name in families_with_the_truth else 0.01
    assert best - 0.0005 < cost < best + room < before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("scores", "gold", "message"),
    [
        ([[np.nan, 0.0]], [0], "row 0"),
        ([[1.0, 0.0]], [-1], "row 0"),
        ([[1.0, 0.0]], [2], "row 0"),
        ([[1.0, 0.0]], [0, 1], "gold has shape"),
        ([[1.0, -np.inf, 0.0]], [1], "row 0"),
    ],
)
def test_bad_rows_are_named(name, scores, gold, message):
    with pytest.raises(DataError, match=message):
        RECALIBRATORS[name]().fit(scores, gold)


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_that_are_none_are_named(name):
    with pytest.raises(DataError, match="row 1"):
        fitted(name, [[0.5, 0.5], [0.9, 0.3]], [0, 1], given="probabilities")
    with pytest.raises(SettingsError, match="unknown kind"):
        fitted(name, [[0.5, 0.5], [0.7, 0.3]], [0, 1], given="odds")


@pytest.mark.parametrize("name", NAMES)
def test_other_classes_than_fitted_on(name):
    found = fitted(name, *rows(k=3))
    new, _ = rows(n=5, k=4)
    if name in OWN_CHOICES:
        assert found.predict_proba(new).shape == (5, 4)
    else:
        with pytest.raises(DataError, match="4 choices, those fitted on had 3"):
            found.predict_proba(new)


@pytest.mark.parametrize("name", NAMES)
def test_choices_that_a_row_does_not_have(name):
    scores, gold = rows(k=4)
    scores[::2, 3] = -np.inf
    gold = np.where(np.isneginf(scores[np.arange(len(gold)), gold]), 0, gold)
    if name in OWN_CHOICES:
        found = fitted(name, scores, gold).predict_proba(scores)
        assert (found[::2, 3] == 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)
    else:
        with pytest.raises(DataError, match="a choice is absent"):
            fitted(name, scores, gold)


DEGENERATE = {
    "one row": ([[2.0, 1.0, 0.0]], [0]),
    "all scores equal": (np.ones((30, 3)), np.tile([0, 1, 2], 10)),
    "a class that never is right": (rows()[0], np.minimum(rows()[1], 1)),
    "all right": (rows()[0], rows()[0].argmax(axis=1)),
    "all wrong": (rows()[0], rows()[0].argmin(axis=1)),
    "very sure": (rows()[0] * 1e4, rows()[1]),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", sorted(DEGENERATE))
def test_degenerate_rows_give_probabilities_or_say_so(name, case):
    scores, gold = (np.asarray(each) for each in DEGENERATE[case])
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = RECALIBRATORS[name]().fit(scores, gold)
    said = [w for w in heard if issubclass(w.category, ConvergenceWarning)]
    assert bool(said) == (not found.converged_)
    assert [w for w in heard if not issubclass(w.category, ConvergenceWarning)] == []
    probabilities = found.predict_proba(scores)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-9)


def test_what_no_optimum_has_is_said():
    scores, _ = rows()
    apart = scores.argmax(axis=1)
    for name in ("temperature", "vector", "matrix", "dirichlet", "ensemble-temperature"):
        with pytest.warns(ConvergenceWarning):
            found = RECALIBRATORS[name]().fit(scores, apart)
        assert not found.converged_


def test_temperature_is_among_them():
    assert RECALIBRATORS["temperature"] is TemperatureScaling


@pytest.mark.parametrize(
    "made",
    [
        MatrixScaling(off_diagonal=np.nan),
        MatrixScaling(bias=np.inf),
        DirichletCalibration(bias=np.nan),
        BayesianTemperature(spread=np.inf),
        BayesianTemperature(centre=np.nan),
    ],
)
def test_parameters_that_are_not_finite_are_refused(made):
    with pytest.raises(SettingsError, match="finite"):
        made.fit([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [0, 1, 1])


def test_no_steps_at_all_are_counted():
    with pytest.warns(ConvergenceWarning, match="ran out"):
        scaling = TemperatureScaling(max_iter=0).fit([[2.0, 0.0]] * 3, [0, 0, 1])
    assert scaling.n_iter_ == 0
    assert not scaling.converged_


@pytest.mark.parametrize("name", NAMES)
def test_masks_of_any_size_are_fitted_or_refused(name):
    scores, gold = rows(n=100)
    for mask in (-1e30, float(np.finfo(np.float32).min)):
        masked = np.column_stack([scores, np.full(100, mask)])
        assert np.isfinite(fitted(name, masked, gold).predict_proba(masked)).all()
    masked[7, 3] = np.finfo(np.float64).min
    with pytest.raises(DataError, match=r"row 7.*minus infinity"):
        fitted(name, masked, gold)
