"""The verb xtreme-score."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from crosscal.cli.app import app
from crosscal.exceptions import DataError

RUNNER = CliRunner()


def run(*arguments):
    return RUNNER.invoke(app, ["xtreme-score", *map(str, arguments)])


def test_json_has_the_stated_shape(submission):
    done = run(*submission, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    scores = found.pop("average")
    assert len(found) == 9
    for task in found.values():
        metrics = {metric for m in task["languages"].values() for metric in m}
        assert metrics <= {"accuracy", "f1", "precision", "recall", "exact_match"}
        assert {key for key in task if key.startswith("avg_")} == {f"avg_{m}" for m in metrics}
    assert scores == pytest.approx(sum(task["figure"] for task in found.values()) / 9)
    assert "note: " in done.stderr


def test_golden_files(golden_xtreme):
    done = run(golden_xtreme / "predictions", golden_xtreme / "labels", "--json")
    found = json.loads(done.stdout)
    assert found["udpos"]["avg_f1"] == pytest.approx(70.21746048354693, abs=1e-9)
    assert found["mlqa"]["languages"]["ar"].keys() == {"exact_match", "f1"}
    assert done.stderr == ""


def test_table(submission):
    done = run(*submission)
    assert done.exit_code == 0, done.stderr
    for words in ("xnli", "tydiqa", "retrieval (bucc2018, tatoeba)", "all nine tasks", "gap"):
        assert words in done.stdout
    assert "…" not in done.stdout


def test_errors(submission):
    predictions, labels = submission
    path = predictions / "xnli" / "test-zh.tsv"
    path.write_text("neutral\nentails\n")
    done = run(*submission, "--json")
    assert isinstance(done.exception, DataError)
    command = [sys.executable, "-m", "crosscal.cli", "xtreme-score", predictions, labels]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{path}:2: unknown label 'entails'" in done.stderr
    assert "Traceback" not in done.stderr
