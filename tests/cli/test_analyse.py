"""Prediction files of anyone's at the front door: analysed, or answered with what is wrong."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.predictions import Predictions, Provenance, write_predictions
from tests.cli.command import crosscal

LABELS = ("entailment", "neutral", "contradiction")


def predictions(recipe="direct", choices=LABELS, shift=0):
    rng = np.random.default_rng(5)
    rows = [("dev", "en", n) for n in range(120)]
    rows += [("test", code, n) for code in ("en", "sw", "ur") for n in range(120)]
    gold = np.array([n % 3 for _, _, n in rows])
    scores = rng.normal(size=(len(rows), 3))
    scores[np.arange(len(rows)), (gold + shift) % 3] += 2.0
    return Predictions.from_arrays(
        Provenance(
            study="mine",
            recipe=recipe,
            seed=1,
            task="xnli",
            family="classification",
            encoder="mine",
            choices=choices,
        ),
        unit_ids=[f"{n:05d}" for _, _, n in rows],
        cluster_ids=[f"premise-{n // 3}" for _, _, n in rows],
        languages=[language for _, language, _ in rows],
        splits=[split for split, _, _ in rows],
        scores=scores,
        gold=gold,
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "direct.parquet"
    write_predictions(predictions(), path)
    return path


def replace(path, name, change):
    """Change one column behind the back of the writer, which would refuse."""
    table = pq.read_table(path)
    values = change(table[name].to_pylist())
    column = pa.array(values, type=table.schema.field(name).type)
    pq.write_table(table.set_column(table.column_names.index(name), name, column), path)


def test_report_and_json(file, tmp_path):
    done = crosscal("analyse", file, "--output", tmp_path / "a", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["results"]["languages"] == ["en", "sw", "ur"]
    assert (tmp_path / "a" / "report.html").exists()


def test_probabilities_give_the_same_numbers(file, tmp_path):
    def softmax(rows):
        powers = [np.exp(np.asarray(row, dtype=np.float64)) for row in rows]
        return [(power / power.sum()).tolist() for power in powers]

    first = json.loads(crosscal("analyse", file, "--output", tmp_path / "a", "--json").stdout)
    replace(file, "scores", softmax)
    done = crosscal("analyse", file, "--probabilities", "--output", tmp_path / "b", "--json")
    second = json.loads(done.stdout)
    values = [
        [e["value"] for e in found["results"]["estimates"] if e["metric"] == "nll"]
        for found in (first, second)
    ]
    np.testing.assert_allclose(*values, atol=1e-6)


def first_row(value):
    return lambda rows: [value, *rows[1:]]


BAD = {
    "NaN": ("scores", first_row([0.0, float("nan"), 1.0]), ["row 0", "nan"]),
    "infinite": ("scores", first_row([0.0, float("inf"), 1.0]), ["row 0", "inf"]),
    "duplicate id": ("unit_id", lambda ids: [ids[1], *ids[1:]], ["row 1", "twice"]),
    "unsorted ids": ("unit_id", lambda ids: [ids[2], ids[1], ids[0], *ids[3:]], ["sorted"]),
    "gold": ("gold", first_row(3), ["row 0", "gold is 3 with 3 choices"]),
    "empty cluster": ("cluster_id", first_row(""), ["row 0", "empty"]),
    "not parallel": (
        "unit_id",
        lambda ids: [*ids[:-1], "99999"],
        ["ur and en differ"],
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_tables(file, tmp_path, kind):
    column, change, words = BAD[kind]
    replace(file, column, change)
    done = crosscal("analyse", file, "--output", tmp_path / "a")
    assert done.returncode == 3, done.stderr
    assert all(word in done.stderr for word in [*words, str(file)]), done.stderr
    assert "Traceback" not in done.stderr


def test_probabilities_that_do_not_sum_to_one(file, tmp_path):
    replace(
        file, "scores", lambda rows: [[0.2, 0.3, 0.5]] * 7 + [[0.2, 0.3, 0.6]] * (len(rows) - 7)
    )
    done = crosscal("analyse", file, "--probabilities", "--output", tmp_path / "a")
    assert (done.returncode, "row 7" in done.stderr) == (3, True), done.stderr
    assert "sum to 1.1" in done.stderr
    replace(file, "scores", lambda rows: [[-0.2, 0.7, 0.5]] * len(rows))
    done = crosscal("analyse", file, "--probabilities", "--output", tmp_path / "a")
    assert (done.returncode, "outside 0 to 1" in done.stderr) == (3, True), done.stderr


def test_probabilities_are_not_taken_for_logits(file, tmp_path):
    replace(file, "scores", lambda rows: [[0.2, 0.3, 0.5]] * len(rows))
    done = crosscal("analyse", file, "--output", tmp_path / "a")
    assert (done.returncode, "--probabilities" in done.stderr) == (3, True), done.stderr


def test_permuted_labels(tmp_path):
    permuted, other = tmp_path / "permuted.parquet", tmp_path / "other.parquet"
    write_predictions(predictions(shift=1), permuted)
    done = crosscal("analyse", permuted, "--output", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert "the labels seem permuted" in done.stdout
    assert "contradiction, entailment, neutral" in done.stdout
    # The test data say so too, and so do the JSON and the report.
    assert "is far below chance" in done.stdout
    assert "is far below chance" in (tmp_path / "a" / "report.html").read_text()
    done = crosscal("analyse", permuted, "--output", tmp_path / "a", "--json")
    assert "the labels seem permuted" in json.loads(done.stdout)["warnings"][0]
    write_predictions(predictions("mrpc", choices=LABELS[::-1]), other)
    done = crosscal("analyse", permuted, other, "--output", tmp_path / "a")
    assert (done.returncode, "choices" in done.stderr) == (3, True), done.stderr


def test_truncated_and_altered_files(file, tmp_path):
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    done = crosscal("analyse", file, "--output", tmp_path / "a")
    assert (done.returncode, "truncated or altered" in done.stderr) == (3, True), done.stderr
    done = crosscal("analyse", tmp_path / "none.parquet", "--output", tmp_path / "a")
    assert (done.returncode, "no such file" in done.stderr) == (3, True), done.stderr


def test_without_torch(file, tmp_path):
    """Analysis works where torch is not installed; training says what to install."""
    code = (
        "import sys, importlib.abc\n"
        "class Refuse(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'transformers', 'accelerate'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import importlib.util\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'torch' else found(name, *a)\n"
        "from crosscal.cli.app import main\n"
        "main()\n"
    )

    def run(*arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run("analyse", file, "--output", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    done = run("quickstart", "--output", tmp_path / "b")
    assert done.returncode == 5, done.stderr
    assert "pip install 'crosscal[train]'" in done.stderr
