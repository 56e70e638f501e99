"""What a recalibrator was fitted on, it cannot be scored on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crosscal.analysis import AnalysisSettings
from crosscal.analysis.recalibration_transfer import (
    Fitted,
    RegimeSettings,
    Rows,
    compare_regimes,
    fit_rows,
)
from crosscal.analysis.recalibration_transfer import folds as folds_module
from crosscal.analysis.recalibration_transfer.folds import make_folds
from crosscal.analysis.recalibration_transfer.rows import IDENTITY
from crosscal.analysis.runs import make_panel
from crosscal.calibration import TemperatureScaling
from crosscal.exceptions import DataError
from crosscal.predictions import Predictions


def make_rows(language, clusters, n=2):
    rng = np.random.default_rng(len(language) + len(clusters))
    names = np.repeat(clusters, n)
    size = len(names)
    return Rows(
        scores=rng.normal(size=(size, 3)),
        gold=rng.integers(0, 3, size),
        languages=np.full(size, language),
        unit_ids=np.array([f"u{i}-{name}" for i, name in enumerate(names)]),
        cluster_ids=names,
    )


def fitted_on(rows):
    return fit_rows(TemperatureScaling, rows, otherwise=IDENTITY)


def test_seen_rows_are_refused():
    rows = make_rows("de", [f"p{i}" for i in range(20)])
    with pytest.raises(DataError, match="fitted on it"):
        fitted_on(rows).apply(rows.take(np.arange(3)))


def test_other_rows_of_a_seen_cluster_are_refused():
    rows = make_rows("de", [f"p{i}" for i in range(20)])
    first = np.arange(len(rows)) % 2 == 0
    with pytest.raises(DataError, match="of the same cluster 'p0'"):
        fitted_on(rows.take(first)).apply(rows.take(~first))


def test_translations_of_seen_rows_are_refused():
    german, swahili = (make_rows(code, [f"p{i}" for i in range(20)]) for code in ("de", "sw"))
    with pytest.raises(DataError, match="in sw would be scored .* in de"):
        fitted_on(german).apply(swahili)


def test_other_clusters_are_scored():
    german = make_rows("de", [f"p{i}" for i in range(20)])
    others = make_rows("de", [f"q{i}" for i in range(5)])
    probabilities = fitted_on(german).apply(others)
    assert probabilities.shape == (10, 3)
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_a_fit_that_failed_has_seen_its_rows_all_the_same():
    rows = make_rows("de", ["p0", "p1"])
    # Every right choice has the highest score: there is no best temperature.
    rows = replace(rows, gold=rows.scores.argmax(axis=1))
    failed = fitted_on(rows)
    assert not failed.converged
    with pytest.raises(DataError, match="fitted on"):
        failed.apply(rows)


def test_unlabelled_rows_count_as_seen():
    rows = make_rows("de", ["p0", "p1"])
    blind = Fitted(IDENTITY.recalibrator, (rows,))
    with pytest.raises(DataError, match="fitted on"):
        blind.apply(rows)


def renamed(predictions, split, becomes):
    """The same predictions with the clusters of a split named as those of another."""
    table = predictions.table
    splits = table["split"].to_pylist()
    names = table["cluster_id"].to_pylist()
    changed = [
        name.replace(f"{split}-", f"{becomes}-") if own == split else name
        for name, own in zip(names, splits, strict=True)
    ]
    place = table.column_names.index("cluster_id")
    return Predictions(predictions.provenance, table.set_column(place, "cluster_id", [changed]))


def small(**changes):
    settings = {"draws": 10, "few_shot": (0, 10)} | changes
    return RegimeSettings(**settings)


QUICK = AnalysisSettings(replicates=100, noise_resamples=100)


def test_development_clusters_that_are_scored_stop_the_comparison(small_world):
    leaking = renamed(small_world, "dev", "test")
    with pytest.raises(DataError, match="would be scored"):
        compare_regimes([leaking], settings=QUICK, recalibration=small(regimes=("english",)))


@pytest.mark.parametrize(
    "regime",
    ["english", "oracle", "mixture", "leave-one-out", "predicted", "unlabelled", "few-shot"],
)
def test_every_regime_carries_what_it_saw(regime, small_world, monkeypatch):
    # With folds that do not keep scored clusters out, each regime must be stopped.
    def leaky(*given):
        folds = make_folds(*given)
        whole = {c: Rows.of(given[0].test[c], c) for c in given[2].languages}
        return [
            folds_module.Fold(
                type(fold.fit_data)(
                    whole["en"], whole, fold.fit_data.features, fold.fit_data.order
                ),
                fold.test,
                fold.positions,
            )
            for fold in folds
        ]

    monkeypatch.setattr("crosscal.analysis.recalibration_transfer.compare.make_folds", leaky)
    with pytest.raises(DataError, match="would be scored"):
        compare_regimes([small_world], settings=QUICK, recalibration=small(regimes=(regime,)))


def test_folds_keep_clusters_apart_in_all_languages(small_world):
    panel = make_panel([small_world], QUICK)
    folds = make_folds(panel.runs[0], None, panel, RegimeSettings(), {}, 0)
    scored = []
    for fold in folds:
        inside = frozenset().union(*(rows.clusters for rows in fold.test.values()))
        outside = frozenset().union(*(rows.clusters for rows in fold.fit_data.pool.values()))
        assert inside.isdisjoint(outside)
        scored += fold.test["xe"].unit_ids.tolist()
    assert sorted(scored) == sorted(panel.runs[0].test["xe"].unit_ids.tolist())
