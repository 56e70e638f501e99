"""The noise floor against a literal loop and a closed form."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.calibration import ece, noise_floor
from crosscal.exceptions import SettingsError


def test_literal_loop():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.34, 1, 400)
    for rules in ({}, {"scheme": "mass", "bins": 7}, {"edges": "left"}):
        fast = noise_floor(confidence, rng=np.random.default_rng(5), resamples=50, **rules)
        uniforms = np.random.default_rng(5).random((50, 400))
        slow = [ece(confidence, u < confidence, **rules) for u in uniforms]
        np.testing.assert_allclose(fast.distribution, slow, atol=1e-12)


def test_closed_form():
    # One bin of n equal confidences: the mean absolute deviation of a binomial.
    n = 1000
    found = noise_floor(np.full(n, 0.5), rng=np.random.default_rng(0), resamples=4000)
    assert found.mean == pytest.approx(np.sqrt(0.25 / n * 2 / np.pi), rel=0.04)
    assert len(found.distribution) == 4000


def test_certain_confidence_has_no_noise():
    found = noise_floor([1.0, 0.0, 1.0], rng=np.random.default_rng(0), resamples=10)
    assert found.distribution.tolist() == [0.0] * 10
    assert found.p_value(0.0) == 1.0


def test_p_value_is_uniform_for_a_calibrated_model():
    rng = np.random.default_rng(3)
    p = []
    for _ in range(200):
        confidence = rng.uniform(0.4, 1, 150)
        correct = rng.random(150) < confidence
        floor = noise_floor(confidence, rng=rng, resamples=100)
        p.append(floor.p_value(ece(confidence, correct)))
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.06)
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("resamples", [0, -3])
def test_no_resamples_are_refused(resamples):
    with pytest.raises(SettingsError, match="resamples"):
        noise_floor([0.5, 0.7], rng=np.random.default_rng(0), resamples=resamples)
