"""`analyse`, `calibrate` and the Python call give equal answers to equal questions."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis import METRICS, AnalysisSettings, analyse
from crosscal.calibration import estimate_errors, evaluate, resample_clusters
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


def as_predictions(scores, gold, cluster):
    n, languages = len(gold), list(scores)
    provenance = Provenance(
        study="s", recipe="direct", seed=1, task="t", family="classification", encoder="e",
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
