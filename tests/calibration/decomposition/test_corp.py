"""CORP against scikit-learn's isotonic regression, model-diagnostics' numbers, a quadratic form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss

from crosscal.calibration import brier, softmax
from crosscal.calibration.decomposition.corp import (
    corp_classwise,
    corp_decomposition,
    reliability_curve,
)
from crosscal.calibration.decomposition.corp_resampling import (
    consistency_band,
    corp_noise_floor,
)
from crosscal.exceptions import DataError, SettingsError

PARTS = ("score", "miscalibration", "discrimination", "uncertainty")

rows = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0]), st.booleans()),
    min_size=1,
    max_size=12,
)


def drawn(seed, places=None, n=400):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.05, 0.95, n)
    if places is not None:
        confidence = np.round(confidence, places)
    return confidence, rng.random(n) < confidence**1.5


@pytest.mark.parametrize("places", [None, 2, 1])
def test_curve_is_the_isotonic_regression_of_sklearn(places):
    confidence, correct = drawn(0, places)
    curve = reliability_curve(confidence, correct)
    expected = IsotonicRegression().fit(confidence, correct).predict(curve.confidence)
    np.testing.assert_allclose(curve.accuracy, expected, atol=1e-12)
    assert curve.n.sum() == 400
    assert (curve.n > 1).any() == (places is not None)


# decompose of model-diagnostics 1.5.0: miscalibration, discrimination, uncertainty, score.
@pytest.mark.parametrize(
    ("seed", "places", "score", "expected"),
    [
        (
            *(0, None, "brier"),
            [0.02411842554298868, 0.0897182942630382, 0.24144375, 0.1758438812799505],
        ),
        (
            *(0, None, "nll"),
            [0.068960386057629, 0.219137322302553, 0.675935706656661, 0.525758770411737],
        ),
        (
            *(1, 2, "brier"),
            [0.02206467306368054, 0.06938867306368046, 0.23109374999999993, 0.18376975],
        ),
        (
            *(1, 2, "nll"),
            [0.07275653838729379, 0.18038744215504665, 0.6548430554420271, 0.5472121516742743],
        ),
        (
            *(2, 1, "brier"),
            [0.0120326675775205, 0.08003266757752056, 0.23897500000000005, 0.170975],
        ),
        (
            *(2, 1, "nll"),
            [0.03347439923411655, 0.18883585149478122, 0.6709321847375348, 0.5155707324768701],
        ),
    ],
)
def test_model_diagnostics(seed, places, score, expected):
    parts = corp_decomposition(*drawn(seed, places), score=score)
    found = [parts.miscalibration, parts.discrimination, parts.uncertainty, parts.score]
    assert found == pytest.approx(expected, abs=1e-12)


def test_score_is_that_of_sklearn():
    confidence, correct = drawn(3)
    assert corp_decomposition(confidence, correct).score == pytest.approx(
        brier_score_loss(correct, confidence), abs=1e-12
    )
    assert corp_decomposition(confidence, correct, score="nll").score == pytest.approx(
        log_loss(correct, confidence), abs=1e-12
    )


@pytest.mark.parametrize("score", ["brier", "nll"])
@settings(max_examples=30)
@given(pairs=rows)
def test_parts_add_up_and_have_their_ranges(pairs, score):
    parts = corp_decomposition(*zip(*pairs, strict=True), score=score)
    total = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert parts.score == pytest.approx(total, abs=1e-12)
    assert min(parts.miscalibration, parts.discrimination, parts.uncertainty) >= 0
    # No calibrated forecast is worse than the base rate.
    assert parts.discrimination <= parts.uncertainty + 1e-12


@settings(max_examples=30)
@given(rows)
def test_maps_that_keep_the_order_change_miscalibration_alone(pairs):
    confidence, correct = (np.array(part) for part in zip(*pairs, strict=True))
    one, other = (
        corp_decomposition(confidence, correct),
        corp_decomposition(np.sqrt(confidence) / 2, correct),
    )
    assert other.discrimination == pytest.approx(one.discrimination, abs=1e-12)
    assert other.uncertainty == pytest.approx(one.uncertainty, abs=1e-12)


@settings(max_examples=30)
@given(rows)
def test_the_curve_itself_is_calibrated(pairs):
    confidence, correct = (np.array(part) for part in zip(*pairs, strict=True))
    curve = reliability_curve(confidence, correct)
    recalibrated = curve.accuracy[np.searchsorted(curve.confidence, confidence)]
    assert corp_decomposition(recalibrated, correct).miscalibration == pytest.approx(0, abs=1e-12)


@settings(max_examples=30)
@given(rows, st.randoms())
def test_order_and_doubling_of_rows_change_nothing(pairs, random):
    confidence, correct = (np.array(part) for part in zip(*pairs, strict=True))
    order = random.sample(range(len(pairs)), len(pairs)) * 2
    one, other = (
        corp_decomposition(confidence, correct),
        corp_decomposition(confidence[order], correct[order]),
    )
    for part in PARTS:
        assert getattr(other, part) == pytest.approx(getattr(one, part), abs=1e-12)


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        ([0.7], [1], (0.09, 0.09, 0, 0)),
        ([0.7], [0], (0.49, 0.49, 0, 0)),
        ([0.5] * 4, [1, 1, 1, 0], (0.25, 0.0625, 0, 0.1875)),
        ([1.0, 0.0], [1, 0], (0, 0, 0.25, 0.25)),
        ([1.0, 0.0], [0, 1], (1, 0.75, 0, 0.25)),
        ([0.2, 0.9], [1, 1], ((0.64 + 0.01) / 2,) * 2 + (0, 0)),
    ],
)
def test_edges(confidence, correct, expected):
    parts = corp_decomposition(confidence, correct)
    assert [getattr(parts, part) for part in PARTS] == pytest.approx(expected, abs=1e-15)


def test_certain_and_wrong_is_infinite_under_the_logarithm():
    parts = corp_decomposition([1.0, 0.5, 0.0], [0, 1, 0], score="nll")
    assert parts.score == parts.miscalibration == np.inf
    assert np.isfinite([parts.discrimination, parts.uncertainty]).all()
    assert corp_decomposition([1.0, 0.0], [1, 0], score="nll").score == 0


def test_classwise_brier_adds_up_to_brier():
    rng = np.random.default_rng(0)
    scores, gold = rng.normal(size=(200, 3)) * 2, rng.integers(0, 3, 200)
    parts = corp_classwise(scores, gold)
    assert parts.score == pytest.approx(brier(scores, gold), abs=1e-12)
    each = [corp_decomposition(softmax(scores)[:, c], gold == c) for c in range(3)]
    for part in PARTS:
        expected = pytest.approx(sum(getattr(one, part) for one in each), abs=1e-12)
        assert getattr(parts, part) == expected
    relabelled = corp_classwise(scores[:, [2, 0, 1]], (gold + 1) % 3)
    assert relabelled.miscalibration == pytest.approx(parts.miscalibration, abs=1e-12)


def test_noise_floor_is_reached_by_calibrated_confidences():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=500)
    floor = corp_noise_floor(confidence, rng=rng, resamples=200)
    brute = [
        corp_decomposition(confidence, rng.random(500) < confidence).miscalibration
        for _ in range(200)
    ]
    error = np.hypot(np.std(brute), floor.distribution.std()) / np.sqrt(200)
    assert abs(floor.mean - np.mean(brute)) < 4 * error
    assert (
        floor.p_value(corp_decomposition(confidence, rng.random(500) < confidence).miscalibration)
        > 0.01
    )
    assert (
        floor.p_value(
            corp_decomposition(confidence, rng.random(500) < confidence**3).miscalibration
        )
        < 0.01
    )


def test_band_holds_calibrated_curves():
    rng = np.random.default_rng(1)
    confidence = np.repeat(np.arange(1, 10) / 10, 30)
    band = consistency_band(confidence, rng=rng, resamples=400, level=0.9)
    assert band.confidence.tolist() == np.unique(confidence).tolist()
    assert (band.low <= band.confidence).all()
    assert (band.confidence <= band.high).all()
    curves = np.array(
        [reliability_curve(confidence, rng.random(270) < confidence).accuracy for _ in range(400)]
    )
    inside = ((curves >= band.low) & (curves <= band.high)).mean(axis=0)
    # Curves take few values here, so more than the level may lie inside.
    assert (inside > 0.84).all()


def test_band_thins_out_many_confidences():
    rng = np.random.default_rng(2)
    confidence = rng.uniform(size=300)
    band = consistency_band(confidence, rng=rng, resamples=5, points=20)
    assert len(band.confidence) == 20
    assert band.confidence[[0, -1]].tolist() == [confidence.min(), confidence.max()]
    assert len(consistency_band([0.5], rng=rng, resamples=5).low) == 1


def test_bad_input():
    rng = np.random.default_rng(0)
    with pytest.raises(SettingsError, match="unknown score"):
        corp_decomposition([0.5], [1], score="log")
    with pytest.raises(DataError, match="confidence has shape"):
        corp_decomposition([], [])
    with pytest.raises(DataError, match="gold is -1"):
        corp_classwise([[0.0, 1.0]], [-1])
    with pytest.raises(SettingsError, match="resamples"):
        corp_noise_floor([0.5], rng=rng, resamples=0)
    with pytest.raises(SettingsError, match="level is 1"):
        consistency_band([0.5], rng=rng, level=1)
