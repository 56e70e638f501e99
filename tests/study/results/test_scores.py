"""Scores of a study's runs: which data choose thresholds and recipes."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from crosscal.cli.matrix import print_matrix, write_scores
from crosscal.predictions import Predictions, Provenance
from crosscal.study.config.settings import Study
from crosscal.study.results.averages import xtreme_averages
from crosscal.study.results.scores import Cell, best_recipes, score_cells, score_runs

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
    found = score_cells(STUDY, rows, dict.fromkeys(runs, NOBODY_COLLAPSED))
    development = {(cell.target, cell.recipe): cell.development for cell in found}
    assert development == {
        ("mined", "direct"): None,
        ("mined", "more"): None,
        ("pairs", "direct"): pytest.approx(0.8),
        ("pairs", "more"): pytest.approx(0.9),
    }
    assert best_recipes(found) == {"pairs": "more"}
    assert best_recipes(found, by="official") == {"mined": "more", "pairs": "direct"}


def cell(target, recipe, official, development):
    return Cell(
        target=target,
        recipe=recipe,
        official=official,
        sound=0.0,
        english=None,
        transfer_gap=None,
        development=development,
        ece=0.0,
        collapsed=0,
        languages=1,
        units=1,
        seeds=1,
    )


GROUPS = {
    "classification": ("xnli", "pawsx"),
    "tagging": ("udpos", "panx"),
    "qa": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}
NINE = [task for tasks in GROUPS.values() for task in tasks]


def nine(*left_out):
    """A study of XTREME's tasks under names of its own, and of one of them once more."""
    data = {"train": SOURCE, "dev": SOURCE, "test": SOURCE}
    named = {f"my-{task}": {"task": task, **data} for task in NINE if task not in left_out}
    study = Study(
        name="x",
        targets={**named, "again": {"task": "xnli", **data}, "mini": {"task": "mini-nli", **data}},
        recipes={"direct": {}, "more": {"intermediate": ["p"]}},
    )
    found = []
    for place, target in enumerate(study.targets):
        chosen = not target.endswith(("bucc2018", "tatoeba"))
        # More is better in testing where the place is even, on development data where it is
        # below three.
        for recipe, official, development in (
            ("direct", place / 10, 0.5),
            ("more", place / 10 + (0.01 if place % 2 == 0 else -0.01), 0.5 + (2.5 - place) / 10),
        ):
            found.append(cell(target, recipe, official, development if chosen else None))
    return study, found


def test_averages_over_the_nine_tasks():
    study, found = nine()
    value = {(c.target.removeprefix("my-"), c.recipe): c.official for c in found}

    def expected(recipe_of):
        figures = {task: value[task, recipe_of(task)] for task in NINE}
        means = {g: np.mean([figures[t] for t in tasks]) for g, tasks in GROUPS.items()}
        return pytest.approx({**means, "all nine tasks": np.mean(list(figures.values()))})

    averages = xtreme_averages(study, found)
    assert averages["recipes"] == {r: expected(lambda task, r=r: r) for r in ("direct", "more")}
    assert averages["best"] == {
        "english_development": expected(
            lambda task: "more" if task in ("xnli", "pawsx", "udpos") else "direct"
        ),
        "test": expected(lambda task: "more" if NINE.index(task) % 2 == 0 else "direct"),
    }


def test_averages_over_whole_groups_only():
    averages = xtreme_averages(*nine("panx", "mlqa"))
    assert averages["recipes"]["direct"].keys() == {"classification", "retrieval"}
    assert averages["best"]["test"].keys() == {"classification", "retrieval"}
    lone, found = nine(*NINE[1:])
    assert xtreme_averages(lone, found)["recipes"] == {"direct": {}, "more": {}}


def test_table_of_averages_and_both_choices(capsys, tmp_path):
    study, found = nine()
    print_matrix(study, found)
    told = capsys.readouterr().out
    assert "each target's *" in told
    averages = xtreme_averages(study, found)["best"]
    for kind in averages.values():
        assert f"{100 * kind['all nine tasks']:.1f}" in told
    rows = score_runs(STUDY, "mined", [mined(("a", 1.5, "a"), ("b", 1.5, "b"))])
    write_scores(study, rows, found, tmp_path)
    written = json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8"))
    assert written["averages"] == xtreme_averages(study, found)
    assert written["best"]["english_development"]["my-xnli"] == "more"
    assert "my-tatoeba" not in written["best"]["english_development"]
