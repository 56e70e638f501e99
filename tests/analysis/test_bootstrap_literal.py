"""The bootstrap by matrix products against a loop that takes it at its word."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis.measures import make_resample, mean_measure, measure_run
from crosscal.analysis.seeds import average_seeds
from crosscal.calibration import (
    brier_rows,
    cluster_weights,
    make_bins,
    nll_rows,
    seed_pivots,
    seed_shifts,
    top_label,
)

CLUSTERS, REPLICATES = 25, 40


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    # Clusters of unequal size, in no order.
    cluster = rng.permutation(np.repeat(np.arange(CLUSTERS), rng.integers(1, 5, CLUSTERS)))
    n = len(cluster)
    gold = rng.integers(0, 3, n)
    scores = {}
    for language in ("en", "tr"):
        scores[language] = rng.normal(size=(n, 3)) * 1.5
        scores[language][np.arange(n), gold] += 1.0
    weights = cluster_weights(CLUSTERS, REPLICATES, rng)
    resample = make_resample(weights, cluster, rng.random((50, n), dtype=np.float32))
    golds = dict.fromkeys(scores, gold)
    return scores, gold, resample, measure_run(scores, golds, resample, bins=15, level=0.95)


def resampled_rows(resample, replicate):
    """Row numbers of a replicate, whole clusters as often as drawn."""
    rows = []
    for number, times in enumerate(resample.weights[replicate].astype(int)):
        rows += np.flatnonzero(resample.cluster == number).tolist() * times
    return np.array(rows)


@pytest.mark.parametrize("language", ["en", "tr"])
def test_means(world, language):
    scores, gold, resample, found = world
    for replicate in range(REPLICATES):
        rows = resampled_rows(resample, replicate)
        s, g = scores[language][rows], gold[rows]
        confidence, correct = top_label(s, g)
        for metric, value in {
            "accuracy": correct.mean(),
            "nll": nll_rows(s, g).mean(),
            "brier": brier_rows(s, g).mean(),
            "confidence": confidence.mean(),
            "gap": confidence.mean() - correct.mean(),
        }.items():
            assert found[language][metric].high[replicate] == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(("metric", "scheme"), [("ece", "width"), ("ece_mass", "mass")])
def test_binned_errors_under_perfect_calibration(world, metric, scheme):
    scores, gold, resample, found = world
    confidence, correct = top_label(scores["tr"], gold)
    bins = make_bins(confidence, scheme=scheme)  # edges stay those of the sample
    index = bins.index(confidence)
    n = len(gold)
    for replicate in range(REPLICATES):
        rows = resampled_rows(resample, replicate)
        total = 0.0
        for b in range(len(bins)):
            before = (confidence - correct)[index == b].sum() / n
            inside = rows[index[rows] == b]
            total += abs((confidence - correct)[inside].sum() / len(rows) - before)
        assert found["tr"][metric].null[replicate] == pytest.approx(total, abs=1e-12)


def test_draws_of_one_language_and_another_share_their_clusters(world):
    _, _, _, found = world
    difference = found["tr"]["gap"] - found["en"]["gap"]
    np.testing.assert_array_equal(
        difference.high, found["tr"]["gap"].high - found["en"]["gap"].high
    )


def test_an_error_that_may_be_zero_widens_the_difference(world):
    _, _, _, found = world
    sure, unsure = found["tr"]["ece"], found["en"]["ece"]
    for measure in (sure, unsure):
        may_be_zero = (measure.null >= measure.value).mean() > 0.025
        assert (not measure.low.any()) == may_be_zero
        assert (measure.low <= measure.high).all()
    difference = sure - unsure
    assert (difference.low <= difference.high).all()


def test_seeds_widen_by_their_own_variance_only(world):
    scores, gold, resample, found = world
    same = [found["tr"]["nll"]] * 3
    pivots = seed_pivots(3, REPLICATES, np.random.default_rng(0))
    # Equal runs have no variance between seeds.
    np.testing.assert_array_equal(average_seeds(same, pivots).high, mean_measure(same).high)
    apart = [
        measure_run({"tr": scores["tr"] * t}, {"tr": gold}, resample, bins=15, level=0.95)["tr"][
            "nll"
        ]
        for t in (0.5, 1, 4)
    ]
    widened, plain = average_seeds(apart, pivots), mean_measure(apart)
    shift = widened.high - plain.high
    values = np.array([m.value for m in apart])
    alone = seed_shifts(values, 0.0, pivots)
    assert 0 < shift.std() < alone.std()
    assert (shift * alone >= 0).all()
    assert (abs(shift) <= abs(alone)).all()
