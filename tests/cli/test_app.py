"""The front door: what each kind of bad input is answered with."""

import json
import shutil
from pathlib import Path

import pytest

from crosscal.data.mini import mini_folder
from tests.cli.command import crosscal


@pytest.fixture
def own_data(tmp_path, tiny_encoder):
    """A study on files of its own, to be damaged: folder and a function that runs a verb on it."""
    folder = tmp_path / "data"
    shutil.copytree(mini_folder(), folder)
    source = '{ format = "mini-nli", path = "data" }'
    file = tmp_path / "own.toml"
    file.write_text(
        f'name = "own"\nseeds = [1]\n[encoder]\nname = "{tiny_encoder("bert")}"\n[target]\n'
        f'task = "mini-nli"\ntrain = {source}\ndev = {source}\ntest = {source}\n'
        'languages = ["en", "tr", "zh"]\n[recipes.direct]\n[training]\nmax_length = 60\n',
        encoding="utf-8",
    )

    def run(verb="plan", *options, first=None):
        arguments = [file] if first is None else [file, first]
        return crosscal(verb, *arguments, "--output", tmp_path / "results", *options)

    return folder, run


def edit(path, change):
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


def drop_column(lines):
    return [*lines[:4], lines[4].rsplit("\t", 1)[0], *lines[5:]]


def relabel(label):
    def change(lines):
        return [*lines[:4], lines[4].rsplit("\t", 1)[0] + "\t" + label, *lines[5:]]

    return change


def empty_text(lines):
    return [*lines[:4], "\t" + lines[4].split("\t", 1)[1], *lines[5:]]


DAMAGES = {
    "malformed line": ("nli-train.tsv", drop_column, ["nli-train.tsv:5", "column"]),
    "extra column": ("nli-train.tsv", relabel("neutral\tx"), ["nli-train.tsv:5", "column"]),
    "unknown label": ("nli-dev.tsv", relabel("entails"), ["nli-dev.tsv:5", "'entailment'"]),
    "empty text": ("nli-test.tr.tsv", empty_text, ["nli-test.tr.tsv:5", "empty"]),
    "parallel length": ("nli-test.tr.tsv", lambda lines: lines[:-3], ["nli-test.tr.tsv", "237"]),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_lines(own_data, kind):
    folder, run = own_data
    name, change, words = DAMAGES[kind]
    edit(folder / name, change)
    done = run()
    assert done.returncode == 3, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr


def test_missing_language_empty_file_wrong_encoding(own_data):
    folder, run = own_data
    file = folder / "nli-test.zh.tsv"
    file.write_bytes("今天\t下雨\tneutral\n".encode("gb18030"))
    done = run()
    assert (done.returncode, "nli-test.zh.tsv:1" in done.stderr) == (3, True), done.stderr
    assert "UTF-8" in done.stderr
    file.write_bytes(b"")
    done = run()
    assert (done.returncode, "empty" in done.stderr) == (3, True), done.stderr
    file.unlink()
    done = run()
    assert (done.returncode, "nli-test.zh.tsv" in done.stderr) == (3, True), done.stderr


def test_settings(own_data, tmp_path):
    _, run = own_data
    done = run("plan", "--set", "trainig.epochs=1")
    assert (done.returncode, "Did you mean 'training'" in done.stderr) == (2, True)
    done = run("plan", "--set", "training.max_length=256")
    assert (done.returncode, "at most 66" in done.stderr) == (2, True), done.stderr
    done = run("plan", "--set", "encoder.layers=9")
    assert (done.returncode, "1 to 4" in done.stderr) == (2, True), done.stderr
    done = run("plan", "--set", "encoder.name=no/such-model")
    assert (done.returncode, "encoder.name" in done.stderr) == (2, True), done.stderr
    done = run("plan", "--set", "target.task=xnly")
    assert (done.returncode, "'xnli'" in done.stderr) == (2, True), done.stderr
    assert crosscal("plan", tmp_path / "none.toml").returncode == 2


def test_truncated_encoder(own_data, tmp_path, tiny_encoder):
    _, run = own_data
    broken = tmp_path / "encoder"
    shutil.copytree(tiny_encoder("bert"), broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    done = run("run", "--set", f"encoder.name={broken}")
    assert done.returncode == 4, done.stderr
    assert "truncated" in done.stderr
    weights.unlink()
    done = run("run", "--set", f"encoder.name={broken}")
    assert (done.returncode, "safetensors" in done.stderr) == (4, True), done.stderr


def test_output_that_cannot_be_written(own_data, tmp_path):
    _, run = own_data
    (tmp_path / "results").write_text("a file where a folder should be")
    done = run("run")
    assert (done.returncode, "--output" in done.stderr) == (4, True), done.stderr


def test_a_study_from_plan_to_report(own_data, tmp_path):
    _, run = own_data
    small = [
        *("--set", "target.train.clusters=30", "--set", "target.dev.clusters=10"),
        *("--set", "target.test.clusters=10", "--set", "training.epochs=1"),
        *("--set", "execution.executor=in-process", "--set", "analysis.replicates=100"),
    ]
    before = json.loads(run("plan", "--json", *small).stdout)
    assert before["total"]["to_run"] == before["total"]["stages"] == 6
    done = run("run", "--json", *small)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    page = Path(found["report"])
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert found["results"]["languages"] == ["en", "tr", "zh"]
    state = json.loads(run("status", "--json", *small).stdout)
    assert {stage["state"] for stage in state["stages"]} == {"done"}
    assert json.loads(run("plan", "--json", *small).stdout)["total"]["to_run"] == 0
    page.unlink()
    assert run("report", *small).returncode == 0
    assert page.exists()
    exported = tmp_path / "exported"
    done = run("export", "--seed", "7", *small, first=exported)
    assert (done.returncode, "direct 1" in done.stderr) == (2, True), done.stderr
    assert run("export", *small, first=exported).returncode == 0
    same_scores(exported, tmp_path / "results" / "own" / "predictions" / "direct-seed1.parquet")
    # A stored artifact that somebody altered is noticed, and computed anew once it is removed.
    (stored,) = (tmp_path / "results" / "store").glob("collect-*/predictions.parquet")
    whole = stored.read_bytes()
    stored.write_bytes(whole[:-9] + b"X" + whole[-8:])
    done = run("run", *small)
    assert (done.returncode, "checksum" in done.stderr) == (4, True), done.stderr
    assert str(stored.parent) in done.stderr
    shutil.rmtree(stored.parent)
    assert run("run", *small).returncode == 0
    assert next(stored.parent.parent.glob("collect-*/predictions.parquet")).read_bytes() == whole


def same_scores(folder, table):
    """The exported model predicts new texts as the study predicted them."""
    import numpy as np
    from scipy.special import softmax

    from crosscal.data import read_examples
    from crosscal.predictions import read_predictions

    part = read_predictions(table).select(language="tr", split="test")
    labels = json.loads((folder / "crosscal.json").read_text())["labels"]
    examples = read_examples("mini-nli", split="test", languages=["tr"], labels=labels).examples
    chosen = [next(e for e in examples if e.unit_id == unit) for unit in part.unit_ids]
    rows = [{"premise": each.text_a, "hypothesis": each.text_b} for each in chosen]
    file = folder.parent / "new.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = folder.parent / "predictions.jsonl"
    done = crosscal("predict", folder, file, "--out", out, "--no-temperature", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == len(rows)
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    probabilities = [[row[f"prob_{label}"] for label in labels] for row in found]
    np.testing.assert_allclose(probabilities, softmax(part.scores, axis=1), atol=1e-5)
    done = crosscal("predict", folder, file, "--out", file)
    assert (done.returncode, "--out" in done.stderr) == (2, True), done.stderr


def test_data_check(own_data):
    folder, run = own_data
    done = run("data")
    assert done.returncode == 2  # the verb has verbs of its own
    file = next(folder.parent.glob("*.toml"))
    done = crosscal("data", "check", file, "--json")
    assert done.returncode == 0, done.stderr
    counts = {part["language"]: part["rows"] for part in json.loads(done.stdout)["parts"]}
    assert counts["tr"] == counts["zh"] == 240
    edit(folder / "nli-test.tr.tsv", lambda lines: [relabel_all(line) for line in lines])
    done = crosscal("data", "check", file)
    assert done.returncode == 3, done.stdout
    assert "placeholder" in done.stdout


def relabel_all(line):
    return line.rsplit("\t", 1)[0] + "\tneutral"


@pytest.mark.parametrize("verb", [["tasks"], ["encoders"], ["doctor"], ["data", "formats"]])
def test_lists(verb):
    done = crosscal(*verb, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_init(tmp_path):
    file = tmp_path / "mine.toml"
    assert crosscal("init", file).returncode == 0
    assert "[training]" in file.read_text(encoding="utf-8")
    assert crosscal("init", file).returncode == 2
