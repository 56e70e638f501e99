"""`analyse`, `calibrate` and the Python call give equal answers to equal questions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from crosscal.analysis import METRICS, AnalysisSettings, analyse
from crosscal.analysis.analyse import SEEDS
from crosscal.calibration import (
    CrossedSeeds,
    estimate_errors,
    evaluate,
    mean_measurement,
    resample_clusters,
    seed_pivots,
)
from crosscal.calibration.estimation.engine import measure_samples
from crosscal.calibration.estimation.resampling import given_weights
from crosscal.calibration.estimation.samples import EvaluationSettings, SampleSet
from crosscal.predictions import Predictions, Provenance

TABLES = 200
ERRORS = ("ece", "ece_mass", "ece_debiased")


def random_table(seed):
    """Scores of some languages on the same items: clusters, choices, and degenerate ones too."""
    rng = np.random.default_rng([7, seed])
    choices = int(rng.choice([2, 3, 5, 30]))
    clusters = int(rng.integers(2, 40))
    sizes = rng.integers(1, 5, clusters) if seed % 3 else np.ones(clusters, dtype=int)
    cluster = np.repeat(np.arange(clusters), sizes)
    n = len(cluster)
    gold = rng.integers(0, choices, n)
    languages = ["en", *rng.choice(["de", "ar", "sw", "tr", "zh"], rng.integers(1, 4), False)]
    scores = {}
    for language in languages:
        drawn = rng.normal(size=(n, choices)) * rng.uniform(0.2, 3)
        drawn[np.arange(n), gold] += rng.uniform(0, 6)
        if rng.random() < 0.15:  # all right, or all the same
            drawn[np.arange(n), gold] += 50 if rng.random() < 0.5 else 8
        scores[str(language)] = drawn.astype(np.float32).astype(np.float64)
    return scores, gold, cluster


def as_predictions(scores, gold, cluster, recipe="direct", seed=1):
    n, languages = len(gold), list(scores)
    provenance = Provenance(
        study="s", recipe=recipe, seed=seed, task="t", family="classification", encoder="e",
        choices=tuple(f"c{i}" for i in range(next(iter(scores.values())).shape[1])),
    )  # fmt: skip
    return Predictions.from_arrays(
        provenance,
        unit_ids=[f"u{i:05d}" for i in range(n)] * len(languages),
        cluster_ids=[f"k{c:05d}" for c in cluster] * len(languages),
        languages=[code for code in languages for _ in range(n)],
        splits=["test"] * n * len(languages),
        scores=np.concatenate(list(scores.values())),
        gold=np.tile(gold, len(languages)),
    )


@pytest.mark.parametrize("part", range(4))
def test_equal_questions_have_equal_answers(part):
    for seed in range(part, TABLES, 4):
        scores, gold, cluster = random_table(seed)
        settings = AnalysisSettings(
            dev_split=None, replicates=100, bootstrap_seed=seed, noise_resamples=400
        )
        results = analyse([as_predictions(scores, gold, cluster)], settings=settings)
        # Clusters of all languages in any order; the rows of each stay in theirs.
        order = np.random.default_rng(seed).permutation(int(cluster.max()) + 1)
        shuffled = np.argsort(order[np.tile(cluster, len(scores))], kind="stable")
        evaluation = evaluate(
            np.concatenate(list(scores.values()))[shuffled],
            np.tile(gold, len(scores))[shuffled],
            groups=np.repeat(list(scores), len(gold))[shuffled],
            clusters=np.array([f"k{c:05d}" for c in np.tile(cluster, len(scores))])[shuffled],
            baseline="en",
            replicates=100,
            seed=seed,
            errors=ERRORS,
        )
        resampling = resample_clusters(int(cluster.max()) + 1, 100, entropy=(seed, 0))
        for language, own in scores.items():
            direct = estimate_errors(
                own, gold, cluster=cluster, resampling=resampling, errors=ERRORS, name=language
            )
            group = evaluation.groups[language]
            for metric in METRICS:
                (level,) = results.find(quantity="level", language=language, metric=metric)
                low, high = direct[metric].interval(0.95)
                expected = [direct[metric].value, low, high]
                assert [level.value, level.low, level.high] == pytest.approx(expected, abs=1e-12)
                if metric in ERRORS:
                    error = group.errors[metric]
                    assert [error.value, error.low, error.high] == pytest.approx(
                        expected, abs=1e-12
                    )
                    p_value = direct[metric].null.p_value()
                    assert level.p_value == pytest.approx(p_value, abs=1e-12)
                    assert error.p_value == pytest.approx(p_value, abs=1e-12)
                    assert error.noise_floor == pytest.approx(level.noise_floor, abs=1e-12)
                else:
                    found = [group.means[metric], *group.intervals[metric]]
                    assert found == pytest.approx(expected, abs=1e-12)
        for change in evaluation.differences:
            if change.measure in METRICS:
                (drop,) = results.find(
                    quantity="degradation", language=change.group, metric=change.measure
                )
                assert [change.value, change.low, change.high, change.p_value] == pytest.approx(
                    [drop.value, drop.low, drop.high, drop.p_value], abs=1e-12
                )


@pytest.mark.parametrize("part", range(2))
def test_rows_with_weights_are_measured_alike_by_both_calls(part):
    for table in range(part, TABLES // 2, 2):
        scores, gold, cluster = random_table(table)
        rng = np.random.default_rng([17, table])
        weights = {
            code: rng.lognormal(sigma=rng.uniform(0, 1.5), size=len(gold))
            if rng.random() < 0.7
            else rng.integers(1, 5, len(gold)).astype(float)
            for code in scores
        }
        evaluation = evaluate(
            np.concatenate(list(scores.values())),
            np.tile(gold, len(scores)),
            groups=np.repeat(list(scores), len(gold)),
            clusters=[f"k{c:05d}" for c in np.tile(cluster, len(scores))],
            weights=np.concatenate(list(weights.values())),
            baseline="en",
            replicates=100,
            seed=table,
            errors=ERRORS,
        )
        resampling = resample_clusters(int(cluster.max()) + 1, 100, entropy=(table, 0))
        direct = {
            code: estimate_errors(
                own, gold, cluster=cluster, resampling=resampling, errors=ERRORS, name=code,
                weights=weights[code],
            )
            for code, own in scores.items()
        }  # fmt: skip
        for code, measured in direct.items():
            group = evaluation.groups[code]
            for metric, one in measured.items():
                expected = [one.value, *one.interval(0.95)]
                if metric in ERRORS:
                    error = group.errors[metric]
                    found = [error.value, error.low, error.high]
                    assert error.p_value == pytest.approx(one.null.p_value(), abs=1e-12)
                    assert error.noise_floor == pytest.approx(one.noise_floor, abs=1e-12)
                else:
                    found = [group.means[metric], *group.intervals[metric]]
                assert found == pytest.approx(expected, abs=1e-12)
        for change in evaluation.differences:
            if change.measure in direct["en"]:
                one = direct[change.group][change.measure] - direct["en"][change.measure]
                assert [change.value, change.low, change.high, change.p_value] == pytest.approx(
                    [one.value, *one.interval(0.95), one.p_value()], abs=1e-12
                )


@pytest.mark.parametrize("part", range(2))
def test_runs_of_several_seeds_are_what_the_python_calls_make_of_them(part):
    for table in range(part, TABLES // 4, 2):
        rng = np.random.default_rng([11, table])
        scores, gold, cluster = random_table(table)
        keys = [(r, s) for r in ("direct", "mrpc") for s in range(1, 2 + table % 3)]
        each = [
            {k: v + rng.normal(size=v.shape).astype(np.float32) for k, v in scores.items()}
            for _ in keys
        ]
        runs = [as_predictions(e, gold, cluster, *key) for e, key in zip(each, keys, strict=True)]
        settings = AnalysisSettings(
            dev_split=None, replicates=100, bootstrap_seed=table, noise_resamples=100
        )
        results = analyse(runs, settings=settings)

        resampling = resample_clusters(int(cluster.max()) + 1, 100, entropy=(table, 0))
        evaluation = EvaluationSettings(errors=ERRORS, calibrated_samples=100)
        pivots = seed_pivots(100, np.random.default_rng([table, SEEDS]))
        recipe = np.array([key[0] == "mrpc" for key in keys], dtype=int)
        crossed = CrossedSeeds(recipe, np.array([key[1] - 1 for key in keys]), pivots)
        measured = []
        for number, run in enumerate(runs):
            of = {code: run.select(language=code, split="test") for code in scores}
            samples = [
                SampleSet(values=s.scores, gold=s.gold, unit=cluster, name=code, number=number)
                for code, s in of.items()
            ]
            found = measure_samples(samples, resampling, evaluation)
            measured.append(dict(zip(of, found, strict=True)))
        for language, metric in product(scores, METRICS):
            by_run = [run[language][metric] for run in measured]
            if language != "en":
                by_run = [
                    one - run["en"][metric] for one, run in zip(by_run, measured, strict=True)
                ]
            values = np.array([one.value for one in by_run])
            covariance = np.cov(np.stack([one.draws_high for one in by_run]))
            contrast = crossed.contrast(values, covariance)
            means = [
                mean_measurement([one for one, r in zip(by_run, recipe, strict=True) if r == k])
                for k in (0, 1)
            ]
            asked = [("level" if language == "en" else "degradation", means[1], contrast.level(1))]
            if language != "en":
                asked.append(("effect", means[1] - means[0], contrast.effect(1, 0)))
            for quantity, mean, spread in asked:
                (row,) = results.find(
                    quantity=quantity, recipe="mrpc", language=language, metric=metric
                )
                whole = mean.between_seeds(spread.scale, pivots.normal)
                expected = [mean.value, *whole.interval(0.95)]
                assert [row.value, row.low, row.high] == pytest.approx(expected, abs=1e-12)
                if quantity != "level":
                    assert row.p_value == pytest.approx(whole.p_value(), abs=1e-12)


def test_weights_belong_to_clusters_whatever_their_order():
    for table in range(40):
        scores, gold, cluster = random_table(table)
        rng, clusters = np.random.default_rng([13, table]), int(cluster.max()) + 1
        weights = rng.exponential(size=(100, clusters))
        order = rng.permutation(clusters)
        rows = np.argsort(order[cluster], kind="stable")
        own = scores["en"]
        here = estimate_errors(
            own, gold, cluster=cluster, resampling=given_weights(weights, entropy=(table,))
        )
        there = estimate_errors(
            own[rows],
            gold[rows],
            cluster=order[cluster][rows],
            resampling=given_weights(weights[:, np.argsort(order)], entropy=(table,)),
        )
        for metric, one in here.items():
            assert [one.value, *one.interval(0.9)] == pytest.approx(
                [there[metric].value, *there[metric].interval(0.9)], abs=1e-9
            )
