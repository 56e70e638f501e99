"""A study of single texts in languages of which nothing is known, from the plan to the report."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from crosscal.cli.app import app
from crosscal.predictions import read_predictions

# Nouns, adverbs, good and bad adjectives, in equal numbers: row i of each translates the others.
WORDS = {
    "sv": (
        "filmen boken maten resan dagen",
        "var,var mycket,var ganska",
        "bra fin härlig underbar",
        "dålig ful hemsk tråkig",
    ),
    "is": (
        "myndin bókin súpan ferðin vikan",
        "var,var mjög,var frekar",
        "góð falleg frábær yndisleg",
        "slæm ljót hræðileg leiðinleg",
    ),
    "sn": (
        "firimu bhuku chikafu rwendo zuva",
        "kwaiva,kwaiva chaizvo,kwaiva zvishoma",
        "kunaka kufadza kuyevedza kunakidza",
        "kuipa kushata kutyisa kufinha",
    ),
}

STUDY = """\
name = "feelings"
seeds = [1]

[[task]]
name = "feelings"
labels = ["bad", "good"]
texts = 1

[encoder]
name = "{encoder}"

[target]
task = "feelings"
languages = ["sv", "is", "sn"]
baseline = "sv"
train_languages = ["sv"]
dev_languages = ["sv"]
train = {{ format = "tsv-texts", path = "train.{{language}}.tsv" }}
dev = {{ format = "tsv-texts", path = "dev.{{language}}.tsv" }}

[target.test]
format = "columns"
path = "test.csv"
columns = {{ text = "{{language}}", label = "feeling" }}

[recipes.direct]

[training]
epochs = 12
learning_rate = 1e-3
batch_tokens = 256
max_length = 32

[analysis]
replicates = 200

[execution]
executor = "in-process"
"""


def sentences(language):
    """Return sentences with their labels, in an order that all languages share."""
    nouns, adverbs, good, bad = WORDS[language]
    adjectives = [*((a, "good") for a in good.split()), *((a, "bad") for a in bad.split())]
    return [
        (f"{noun} {adverb} {adjective}", label)
        for noun in nouns.split()
        for adverb in adverbs.split(",")
        for adjective, label in adjectives
    ]


@pytest.fixture
def study(tmp_path, tiny_encoder):
    rows = sentences("sv")
    splits = {"train": [r for i, r in enumerate(rows) if i % 3], "dev": rows[::6]}
    for split, part in splits.items():
        lines = "".join(f"{text}\t{label}\n" for text, label in part)
        (tmp_path / f"{split}.sv.tsv").write_text(lines, encoding="utf-8")
    wide = [
        ";".join([label, *(sentences(code)[i][0] for code in WORDS)])
        for i, (_, label) in enumerate(rows)
        if i % 6 == 3
    ]
    table = "\n".join(["feeling;sv;is;sn", *wide]) + "\n"
    (tmp_path / "test.csv").write_text(table, encoding="utf-8")
    file = tmp_path / "feelings.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    return file


def test_from_the_plan_to_the_report(study, tmp_path):
    def crosscal(*words):
        done = CliRunner().invoke(app, [*map(str, words), "--output", str(tmp_path / "out")])
        assert done.exit_code == 0, done.output
        return done.stdout

    planned = json.loads(crosscal("plan", study, "--json"))
    assert planned["notes"] == ["target.test: test.csv has a semicolon between its columns"]
    assert {row["kind"] for row in planned["stages"]} == {"prepare", "train", "predict", "collect"}
    printed = crosscal("run", study)
    for name in ("Swedish", "Icelandic", "Shona", "Others"):
        assert name in printed
    folder = tmp_path / "out" / "feelings"
    table = read_predictions(folder / "predictions" / "direct-seed1.parquet")
    assert table.provenance.choices == ("bad", "good")
    assert (table.languages("dev"), table.languages("test")) == (("sv",), ("is", "sn", "sv"))
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["baseline_language"] == "sv"
    assert results["groups"] == {"others": ["is", "sn"]}
    assert results["temperatures"]
    assert not results["collapsed"]
    accuracy = {
        e["language"]: e["value"]
        for e in results["estimates"]
        if (e["quantity"], e["metric"]) == ("level", "accuracy")
    }
    assert accuracy["sv"] > 0.8
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("Icelandic", "Shona", "semicolon between its columns"):
        assert words in page
    (folder / "report.html").unlink()
    crosscal("report", study)
    assert "Shona" in (folder / "report.html").read_text(encoding="utf-8")
