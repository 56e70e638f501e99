"""Murphy's decomposition against its textbook terms, written out over bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr
from scipy.stats import entropy

from crosscal.calibration.decomposition.corp import corp_decomposition
from crosscal.calibration.decomposition.murphy import murphy_decomposition
from crosscal.exceptions import DataError, SettingsError

rows = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=12)


def total(parts):
    return parts.reliability - parts.resolution + parts.uncertainty + parts.within


def drawn(seed, n=300):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.02, 0.98, n)
    return confidence, (rng.random(n) < confidence**1.5).astype(float)


def binned(confidence, correct, bins):
    """Share, mean confidence, accuracy, members of each bin (lower, upper]."""
    for low in range(bins):
        inside = (confidence > low / bins) & (confidence <= (low + 1) / bins)
        if inside.any():
            yield inside.mean(), confidence[inside].mean(), correct[inside].mean(), inside


def test_brier_terms():
    confidence, correct = drawn(0)
    base, found = correct.mean(), list(binned(confidence, correct, 10))
    parts = murphy_decomposition(confidence, correct, bins=10)
    reliability = sum(share * (c - a) ** 2 for share, c, a, _ in found)
    assert parts.reliability == pytest.approx(reliability, abs=1e-12)
    resolution = sum(share * (a - base) ** 2 for share, _, a, _ in found)
    assert parts.resolution == pytest.approx(resolution, abs=1e-12)
    assert parts.uncertainty == pytest.approx(base * (1 - base), abs=1e-12)
    within = 0.0
    for share, c, a, inside in found:
        around = confidence[inside] - c
        within += share * (around * (around - 2 * (correct[inside] - a))).mean()
    assert parts.within == pytest.approx(within, abs=1e-12)


def test_nll_terms_are_divergences():
    confidence, correct = drawn(1)
    base, found = correct.mean(), list(binned(confidence, correct, 8))
    parts = murphy_decomposition(confidence, correct, bins=8, score="nll")

    def divergence(p, q):
        return rel_entr(p, q) + rel_entr(1 - p, 1 - q)

    reliability = sum(share * divergence(a, c) for share, c, a, _ in found)
    assert parts.reliability == pytest.approx(reliability, abs=1e-12)
    resolution = sum(share * divergence(a, base) for share, _, a, _ in found)
    assert parts.resolution == pytest.approx(resolution, abs=1e-12)
    assert parts.uncertainty == pytest.approx(entropy([base, 1 - base]), abs=1e-12)


@pytest.mark.parametrize("score", ["brier", "nll"])
@pytest.mark.parametrize("scheme", ["width", "mass"])
@settings(max_examples=30)
@given(pairs=rows)
@example(pairs=[(1.0, False), (0.9999999999999999, False)])
def test_parts_add_up(pairs, scheme, score):
    confidence, correct = zip(*pairs, strict=True)
    parts = murphy_decomposition(confidence, correct, bins=4, scheme=scheme, score=score)
    expected = corp_decomposition(confidence, correct, score=score)
    assert total(parts) == pytest.approx(expected.score, abs=1e-10)
    assert parts.score == pytest.approx(expected.score, rel=1e-12)
    assert parts.uncertainty == pytest.approx(expected.uncertainty, abs=1e-12)
    assert parts.reliability >= 0
    assert 0 <= parts.resolution <= parts.uncertainty + 1e-12


def test_nothing_within_bins_of_one_confidence():
    confidence = np.repeat([0.25, 0.75], 50)
    correct = np.random.default_rng(0).random(100) < confidence
    parts = murphy_decomposition(confidence, correct, bins=4)
    assert parts.within == 0
    curve = corp_decomposition(confidence, correct)
    # With no more than the two levels in rising order, the bins are the isotonic curve's.
    assert parts.reliability == pytest.approx(curve.miscalibration, abs=1e-12)
    assert parts.resolution == pytest.approx(curve.discrimination, abs=1e-12)


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        ([0.7], [1], (0.09, 0, 0, 0)),
        ([0.4, 0.4], [1, 0], (0.01, 0, 0.25, 0)),
        ([0.0, 1.0], [0, 1], (0, 0.25, 0.25, 0)),
        ([0.7, 0.9], [1, 1], (0.04, 0, 0, 0.01)),
    ],
)
def test_edges(confidence, correct, expected):
    parts = murphy_decomposition(confidence, correct, bins=2)
    found = (parts.reliability, parts.resolution, parts.uncertainty, parts.within)
    assert found == pytest.approx(expected, abs=1e-15)


def test_infinite_scores():
    whole_bin = murphy_decomposition([1.0, 1.0, 0.5], [1, 0, 1], score="nll")
    assert whole_bin.score == whole_bin.reliability == np.inf
    assert whole_bin.within == 0
    part_of_bin = murphy_decomposition([1.0, 0.99, 0.5], [0, 1, 1], score="nll")
    assert part_of_bin.score == part_of_bin.within == np.inf
    assert np.isfinite(part_of_bin.reliability)


def test_bad_input():
    with pytest.raises(SettingsError, match="0 bins"):
        murphy_decomposition([0.5], [1], bins=0)
    with pytest.raises(SettingsError, match="unknown score"):
        murphy_decomposition([0.5], [1], score="log")
    with pytest.raises(DataError, match="correct is 2"):
        murphy_decomposition([0.5], [2])
