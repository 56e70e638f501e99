"""Intervals of the matrix, of gains over direct, and of averages: from tables to files."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from crosscal.analysis import AnalysisSettings, analyse
from crosscal.calibration import Measurement
from crosscal.cli.matrix import print_matrix, write_scores
from crosscal.predictions import Predictions, Provenance
from crosscal.study.config.settings import Study
from crosscal.study.results.averages import xtreme_averages
from crosscal.study.results.scores import Cell, score_cells, score_runs

SOURCE = {"format": "mini-nli"}
LANGUAGES = ("ar", "de", "en")
LABELS = ("entailment", "neutral", "contradiction")


def study(targets=("pairs",), replicates=400):
    data = {"task": "xnli", "train": SOURCE, "dev": SOURCE, "test": SOURCE}
    return Study(
        name="x",
        targets=dict.fromkeys(targets, data),
        recipes={name: {"intermediate": []} if name == "direct" else {"intermediate": ["p"]}
                 for name in ("direct", "a-recipe-of-a-rather-long-name")},
        analysis={"replicates": replicates},
    )  # fmt: skip


def run(recipe, seed, strength, *, noise=None):
    """Sixty items in clusters of three, the same in all languages; weaker in other languages."""
    gold = np.random.default_rng(0).integers(0, 3, 60)
    rng = np.random.default_rng([1, seed] if noise is None else [1, seed, noise])
    parts = [("dev", "en"), *(("test", code) for code in LANGUAGES)]
    scores = [
        rng.normal(size=(60, 3)) + (strength - (code != "en")) * np.eye(3)[gold]
        for _, code in parts
    ]
    return Predictions.from_arrays(
        Provenance(
            study="x", recipe=recipe, seed=seed, task="xnli", family="classification",
            encoder="e", choices=LABELS,
        ),
        unit_ids=[f"{split}-{i:03d}" for split, _ in parts for i in range(60)],
        cluster_ids=[f"{split}-{i // 3:03d}" for split, _ in parts for i in range(60)],
        languages=[code for _, code in parts for _ in range(60)],
        splits=[split for split, _ in parts for _ in range(60)],
        scores=np.concatenate(scores),
        gold=np.tile(gold, len(parts)),
    )  # fmt: skip


MORE = "a-recipe-of-a-rather-long-name"


def analysed(runs, replicates=400):
    settings = AnalysisSettings(replicates=replicates, groups={"all": LANGUAGES}, bootstrap_seed=0)
    return analyse(runs, settings=settings)


def cells_of(runs, of=None):
    of = study() if of is None else of
    rows = score_runs(of, "pairs", runs)
    return rows, score_cells(of, rows, {"pairs": analysed(runs)})


TWO_SEEDS = [
    run(recipe, seed, strength, noise=noise)
    for noise, (recipe, strength) in enumerate((("direct", 2.0), (MORE, 3.0)))
    for seed in (1, 2)
]


def test_scores_have_the_intervals_of_the_analysis():
    """One engine: what both say of an accuracy is the same, several seeds included."""
    _, cells = cells_of(TWO_SEEDS)
    results = analysed(TWO_SEEDS)
    assert not results.collapsed
    for cell in cells:
        level = results.get("level", cell.recipe, "en", metric="accuracy")
        english = cell.estimates["english"]
        assert (english.low, english.high) == pytest.approx((level.low, level.high), abs=1e-12)
        assert english.seed_variance == level.seed_variance
        drop = results.get("degradation", cell.recipe, "all", metric="accuracy", is_group=True)
        gap = cell.estimates["transfer_gap"]
        assert gap.value == pytest.approx(-drop.value, abs=1e-12)
        # What trainings add is drawn with one sign to both.
        assert (gap.low, gap.high) == pytest.approx((-drop.high, -drop.low), abs=0.02)


def test_every_figure_lies_in_its_interval():
    for runs in (TWO_SEEDS, TWO_SEEDS[::2]):
        rows, cells = cells_of(runs)
        for row in rows:
            for name in ("official", "sound"):
                low, high = getattr(row, f"{name}_interval")
                assert 0 <= low <= getattr(row, name) <= high <= 1
                assert (low, high) == pytest.approx(row.metric_intervals[name]["accuracy"])
        for cell in cells:
            for name in ("official", "sound", "english", "transfer_gap", "development"):
                estimate = cell.estimates[name]
                assert estimate.value == getattr(cell, name)
                assert estimate.low <= estimate.value <= estimate.high
                assert estimate.low < estimate.high
            assert cell.gains.keys() == (
                set() if cell.recipe == "direct" else {"official", "sound"}
            )
        direct, more = cells
        gain = more.gains["official"]
        assert gain.value == more.official - direct.official
        assert gain.low < gain.value < gain.high


def test_gains_are_paired():
    """Equal seeds and items cancel: a gain is known better than what it is a difference of."""
    same = [run("direct", 1, 2.0), run(MORE, 1, 2.2)]
    _, (direct, more) = cells_of(same)
    gain = more.gains["official"]
    parts = [cell.estimates["official"] for cell in (direct, more)]
    apart = np.hypot(*(part.high - part.low for part in parts))
    assert gain.high - gain.low < 0.75 * apart


@pytest.mark.parametrize("seeds", [(1,), (1, 2), (1, 2, 3)])
def test_a_recipe_equal_to_direct_gains_nothing(seeds):
    runs = [run(recipe, seed, 2.0) for recipe in ("direct", MORE) for seed in seeds]
    _, (_, more) = cells_of(runs)
    for gain in more.gains.values():
        assert gain.value == 0.0
        assert gain.low < 0.0 < gain.high
        assert gain.p_value > 0.5


def test_one_seed_speaks_of_these_very_models():
    for runs, rule, about in (
        (TWO_SEEDS[::2], "one seed", "these very models"),
        (TWO_SEEDS, "paired by seed", "trainings like these"),
    ):
        _, (_, more) = cells_of(runs)
        gain = more.to_dict()["gains"]["official"]
        assert (gain["seed_variance"], gain["holds_for"]) == (rule, about)


def test_files_and_tables(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    rows, cells = cells_of(TWO_SEEDS)
    write_scores(study(), rows, cells, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert len(scores) == 4 * 4
    assert scores[0]["score"].keys() == {"official", "sound", "oracle", "n"}
    assert scores[0]["official_interval"] == list(rows[0].official_interval)
    matrix = json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8"))
    assert matrix["level"] == 0.95
    assert matrix["collapse_rates"][MORE] == {"collapsed": 0, "runs": 2}
    gain = matrix["cells"][1]["gains"]["official"]
    assert gain["value"] == pytest.approx(cells[1].official - cells[0].official)
    with (tmp_path / "matrix.csv").open(encoding="utf-8", newline="") as stream:
        direct, more = csv.DictReader(stream)
    assert direct["official_gain"] == ""
    assert float(more["official_gain_low"]) == gain["low"]
    assert float(direct["english_high"]) == cells[0].estimates["english"].high
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [float(lines[0][end]) for end in ("low", "high")] == list(rows[0].official_interval)

    many = study(tuple(f"target-{i}" for i in range(6)))
    spread = [replace(cell, target=target) for target in many.targets for cell in cells]
    print_matrix(many, spread)
    told = capsys.readouterr().out
    assert told.count(MORE) == 2
    assert f"{100 * gain['value']:+.1f} (" in told
    assert "0 of 12" in told
    assert "of these very models" not in told
    assert "…" not in told
    _, once = cells_of(TWO_SEEDS[::2])
    print_matrix(study(), once)
    assert "of these very models" in " ".join(capsys.readouterr().out.split())


def measured(value, spread, rng, replicates=400):
    draws = value + spread * rng.normal(size=replicates)
    return Measurement(value=value, draws_low=draws, draws_high=draws, span=(0.0, 1.0))


NINE = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")


def test_averages_know_that_targets_are_independent():
    data = {"train": SOURCE, "dev": SOURCE, "test": SOURCE}
    of = Study(
        name="x",
        targets={task: {"task": task, **data} for task in NINE},
        recipes={"direct": {}, MORE: {"intermediate": ["p"]}},
        analysis={"replicates": 2000},
    )
    cells = []
    for task in NINE:
        # One stream in all targets, as with equal numbers of clusters.
        rng = np.random.default_rng(0)
        for recipe, value in (("direct", 0.5), (MORE, 0.55)):
            official = measured(value, 0.03, rng, 2000)
            cells.append(
                Cell(
                    target=task, recipe=recipe, official=value, sound=value, english=None,
                    transfer_gap=None, development=None, ece=0.0, collapsed=0, languages=1,
                    units=1, seeds=1, by_seed={1: official},
                )
            )  # fmt: skip
    averages = xtreme_averages(of, cells)
    for group, size in (("qa", 3), ("all nine tasks", 9)):
        level = averages["intervals"]["recipes"]["direct"][group]
        assert level["value"] == pytest.approx(0.5)
        assert level["high"] - level["low"] == pytest.approx(2 * 1.96 * 0.03 / size**0.5, rel=0.1)
        gain = averages["gains"]["recipes"][MORE][group]
        assert gain["value"] == pytest.approx(0.05)
        width = 2 * 1.96 * 0.03 * (2 / size) ** 0.5
        assert gain["high"] - gain["low"] == pytest.approx(width, rel=0.1)
        assert averages["gains"]["best"]["test"][group] == pytest.approx(gain)
        # Nothing is chosen without development data: direct gains nothing over itself.
        none = averages["gains"]["best"]["english_development"][group]
        assert (none["value"], none["low"], none["high"]) == (0.0, 0.0, 0.0)
    assert "direct" not in averages["gains"]["recipes"]
