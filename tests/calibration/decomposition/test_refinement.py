"""Calibration and refinement parts: by hand, by simulation, and never on the rows fitted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from crosscal.calibration import TemperatureScaling, brier, brier_rows, nll, nll_rows, softmax
from crosscal.calibration.decomposition.corp import corp_decomposition
from crosscal.calibration.decomposition.refinement import (
    cross_fitted_refinement,
    in_sample_refinement,
    isotonic_refinement,
)
from crosscal.calibration.recalibration.crossfit import fold_clusters
from crosscal.exceptions import DataError, SettingsError


class Recorder:
    """Predicts the frequencies of the labels; remembers what it was given."""

    converged_ = True
    seen: list

    def fit(self, values, gold):
        self.shares_ = (np.bincount(gold, minlength=values.shape[1]) + 1.0) / (
            len(gold) + values.shape[1]
        )
        self.fitted_ = values[:, 0].tolist()
        return self

    def predict_proba(self, values):
        Recorder.seen.append((self.fitted_, values[:, 0].tolist()))
        return np.tile(self.shares_, (len(values), 1))


def drawn(rng, n=300, k=3, temperature=0.5):
    """Scores of a model that is calibrated once they are divided by 1 / temperature."""
    scores = rng.normal(size=(n, k)) * 1.5
    gold = (softmax(scores).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return scores / temperature, gold


def test_no_cluster_is_both_fitted_on_and_scored():
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 20, 100)
    values = np.column_stack([cluster, np.zeros(100)]).astype(float)
    Recorder.seen = []
    cross_fitted_refinement(values, rng.integers(0, 2, 100), Recorder, rng=rng, clusters=cluster)
    assert len(Recorder.seen) == 5
    scored = [name for _, names in Recorder.seen for name in names]
    assert sorted(scored) == sorted(cluster)
    for fitted, names in Recorder.seen:
        assert not set(fitted) & set(names)


@pytest.mark.parametrize("score", ["nll", "brier"])
@pytest.mark.parametrize("given", ["scores", "probabilities"])
def test_cross_fitting_by_hand(score, given):
    rng = np.random.default_rng(1)
    scores, gold = drawn(rng)
    cluster = np.arange(300) // 3
    found = cross_fitted_refinement(
        scores,
        gold,
        TemperatureScaling,
        rng=np.random.default_rng(5),
        clusters=cluster,
        score=score,
    )
    fold = fold_clusters(cluster, np.random.default_rng(5), 5)
    rows, whole = (nll_rows, nll) if score == "nll" else (brier_rows, brier)
    for number in range(5):
        out = fold == number
        scaled = TemperatureScaling().fit(scores[~out], gold[~out]).transform(scores[out])
        np.testing.assert_allclose(found.refinement_rows[out], rows(scaled, gold[out]), atol=1e-9)
    assert found.loss == pytest.approx(whole(scores, gold))
    assert found.loss == pytest.approx(found.calibration + found.refinement)
    assert found.converged
    Recorder.seen = []
    values = scores if given == "scores" else softmax(scores)
    part = cross_fitted_refinement(values, gold, Recorder, rng=rng, score=score, given=given)
    assert part.loss == pytest.approx(whole(scores, gold))


def test_the_two_forms_enclose_the_truth_on_average():
    """Scores twice too large: the best temperature is 2, and its NLL is known by simulation."""
    rng = np.random.default_rng(2)
    scores, gold = drawn(rng, n=100_000)
    truth = nll(scores / 2, gold)
    crossed, inside = [], []
    for _ in range(40):
        taken = rng.integers(0, len(gold), 60)
        crossed.append(
            cross_fitted_refinement(scores[taken], gold[taken], TemperatureScaling, rng=rng)
        )
        inside.append(in_sample_refinement(scores[taken], gold[taken], TemperatureScaling))
        assert inside[-1].calibration >= 0
        assert inside[-1].refinement <= crossed[-1].refinement
    low = np.array([part.refinement for part in inside])
    high = np.array([part.refinement for part in crossed])
    error = high.std() / np.sqrt(40)
    assert low.mean() < high.mean()
    assert low.mean() - 3 * error < truth < high.mean() + 3 * error
    # Half of one parameter's cost on either side: 1 / (2 n).
    assert high.mean() - low.mean() == pytest.approx(1 / 60, rel=0.6)


def test_a_calibrated_model_has_no_calibration_part():
    rng = np.random.default_rng(3)
    scores, gold = drawn(rng, n=8_000, temperature=1)
    part = cross_fitted_refinement(scores, gold, TemperatureScaling, rng=rng)
    assert abs(part.calibration) < 5e-4
    worse, gold = drawn(rng, n=8_000, temperature=0.4)
    part = cross_fitted_refinement(worse, gold, TemperatureScaling, rng=rng)
    assert part.calibration > 0.1
    assert part.refinement == pytest.approx(nll(worse * 0.4, gold), abs=2e-3)


def test_isotonic_by_sklearn():
    rng = np.random.default_rng(4)
    confidence = rng.uniform(size=200)
    correct = rng.random(200) < confidence**2
    cluster = np.arange(200) // 2
    found = isotonic_refinement(
        confidence, correct, rng=np.random.default_rng(6), clusters=cluster, folds=4
    )
    fold = fold_clusters(cluster, np.random.default_rng(6), 4)
    for number in range(4):
        out = fold == number
        curve = IsotonicRegression(out_of_bounds="clip").fit(confidence[~out], correct[~out])
        expected = (curve.predict(confidence[out]) - correct[out]) ** 2
        np.testing.assert_allclose(found.refinement_rows[out], expected, atol=1e-12)
    parts = corp_decomposition(confidence, correct)
    assert found.loss == pytest.approx(parts.score)
    assert found.refinement > parts.uncertainty - parts.discrimination
    assert found.calibration < parts.miscalibration


def test_infinite_losses():
    values = [[1.0, 0.0]] * 4 + [[0.5, 0.5]] * 4
    gold = [1, 0, 0, 0, 0, 1, 0, 1]
    Recorder.seen = []
    rng = np.random.default_rng(0)
    part = cross_fitted_refinement(values, gold, Recorder, rng=rng, given="probabilities", folds=2)
    assert part.loss == part.calibration == np.inf
    assert np.isfinite(part.refinement)
    same = in_sample_refinement(values, gold, Unchanged, given="probabilities")
    assert same.loss == same.refinement == np.inf
    assert same.calibration == 0


class Unchanged:
    converged_ = True

    def fit(self, values, gold):
        return self

    def predict_proba(self, values):
        return values


def test_absent_gold_is_scored_but_not_fitted_on():
    values, gold = np.zeros((6, 2)), np.array([0, 1, 0, 1, -1, -1])
    Recorder.seen = []
    rng = np.random.default_rng(0)
    part = cross_fitted_refinement(values, gold, Recorder, rng=rng, score="brier", folds=2)
    assert part.loss == pytest.approx(brier(values, gold))
    assert sum(len(fitted) for fitted, _ in Recorder.seen) == 4
    with pytest.raises(DataError, match="gold is -1"):
        cross_fitted_refinement(values, gold, Recorder, rng=rng)


def test_bad_input():
    rng = np.random.default_rng(0)
    values, gold = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
    with pytest.raises(SettingsError, match="1 folds"):
        cross_fitted_refinement(values, gold, Recorder, rng=rng, folds=1)
    with pytest.raises(SettingsError, match="unknown score"):
        cross_fitted_refinement(values, gold, Recorder, rng=rng, score="log")
    with pytest.raises(DataError, match="clusters have shape"):
        cross_fitted_refinement(values, gold, Recorder, rng=rng, clusters=[0])
    with pytest.raises(DataError, match="one cluster"):
        cross_fitted_refinement(values, gold, Recorder, rng=rng, clusters=["a", "a"])
    with pytest.raises(DataError, match="one cluster"):
        isotonic_refinement([0.5], [1], rng=rng)
