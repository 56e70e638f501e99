"""Stages that several processes share: started here or by torchrun, ended with each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing import active_children

import pytest

pytest.importorskip("torch")

from crosscal.exceptions import StageFailed
from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store


@dataclass(frozen=True, kw_only=True)
class SharedStage(Stage):
    """Leaves the sum of what its processes have; one of them may come to a bad end."""

    kind = "shared"
    version = 1

    trouble: str = ""

    def run(self, folder, inputs, progress):
        import torch

        from crosscal.training.parallel.ranks import current_ranks

        ranks = current_ranks()
        progress(ranks.rank, 2)
        numbers = torch.tensor([float(ranks.rank), 1.0])
        ranks.add_up([numbers])
        if not ranks.leads:
            if self.trouble == "bug":
                raise KeyError("what nobody foresaw")
            if self.trouble == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        elif self.trouble == "lead":
            raise StageFailed("the loss became nan")
        ranks.add_up([numbers])
        if ranks.leads:
            (folder / "sum").write_text(str(numbers.tolist()))
        return {"processes": ranks.size}


@pytest.fixture
def run(tmp_path):
    """Run a stage on so many devices; returns its store and it."""

    def go(devices, trouble=""):
        stage = SharedStage(title="shared", devices=devices, trouble=trouble)
        store = Store(tmp_path / "store")
        run_stage(stage, store)
        return store, stage

    return go


@pytest.mark.parametrize(("devices", "expected"), [(1, [0.0, 1.0]), (2, [2.0, 4.0])])
def test_as_many_processes_as_it_asks_for(run, devices, expected):
    store, stage = run(devices)
    assert (store.open(*stage.node) / "sum").read_text() == str(expected)
    assert store.details(*stage.node)["processes"] == devices
    assert not active_children()


@pytest.mark.parametrize(
    ("trouble", "kind", "told"),
    [
        ("bug", StageFailed, "shared, process 1 of 2: KeyError: 'what nobody foresaw'"),
        ("kill", StageFailed, "shared: one of the 2 processes that share the stage ended by sig"),
        ("lead", StageFailed, "the loss became nan"),
    ],
)
def test_one_that_comes_to_a_bad_end_ends_all(run, trouble, kind, told):
    began = time.monotonic()
    with pytest.raises(kind, match=told.replace("(", "\\(")) as caught:
        run(2, trouble)
    assert type(caught.value) is kind
    assert time.monotonic() - began < 60  # most of it is their start, on a busy machine
    assert not active_children()


STUDY = """
name = "two"
seeds = [1]
[encoder]
name = "{encoder}"
layers = 1
[target]
task = "mini-nli"
train = {{ format = "mini-nli", clusters = 8 }}
dev = {{ format = "mini-nli", clusters = 5 }}
test = {{ format = "mini-nli", clusters = 5 }}
languages = ["en", "th"]
[recipes.direct]
[training]
epochs = 1
evaluations = 1
max_length = 48
[analysis]
replicates = 100
"""


def test_torchrun_runs_a_study(tiny_encoder, tmp_path):
    study = tmp_path / "two.toml"
    study.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")))
    command = ["torch.distributed.run", "--nproc-per-node", "2", "-m", "crosscal", "run"]
    done = subprocess.run(
        [sys.executable, "-m", *command, str(study), "--output", str(tmp_path / "results")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    # One of them speaks, writes and ends the others.
    assert done.stderr.count("2 processes share each training stage") == 1
    assert done.stderr.count("train mini-nli, seed 1") == 1
    assert done.stdout.count("Report: ") == 1
    (manifest,) = tmp_path.glob("results/store/train-*/manifest.json")
    assert json.loads(manifest.read_text())["details"]["processes"] == 2
