"""Which runs count as collapsed."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis import collapse_reason
from crosscal.predictions import Slice


def dev(chosen, gold, k=3):
    ids = np.array([str(i) for i in range(len(gold))])
    return Slice(
        scores=np.eye(k)[np.asarray(chosen)],
        gold=np.asarray(gold),
        unit_ids=ids,
        cluster_ids=ids,
    )


def test_a_good_run():
    gold = np.tile([0, 1, 2], 50)
    assert collapse_reason(dev(gold, gold)) is None


def test_one_choice():
    gold = np.tile([0, 1, 2], 50)
    assert "one choice" in collapse_reason(dev(np.zeros(150, int), gold))
    # Right more often than by chance, so that the first rule alone can object.
    for others, collapsed in ((7, True), (8, False)):  # 95.3 and 94.7 %
        chosen = np.where(np.arange(150) < 150 - others, 0, 1)
        assert (collapse_reason(dev(chosen, chosen)) is not None) == collapsed


@pytest.mark.parametrize(("hits", "collapsed"), [(50, True), (64, True), (65, False), (90, False)])
def test_exact_binomial(hits, collapsed):
    # P(X >= 64) = 0.0106 and P(X >= 65) = 0.0068 for 150 draws at 1/3.
    gold = np.tile([0, 1, 2], 50)
    chosen = np.where(np.arange(150) < hits, gold, (gold + 1) % 3)
    assert (collapse_reason(dev(chosen, gold)) is not None) == collapsed
