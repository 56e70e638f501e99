"""Accuracy, official and sound."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from crosscal.errors import SettingsError
from crosscal.predictions import Slice
from crosscal.scoring import score


def part(scores, gold):
    ids = np.array([str(i) for i in range(len(gold))])
    return Slice(
        scores=np.asarray(scores, float), gold=np.asarray(gold), unit_ids=ids, cluster_ids=ids
    )


def test_equal_to_sklearn_without_ties():
    rng = np.random.default_rng(0)
    scores, gold = rng.normal(size=(500, 3)), rng.integers(0, 3, 500)
    found = score("classification", part(scores, gold))
    assert found.official == accuracy_score(gold, scores.argmax(axis=1))
    assert found.sound == pytest.approx(found.official, abs=1e-12)
    assert (found.metric, found.n) == ("accuracy", 500)


def test_ties_are_shared():
    found = score("classification", part([[1, 1, 0], [1, 1, 0], [0, 0, 0]], [0, 1, 2]))
    assert found.official == pytest.approx(1 / 3)
    assert found.sound == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)


def test_absent_gold_is_wrong():
    found = score("classification", part([[1, 0], [1, 0]], [-1, 0]))
    assert (found.official, found.sound) == (0.5, 0.5)


def test_unknown_family():
    with pytest.raises(SettingsError, match="no scorer for family 'dance'"):
        score("dance", part([[1, 0]], [0]))
