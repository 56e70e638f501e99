"""Drawing few examples, and measuring over the draws, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis.recalibration_transfer.draws import draw_order, finite_pool_factor
from crosscal.analysis.recalibration_transfer.measuring import evaluation_settings, measure_draws
from crosscal.analysis.recalibration_transfer.rows import Rows
from crosscal.analysis.runs import ParallelLanguages
from crosscal.calibration import ece, ece_debiased, resample_clusters, softmax, top_label


def rows_of(language, cluster_ids):
    n = len(cluster_ids)
    return Rows(
        scores=np.zeros((n, 2)),
        gold=np.zeros(n, dtype=np.int64),
        languages=np.full(n, language),
        unit_ids=np.array([f"{language}{i}" for i in range(n)]),
        cluster_ids=np.array(cluster_ids),
    )


def test_clusters_stay_together_and_come_alike_in_parallel_languages():
    names = [f"p{i}" for i in (0, 1, 2, 0, 1, 2, 3, 3, 3)]
    pool = {"de": rows_of("de", names), "sw": rows_of("sw", names[::-1])}
    order = draw_order(pool, np.random.default_rng(3))
    drawn = {code: pool[code].cluster_ids[order[code]].tolist() for code in pool}
    assert drawn["de"] == drawn["sw"]
    assert sorted(order["de"].tolist()) == list(range(9))
    changes = sum(a != b for a, b in zip(drawn["de"], drawn["de"][1:], strict=False))
    assert changes == 3


def test_debiased_error_is_that_of_the_calibration_room():
    rng = np.random.default_rng(9)
    cluster = np.repeat(np.arange(30), 4)
    gold = rng.integers(0, 3, 120)
    probabilities = softmax(rng.normal(size=(120, 3)))
    block = ParallelLanguages(languages=("en",), cluster=cluster, clusters=30)
    found = measure_draws(
        [probabilities],
        gold,
        block,
        resample_clusters(30, 20, entropy=(9,)),
        evaluation_settings(15, 0.95, 10),
        name="en",
        number=0,
    )
    confidence, correct = top_label(np.log(probabilities), gold)
    assert found["ece"].value == pytest.approx(ece(confidence, correct, bins=15), abs=1e-12)
    expected = ece_debiased(confidence, correct, bins=15, clusters=cluster)
    assert found["ece_debiased"].value == pytest.approx(expected, abs=1e-12)


def test_every_cluster_comes_first_equally_often():
    pool = {"de": rows_of("de", ["a", "a", "b", "c"])}
    rng = np.random.default_rng(0)
    first = [pool["de"].cluster_ids[draw_order(pool, rng)["de"][0]] for _ in range(3000)]
    counts = np.array([first.count(name) for name in "abc"])
    assert abs(counts - 1000).max() < 4 * np.sqrt(3000 * 2 / 9)


def test_stretched_spread_is_that_of_independent_draws():
    # Means of k of n numbers, without replacement, against the variance of an endless supply.
    rng = np.random.default_rng(1)
    n, k = 60, 40
    spread = []
    for _ in range(400):
        pool = rng.normal(size=n)
        means = np.array([rng.permutation(pool)[:k].mean() for _ in range(30)])
        spread.append((finite_pool_factor(k, n) * (means - means.mean())).var(ddof=1))
    assert np.mean(spread) == pytest.approx(1 / k, rel=0.1)


def test_replicates_over_draws_are_those_of_a_plain_loop():
    rng = np.random.default_rng(5)
    clusters, draws, replicates = 12, 4, 16
    cluster = np.repeat(np.arange(clusters), 3)
    n = len(cluster)
    gold = rng.integers(0, 3, n)
    sets = [softmax(rng.normal(size=(n, 3))) for _ in range(draws)]
    resampling = resample_clusters(clusters, replicates, entropy=(5,))
    block = ParallelLanguages(languages=("en",), cluster=cluster, clusters=clusters)

    def measured(finite_pool_factor=1.0):
        return measure_draws(
            sets,
            gold,
            block,
            resampling,
            evaluation_settings(15, 0.95, 5),
            name="en",
            number=0,
            finite_pool_factor=finite_pool_factor,
        )["accuracy"]

    measure = measured()
    right = [(p.argmax(axis=1) == gold).astype(float) for p in sets]
    (weight, outcome), factor = resampling.virtual_row("en"), resampling.student(clusters)
    for replicate in range(replicates):
        one = right[replicate % draws]
        deviation = one - one.mean()
        sums = np.bincount(cluster, weights=deviation)
        rows_of_one = np.clip(sums @ sums / (deviation @ deviation), 1, 3)
        extra = weight[replicate] * rows_of_one
        times = resampling.weights[replicate, cluster]
        mean = (times @ one + extra * outcome[replicate]) / (times.sum() + extra)
        expected = np.clip(one.mean() + factor[replicate] * (mean - one.mean()), 0, 1)
        assert measure.draws_high[replicate] == pytest.approx(expected)
    assert measure.value == pytest.approx(np.mean(right))
    moved = measured(finite_pool_factor=2.0).draws_high - measure.draws_high
    expected = [right[r % draws].mean() - np.mean(right) for r in range(replicates)]
    inside = measure.draws_high + expected >= 0
    assert np.allclose(moved[inside], np.array(expected)[inside])
