"""Shared by the tests of foreign files: predictions whose truth is known."""

import numpy as np
import pytest

from tests.predictions.external.truth_tables import N


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(7)
    gold = rng.integers(0, 3, N)
    logits = rng.normal(size=(N, 3))
    logits[np.arange(N), gold] += 1.5
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True), gold
