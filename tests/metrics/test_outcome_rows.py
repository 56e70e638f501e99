"""What figures are means of: the same figures, and the sums that a cluster adds to them."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.metrics import SCORERS, MetricInput, score
from crosscal.predictions import Predictions
from tests.metrics.random_tables import random_predictions

LANGUAGES = ("en", "de")


def scored(scoring, right, seed):
    predictions = random_predictions(scoring, np.random.default_rng(seed), right=right)
    for language in LANGUAGES:
        given = MetricInput.of(predictions, language=language, split="test", threshold=0.3)
        yield given, score(scoring, given)


@pytest.mark.parametrize("right", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("scoring", SCORERS)
def test_headline_metrics_are_means_of_their_rows(scoring, right):
    for seed in range(20):
        for given, found in scored(scoring, right, seed):
            assert found.rows.keys() == {"official", "sound"}
            for kind, metrics in found.rows.items():
                assert tuple(metrics) == getattr(SCORERS[scoring], kind)
                for metric, rows in metrics.items():
                    figure = getattr(found, kind)[metric]
                    assert rows.figure == pytest.approx(figure, abs=1e-12)
                    k = len(given.clusters)
                    sums = np.bincount(rows.cluster, weights=rows.values, minlength=k)
                    counts = np.bincount(rows.cluster, minlength=k)
                    assert sums.sum() / max(1, counts.sum()) == pytest.approx(figure, abs=1e-12)
                    assert ((rows.values >= 0) & (rows.values <= 1)).all()


@pytest.mark.parametrize("scoring", SCORERS)
def test_a_cluster_alone_has_the_figure_of_its_rows(scoring):
    for given, found in scored(scoring, 0.6, 7):
        for number, name in enumerate(given.clusters):
            alone = given.table.filter(np.array(given.texts("cluster_id")) == name)
            part = MetricInput(
                table=alone, language=given.language, choices=given.choices, threshold=0.3
            )
            figures = score(scoring, part)
            for kind, metrics in found.rows.items():
                for metric, rows in metrics.items():
                    own = rows.values[rows.cluster == number]
                    expected = getattr(figures, kind)[metric]
                    assert (own.mean() if len(own) else 0.0) == pytest.approx(expected, abs=1e-12)


def test_clusters_are_named_in_the_order_in_which_they_begin():
    (given, _), _ = scored("accuracy", 0.5, 1)
    assert [given.clusters[i] for i in given.cluster] == given.texts("cluster_id")
    assert given.clusters == list(dict.fromkeys(given.texts("cluster_id")))


def test_nothing_predicted_of_nothing_is_0_of_no_rows():
    given = random_predictions("entities", np.random.default_rng(0))
    outside = [np.eye(6)[0]] * len(given)
    nothing = Predictions.from_arrays(
        given.provenance,
        unit_ids=given.table["unit_id"].to_pylist(),
        cluster_ids=given.table["cluster_id"].to_pylist(),
        languages=given.table["language"].to_pylist(),
        splits=["test"] * len(given),
        scores=outside,
        gold=[0] * len(given),
    )
    found = score("entities", MetricInput.of(nothing, language="en", split="test"))
    rows = found.rows["official"]["f1"]
    assert (rows.figure, found.official["f1"], len(rows.values)) == (0.0, 0.0, 0)
