"""Recalibrators are estimators of scikit-learn: its own checks, and what it does with them."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from crosscal.calibration import softmax
from crosscal.calibration.recalibration import RECALIBRATORS, MatrixScaling, TemperatureScaling
from crosscal.exceptions import DataError

NAMES = sorted(RECALIBRATORS)
OWN_CHOICES = sorted(n for n, kind in RECALIBRATORS.items() if not kind.needs_common_choices)

COLUMNS = "columns are classes: the check gives labels of three classes and two columns"
EXPECTED = {
    "check_classifiers_classes": COLUMNS,
    "check_classifiers_train": COLUMNS,
    "check_classifier_data_not_an_array": COLUMNS,
    "check_estimators_fit_returns_self": COLUMNS,
    "check_estimators_overwrite_params": COLUMNS,
    "check_readonly_memmap_input": COLUMNS,
    "check_sample_weights_pandas_series": COLUMNS,
    "check_sample_weights_not_an_array": COLUMNS,
    "check_sample_weights_shape": COLUMNS,
    "check_sample_weights_not_overwritten": COLUMNS,
    "check_supervised_y_2d": "labels in a column of their own are refused, not flattened",
    "check_dtype_object": "a cell that is no number is a ValueError, as all that is wrong in data",
}
OWN = "rows may have choices of their own, and another number of them than those fitted on"
EXPECTED_OF_OWN_CHOICES = {
    "check_n_features_in_after_fitting": OWN,
    "check_classifiers_one_label": "the highest score is chosen, whatever labels were seen",
}
EQUIVALENCE = "check_sample_weight_equivalence_on_dense_data"
EXPECTED_OF = {
    "temperature": {"check_transformer_general": OWN},
    "bayesian-temperature": {EQUIVALENCE: "weights say as much as their effective number of rows"},
    "venn-abers": {EQUIVALENCE: "the new row weighs as much as a row does on average"},
}


def expected(name):
    more = EXPECTED_OF_OWN_CHOICES if name in OWN_CHOICES else {}
    return EXPECTED | more | EXPECTED_OF.get(name, {})


def rows(seed=0, n=600, k=3):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, k)) * 2.0
    below = rng.random(n)[:, None] > np.cumsum(softmax(0.6 * scores), axis=1)
    return scores, np.minimum(below.sum(axis=1), k - 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_checks_of_scikit_learn(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(
            RECALIBRATORS[name](), expected_failed_checks=expected(name), on_skip=None
        )
    by_status = {}
    for check in found:
        by_status.setdefault(check["status"], set()).add(check["check_name"])
    assert by_status.keys() <= {"passed", "xfail", "skipped"}
    # Nothing is stated to fail that passes.
    assert by_status["xfail"] == expected(name).keys()
    assert len(by_status["passed"]) > 35


@pytest.mark.parametrize("name", NAMES)
def test_cross_validated_probabilities(name):
    scores, y = rows()
    made = RECALIBRATORS[name]()
    assert is_classifier(made)
    probabilities = cross_val_predict(made, scores, y, cv=5, method="predict_proba")
    assert probabilities.shape == scores.shape
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-9)
    assert set(cross_val_predict(made, scores, y, cv=3)) <= {0, 1, 2}
    assert cross_val_score(made, scores, y, cv=3).mean() > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_of_a_pipeline(name):
    scores, y = rows()
    probabilities = softmax(scores)
    chain = make_pipeline(FunctionTransformer(np.log), RECALIBRATORS[name]()).fit(probabilities, y)
    plain = RECALIBRATORS[name]().fit(np.log(probabilities), y)
    np.testing.assert_array_equal(
        chain.predict_proba(probabilities), plain.predict_proba(np.log(probabilities))
    )
    np.testing.assert_array_equal(chain.classes_, [0, 1, 2])
    assert chain.score(probabilities, y) == plain.score(np.log(probabilities), y)


def test_a_grid_of_penalties():
    scores, y = rows(n=200, k=8)
    grid = {"off_diagonal": [0.0, 1.0, 100.0]}
    search = GridSearchCV(MatrixScaling(), grid, scoring="neg_log_loss", cv=4).fit(scores, y)
    losses = dict(zip(grid["off_diagonal"], -search.cv_results_["mean_test_score"], strict=True))
    # The truth is one temperature: what is off the diagonal is noise.
    assert search.best_params_ == {"off_diagonal": 100.0}
    assert losses[100.0] < losses[1.0] < losses[0.0]
    assert isinstance(search.best_estimator_, MatrixScaling)


def test_labels_with_names_stand_in_their_order():
    scores, gold = rows()
    names = np.array(["contradiction", "entailment", "neutral"])
    fitted = TemperatureScaling().fit(scores, names[gold])
    assert fitted.temperature_ == TemperatureScaling().fit(scores, gold).temperature_
    np.testing.assert_array_equal(fitted.classes_, names)
    np.testing.assert_array_equal(fitted.predict(scores), names[scores.argmax(axis=1)])
    assert fitted.score(scores, names[gold]) == np.mean(scores.argmax(axis=1) == gold)
    with pytest.raises(DataError, match="2 different labels .* for 3 columns"):
        TemperatureScaling().fit(scores, names[np.minimum(gold, 1)])
    with pytest.raises(DataError, match="continuous"):
        TemperatureScaling().fit(scores, gold + 0.5)


def test_what_is_not_fitted_says_so_in_both_worlds():
    with pytest.raises(NotFittedError):
        check_is_fitted(TemperatureScaling())
    with pytest.raises(NotFittedError, match="not fitted"):
        TemperatureScaling().predict([[1.0, 0.0]])


def test_scikit_learn_is_not_needed():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from crosscal.calibration import RECALIBRATORS\n"
        "for make in RECALIBRATORS.values():\n"
        "    fitted = make().fit([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0]] * 9, [0, 1, 1] * 9)\n"
        "    assert fitted.predict([[3.0, 0.0]]).shape == (1,)\n"
        "    try:\n"
        "        make().predict([[1.0, 0.0]])\n"
        "    except Exception as error:\n"
        "        assert 'not fitted' in str(error), error\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
