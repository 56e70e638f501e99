"""Draws of scores, against a bootstrap that scores resampled clusters anew."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.calibration import resample_clusters
from crosscal.metrics import SCORERS, MetricInput, score
from crosscal.predictions import Predictions
from crosscal.study.results.score_draws import ScoreDraws
from tests.metrics.random_tables import random_predictions

CLUSTERS = 120


def given_of(predictions, language="en"):
    return MetricInput.of(predictions, language=language, split="test", threshold=0.3)


def scored(predictions, scoring, languages=("en",)):
    given = {language: given_of(predictions, language) for language in languages}
    return {language: (each, score(scoring, each)) for language, each in given.items()}


def resampled(given, counts):
    """The table in which each cluster occurs so many times, every time as a cluster of its own."""
    rows = [np.flatnonzero(given.cluster == number) for number in range(len(counts))]
    copies = [
        (row, copy)
        for each, count in zip(rows, counts.astype(int), strict=True)
        for copy in range(count)
        for row in each
    ]
    table = given.table.take([row for row, _ in copies])
    for name in ("unit_id", "cluster_id"):
        names = zip(table[name].to_pylist(), copies, strict=True)
        texts = [f"{text}/{copy}" for text, (_, copy) in names]
        table = table.set_column(table.column_names.index(name), name, [texts])
    return MetricInput(
        table=table.combine_chunks(),
        language=given.language,
        choices=given.choices,
        threshold=given.threshold,
    )


@pytest.mark.parametrize("scoring", ["accuracy", "pos", "entities", "squad", "bitext"])
def test_draws_are_those_of_scoring_resampled_clusters(scoring):
    predictions = random_predictions(scoring, np.random.default_rng(4), clusters=CLUSTERS)
    ((given, values),) = scored(predictions, scoring).values()
    draws = ScoreDraws([predictions], "test", replicates=2000, seed=3)
    measured = draws.measure(scored(predictions, scoring), 0)["en"]

    many = 60 if scoring == "squad" else 150
    replicates = resample_clusters(CLUSTERS, many, entropy=(11,)).weights
    again = [score(scoring, resampled(given, counts)) for counts in replicates]
    for kind, metrics in measured.items():
        for metric, one in metrics.items():
            rows = values.rows[kind][metric]
            sums = np.bincount(rows.cluster, weights=rows.values, minlength=CLUSTERS)
            sizes = np.bincount(rows.cluster, minlength=CLUSTERS)
            expected = [getattr(each, kind)[metric] for each in again]
            by_sums = replicates @ sums / (replicates @ sizes)
            np.testing.assert_allclose(by_sums, expected, atol=1e-12)
            # The engine's draws are others, and a little wider; they spread alike.
            assert one.draws_low.std() == pytest.approx(np.std(expected), rel=0.25)
            low, high = one.interval(0.95)
            quantiles = np.quantile(expected, [0.025, 0.975])
            assert np.abs(np.array([low, high]) - quantiles).max() < 0.25 * (high - low)
            assert low < getattr(values, kind)[metric] < high


@pytest.mark.parametrize("right", [0.0, 1.0])
@pytest.mark.parametrize("scoring", SCORERS)
def test_outcomes_that_do_not_vary_have_an_interval(scoring, right):
    predictions = random_predictions(scoring, np.random.default_rng(2), clusters=25, right=right)
    draws = ScoreDraws([predictions], "test", replicates=400, seed=0)
    for metrics in draws.measure(scored(predictions, scoring), 0)["en"].values():
        for one in metrics.values():
            low, high = one.interval(0.95)
            assert high - low > 0.005
            assert low <= one.value <= high


def parallel(rng, seed):
    """Two languages of the same items."""
    n = 60
    gold = rng.integers(0, 3, n)
    scores = [rng.normal(size=(n, 3)) + 2 * np.eye(3)[gold] for _ in range(2)]
    template = random_predictions("accuracy", rng).provenance
    return Predictions.from_arrays(
        type(template)(**{**vars(template), "seed": seed, "choices": ("a", "b", "c")}),
        unit_ids=[f"u{i:03d}" for i in range(n)] * 2,
        cluster_ids=[f"c{i // 3:03d}" for i in range(n)] * 2,
        languages=["de"] * n + ["en"] * n,
        splits=["test"] * 2 * n,
        scores=np.concatenate(scores),
        gold=np.tile(gold, 2),
    )


def test_languages_that_share_clusters_are_paired_and_others_are_not():
    rng = np.random.default_rng(1)
    run = parallel(rng, 1)
    table = run.table.to_pydict()
    german = np.array(table["language"]) == "de"
    # The same answers in both languages, then with clusters of their own.
    copy = {
        name: np.array(values, dtype=object)[~german].tolist() for name, values in table.items()
    }
    for apart in (False, True):
        rows = [
            (unit, (f"{language}-{cluster}" if apart else cluster), language, scores, gold)
            for language in ("de", "en")
            for unit, cluster, scores, gold in zip(
                copy["unit_id"], copy["cluster_id"], copy["scores"], copy["gold"], strict=True
            )
        ]
        units, clusters, languages, scores, gold = zip(*rows, strict=True)
        both = Predictions.from_arrays(
            run.provenance, unit_ids=units, cluster_ids=clusters, languages=languages,
            splits=["test"] * len(units), scores=scores, gold=gold,
        )  # fmt: skip
        draws = ScoreDraws([both], "test", replicates=1000, seed=0)
        found = draws.measure(scored(both, "accuracy", ("de", "en")), 0)
        one, other = (found[code]["sound"]["accuracy"].draws_low for code in ("de", "en"))
        correlation = np.corrcoef(one, other)[0, 1]
        assert correlation > 0.9 if not apart else abs(correlation) < 0.15


def test_many_clusters_are_drawn_in_batches():
    n = 10_500
    rng = np.random.default_rng(0)
    correct = rng.random(n) < 0.8
    run = Predictions.from_arrays(
        parallel(rng, 1).provenance,
        unit_ids=[f"u{i:05d}" for i in range(n)],
        cluster_ids=[f"u{i:05d}" for i in range(n)],
        languages=["en"] * n,
        splits=["test"] * n,
        scores=np.where(correct[:, None], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        gold=np.zeros(n, dtype=int),
    )
    draws = ScoreDraws([run], "test", replicates=200, seed=0)
    one = draws.measure(scored(run, "accuracy"), 0)["en"]["sound"]["accuracy"]
    assert one.draws_low.std() == pytest.approx(np.sqrt(0.8 * 0.2 / n), rel=0.2)
