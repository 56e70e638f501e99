"""Scores of a study's runs: which data choose thresholds and recipes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from crosscal.predictions import Predictions, Provenance
from crosscal.study.scores import best_recipes, cells, score_runs
from crosscal.study.settings import Study

SOURCE = {"format": "mini-nli"}
STUDY = Study(
    name="x",
    targets={
        "mined": {"task": "bucc2018", "dev": SOURCE, "test": SOURCE},
        "pairs": {"task": "xnli", "train": SOURCE, "dev": SOURCE, "test": SOURCE},
    },
)
NOBODY_COLLAPSED = SimpleNamespace(collapsed=[])


def provenance(target, recipe="direct"):
    return Provenance(
        study="x", recipe=recipe, seed=1, task=target, family="retrieval", encoder="e"
    )


def mined(training, test, recipe="direct"):
    """Two sentences a split, the first of which was paired; (pair, score, partner) of each."""
    rows = [("dev", *training), ("test", *test)]
    return Predictions.from_arrays(
        provenance("mined", recipe),
        unit_ids=[f"{split}-{i}" for split, *_ in rows for i in range(2)],
        cluster_ids=[f"{split}-{i}" for split, *_ in rows for i in range(2)],
        languages=["de"] * 4,
        splits=[split for split, *_ in rows for _ in range(2)],
        scores=[[1.0, 0.5]] * 4,
        gold=[0, -1] * 2,
        extra={
            "mined": [ids for _, pair, _, _ in rows for ids in ([pair], [])],
            "mined_scores": [values for _, _, value, _ in rows for values in ([value], [])],
            "partners": [ids for _, _, _, right in rows for ids in ([right], [])],
        },
    )


def pairs(right_in_english, recipe):
    """Ten pairs a split, development data in English and tests in German too."""
    parts = [("dev", "en", right_in_english), ("test", "en", 9), ("test", "de", 9)]
    return Predictions.from_arrays(
        provenance("pairs", recipe),
        unit_ids=[f"{split}-{i}" for split, _, _ in parts for i in range(10)],
        cluster_ids=[f"{split}-{i}" for split, _, _ in parts for i in range(10)],
        languages=[language for _, language, _ in parts for _ in range(10)],
        splits=[split for split, _, _ in parts for _ in range(10)],
        scores=[[1.0, 0.0, 0.0]] * 30,
        gold=np.concatenate([[0] * right + [1] * (10 - right) for *_, right in parts]),
    )


def test_threshold_is_that_of_the_training_pairs():
    enough = mined(("a", 1.5, "a"), ("b", 1.5, "b"))
    short = mined(("a", 1.5, "a"), ("b", 1.4, "b"))
    for run, f1 in ((enough, 1.0), (short, 0.0)):
        rows = score_runs(STUDY, "mined", [run])
        assert {row.split: row.official for row in rows} == {"dev": 1.0, "test": f1}


def test_without_a_right_training_pair_every_pair_above_zero_counts():
    rows = score_runs(STUDY, "mined", [mined(("a", 1.5, "z"), ("b", 0.1, "b"))])
    assert {row.split: row.official for row in rows} == {"dev": 0.0, "test": 1.0}


def test_training_pairs_are_no_english_development_data():
    runs = {
        "mined": [
            mined(("a", 1.5, "z"), ("b", 1.5, "z")),
            mined(("a", 1.5, "a"), ("b", 1.5, "b"), "more"),
        ],
        "pairs": [pairs(8, "direct"), pairs(9, "more")],
    }
    rows = [row for target in runs for row in score_runs(STUDY, target, runs[target])]
    found = cells(rows, dict.fromkeys(runs, NOBODY_COLLAPSED))
    development = {(cell.target, cell.recipe): cell.development for cell in found}
    assert development == {
        ("mined", "direct"): None,
        ("mined", "more"): None,
        ("pairs", "direct"): pytest.approx(0.8),
        ("pairs", "more"): pytest.approx(0.9),
    }
    assert best_recipes(found) == {"pairs": "more"}
    assert best_recipes(found, by="official") == {"mined": "more", "pairs": "direct"}
