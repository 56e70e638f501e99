"""The layer sweep of a retrieval target, from the command line to the report."""

from __future__ import annotations

import csv
import json
import random

import numpy as np
import pytest
from typer.testing import CliRunner

from crosscal.cli.app import app
from crosscal.data import read_examples
from crosscal.exceptions import SettingsError
from crosscal.predictions import read_predictions

WORDS = {
    "tur": "kedi küçük kırmızı bir ev görür nehir yanında ve uyur".split(),
    "ara": "القطة ترى بيتا صغيرا أحمر قرب النهر وتنام".split(),
    "eng": "the cat sees a small red house near the river".split(),
}
STUDY = """\
name = "bitexts"
seeds = [1, 2]

[encoder]
name = "{encoder}"
layers = 3

[targets.translations]
task = "tatoeba"
test = {{ format = "tatoeba-laser", path = "bitext", split = "test" }}
languages = ["tr", "ar"]
search = {{ neighbours = 3 }}

[targets.pairs]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 10 }}
dev = {{ format = "mini-nli", clusters = 10 }}
test = {{ format = "mini-nli", clusters = 10 }}
languages = ["en", "tr"]

[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase", clusters = 20 }}
dev = {{ format = "mini-paraphrase", clusters = 10 }}

[recipes.direct]

[recipes.paraphrase]
intermediate = ["paraphrase"]

[training]
epochs = 1
batch_tokens = 128
max_length = 48
evaluations = 1
learning_rate = 1e-2

[analysis]
replicates = 100

[execution]
executor = "in-process"
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny_encoder):
    """A study with nine sentences a side, and a function that runs a verb on it."""
    folder = tmp_path_factory.mktemp("bitexts")
    (folder / "bitext").mkdir()
    rng = random.Random(4)
    for iso in ("tur", "ara"):
        for side in (iso, "eng"):
            lines = "".join(" ".join(rng.sample(WORDS[side], 6)) + "\n" for _ in range(9))
            (folder / "bitext" / f"tatoeba.{iso}-eng.{side}").write_text(lines, encoding="utf-8")
    file = folder / "bitexts.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")

    def run(verb, *options):
        arguments = [verb, str(file), "--output", str(folder / "results"), *options]
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    return folder, run


def embeddings(folder):
    found = (folder / "results" / "store").glob("embed-*")
    return sorted(path for path in found if path.is_dir())


def test_sweep_equals_retrieval_with_each_layer(study):
    folder, run = study
    done = run("layers", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["target"], found["recipe"], found["seed"]) == ("translations", "direct", 1)
    assert [row["layer"] for row in found["means"]] == [0, 1, 2, 3]
    assert len(found["rows"]) == 2 * 4 * 2
    (stored,) = embeddings(folder)
    vectors = np.load(stored / "test.npy")
    examples = read_examples(
        "tatoeba-laser", folder / "bitext", split="test", languages=("tr", "ar")
    ).examples
    assert vectors.shape[:2] == (4, len(examples))
    for row in found["rows"]:
        sides = [
            [
                i
                for i, e in enumerate(examples)
                if (e.language, e.english) == (row["language"], side)
            ]
            for side in (False, True)
        ]
        asked, candidates = sides if row["direction"] == "to-english" else sides[::-1]
        unit = vectors[row["layer"]] / np.linalg.norm(vectors[row["layer"]], axis=1, keepdims=True)
        nearest = (unit[asked] @ unit[candidates].T).argmax(axis=1)
        right = [
            examples[candidates[near]].unit_id in examples[query].partners
            for query, near in zip(asked, nearest, strict=True)
        ]
        assert row["accuracy"] == pytest.approx(np.mean(right))
        assert row["n"] == 9
    best = [row for row in found["means"] if row["best"]]
    assert best
    assert best[0]["mean"] == max(row["mean"] for row in found["means"])


def test_files_and_table(study):
    folder, run = study
    run("layers")
    before = embeddings(folder)
    moments = [path.stat().st_mtime_ns for path in before]
    done = run("layers")
    assert done.exit_code == 0
    assert [path.stat().st_mtime_ns for path in embeddings(folder)] == moments
    target = folder / "results" / "bitexts" / "translations"
    assert "to English" in done.stdout
    assert "no layer is chosen" in done.stdout
    assert "<svg" in (target / "figures" / "retrieval-by-layer.svg").read_text()
    with (target / "data" / "retrieval-by-layer.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    swept = json.loads((target / "layers.json").read_text())
    assert [float(row["accuracy"]) for row in rows] == [row["accuracy"] for row in swept["rows"]]


def test_recipes_are_swept_as_they_left_the_encoder(study):
    folder, run = study
    direct = json.loads(run("layers", "--json").stdout)
    trained = json.loads(run("layers", "--json", "--recipe", "paraphrase", "--seed", "2").stdout)
    assert (trained["recipe"], trained["seed"]) == ("paraphrase", 2)
    first, second = (np.load(path / "test.npy") for path in embeddings(folder))
    assert first.shape == second.shape
    assert not np.array_equal(first, second)
    assert len(direct["rows"]) == len(trained["rows"])


def test_report_shows_the_sweep(study):
    folder, run = study
    only = ("--set", "targets.translations.search.layer=2")
    assert run("run", "--json").exit_code == 0
    page = folder / "results" / "bitexts" / "translations" / "report.html"
    other = folder / "results" / "bitexts" / "pairs" / "report.html"
    swept = json.loads(run("layers", "--json").stdout)
    assert run("report", "--json").exit_code == 0
    assert "Which layer of the encoder" in page.read_text()
    assert "Which layer of the encoder" not in other.read_text()
    # The sweep speaks of the same vectors as the study: its last layer is the study's.
    table = read_predictions(page.parent / "predictions" / "direct-seed1.parquet")
    for language in ("tr", "ar"):
        part = table.select(language=language, split="test")
        (row,) = (
            row
            for row in swept["rows"]
            if (row["language"], row["layer"], row["direction"]) == (language, 3, "from-english")
        )
        assert row["accuracy"] == pytest.approx((part.gold == 0).mean())
    # Which layer the study searches with does not matter to the sweep.
    again = json.loads(run("layers", "--json", *only).stdout)
    assert again["rows"] == swept["rows"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--recipe", "chain"], "no run of recipe 'chain'"),
        (["--seed", "7"], "with seed 7"),
        (["--target", "pairs"], "no layer sweep of the target 'pairs'"),
        (["--target", "bucc"], "no layer sweep of the target 'bucc'"),
    ],
)
def test_runs_that_are_not_there(study, options, words):
    _, run = study
    with pytest.raises(SettingsError, match=words) as caught:
        run("layers", *options)
    assert caught.value.remedy


def test_a_sweep_of_other_sentences_is_left_out_of_the_report(study):
    folder, run = study
    assert run("run").exit_code == 0
    assert run("layers").exit_code == 0
    page = folder / "results" / "bitexts" / "translations" / "report.html"
    told = run("report")
    assert "left out" not in told.stderr
    assert "retrieval-by-layer" in page.read_text(encoding="utf-8")
    file = folder / "bitext" / "tatoeba.tur-eng.eng"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:] + lines[:1]), encoding="utf-8")
    told = run("run")
    assert told.exit_code == 0
    assert "a layer sweep of other data or settings" in told.stderr
    assert "retrieval-by-layer" not in page.read_text(encoding="utf-8")
    assert run("layers").exit_code == 0
    assert "left out" not in run("report").stderr
