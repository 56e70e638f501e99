"""Executors are interchangeable, and a study that was killed ends with the same bytes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosscal.exceptions import ArtifactError, StageFailed
from crosscal.predictions import read_predictions
from crosscal.study.config.load import read_study
from crosscal.study.execution.executors import InlineExecutor, ProcessExecutor, open_executor
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.stages import PredictStage
from crosscal.study.execution.store import Store
from crosscal.study.planning import make_plan
from crosscal.study.running import run_study


class Silent:
    """A listener that only counts."""

    def __init__(self):
        self.begun, self.ended = [], []

    def started(self, stage):
        self.begun.append(stage.title)

    def finished(self, stage):
        self.ended.append(stage.title)

    def tick(self):
        pass


def opened(file, *overrides):
    study = read_study(file, overrides)
    return make_plan(study, Path(study.encoder.name))


def predictions(folder):
    return {p.name: p.read_bytes() for p in sorted((folder / "predictions").glob("*.parquet"))}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_encoder):
    """The study run once in this process: its file and its predictions."""
    from tests.study.conftest import STUDY

    folder = tmp_path_factory.mktemp("undisturbed")
    file = folder / "tiny.toml"
    file.write_text(STUDY.format(encoder=tiny_encoder("xlm-roberta")), encoding="utf-8")
    outcome = run_study(opened(file), folder / "results", Silent())
    return file, outcome.folder


def test_every_run_has_its_table(undisturbed):
    _, folder = undisturbed
    assert list(predictions(folder)) == [
        f"{recipe}-seed{seed}.parquet" for recipe in ("direct", "paraphrase") for seed in (1, 2)
    ]
    assert json.loads((folder / "study.json").read_text())["name"] == "tiny"


def test_what_is_sent_to_others_names_no_folder_of_this_machine(undisturbed):
    _, folder = undisturbed
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"study.json", "bill.json", "direct-seed1.parquet"} <= {path.name for path in files}
    encoder = json.loads((folder / "study.json").read_text())["encoder"]["name"]
    provenance = read_predictions(folder / "predictions" / "direct-seed1.parquet").provenance
    assert provenance.encoder.split() == [encoder, provenance.encoder.split()[1]]
    for path in files:
        content = path.read_bytes()
        assert str(folder.parents[2]).encode() not in content, path
        assert str(Path.home()).encode() + b"/" not in content, path


def test_nothing_runs_twice(undisturbed):
    file, folder = undisturbed
    events = Silent()
    outcome = run_study(opened(file), folder.parent, events)
    assert events.begun == []
    assert outcome.ran == 0


def test_worker_processes_give_the_same_bytes(undisturbed, tmp_path):
    file, folder = undisturbed
    events = Silent()
    made = opened(file, "execution.executor=processes", "execution.workers=2")
    outcome = run_study(made, tmp_path / "results", events)
    assert sorted(events.begun) == sorted(events.ended) == sorted(s.title for s in made.stages)
    assert predictions(outcome.folder) == predictions(folder)


def test_a_failing_stage_keeps_what_was_done(undisturbed, tmp_path, monkeypatch):
    file, folder = undisturbed

    def fail(stage, folder, inputs, progress):
        raise StageFailed("as the test wants", where=stage.title)

    made, store = opened(file), Store(tmp_path / "results" / "store")
    with monkeypatch.context() as patched:
        patched.setattr(PredictStage, "run", fail)
        with pytest.raises(StageFailed, match="as the test wants"):
            run_plan(made.stages, store, InlineExecutor(store), Silent())
    done = [stage for stage in made.stages if store.has(*stage.node)]
    assert {stage.kind for stage in done} == {"prepare", "train"}
    events = Silent()
    outcome = run_study(made, tmp_path / "results", events)
    assert len(events.begun) == len(made.stages) - len(done)
    assert predictions(outcome.folder) == predictions(folder)


def test_an_altered_artifact_is_never_served(undisturbed, tmp_path):
    file, _ = undisturbed
    made, store = opened(file), Store(tmp_path / "store")
    run_plan(made.stages[:3], store, InlineExecutor(store), Silent())
    trained = next(stage for stage in made.stages if stage.kind == "train")
    weights = store.folder(*trained.node) / "encoder.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ArtifactError, match="altered"):
        run_plan(made.stages, store, InlineExecutor(store), Silent())
    weights.write_bytes(content[:-10])
    with pytest.raises(ArtifactError, match="truncated"):
        run_plan(made.stages, store, InlineExecutor(store), Silent())


def test_artifacts_that_changed_places_are_never_served(undisturbed, tmp_path):
    file, _ = undisturbed
    made, store = opened(file), Store(tmp_path / "store")
    run_plan(made.stages, store, InlineExecutor(store), Silent())
    for kind, user in (("prepare", "train"), ("train", "predict"), ("predict", "collect")):
        stage = next(stage for stage in made.stages if stage.kind == user)
        mine = next(node for node in stage.inputs.values() if node[0] == kind)
        other = next(each.node for each in made.stages if each.kind == kind and each.node != mine)
        swap(store.folder(*mine), store.folder(*other))
        shutil.rmtree(store.folder(*stage.node))
        with pytest.raises(ArtifactError, match="holds another artifact"):
            run_plan(made.stages, store, InlineExecutor(store), Silent())
        swap(store.folder(*mine), store.folder(*other))
        run_plan(made.stages, store, InlineExecutor(store), Silent())


def swap(one, other):
    aside = one.with_name("aside")
    for source, target in ((one, aside), (other, one), (aside, other)):
        source.rename(target)


def test_a_dead_worker_is_reported(undisturbed, tmp_path):
    file, _ = undisturbed

    class Killer(Silent):
        def tick(self):
            children = subprocess.run(
                ["pgrep", "-P", str(os.getpid()), "-f", "spawn_main"],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
            for child in children[:1]:
                os.kill(int(child), signal.SIGKILL)

    made, store = opened(file), Store(tmp_path / "store")
    with (
        pytest.raises(StageFailed, match="a worker process died") as caught,
        ProcessExecutor(store, 1) as executor,
    ):
        run_plan(made.stages, store, executor, Killer())
    assert caught.value.where in [stage.title for stage in made.stages]


@pytest.mark.parametrize("executor", ["in-process", "processes"])
def test_killed_at_random_moments(undisturbed, tmp_path, executor):
    """A first sight; ``benchmarks/kill.py`` does the same more often and in longer stages."""
    file, folder = undisturbed
    command = [sys.executable, "-m", "crosscal.cli", "run", str(file), "--output", str(tmp_path)]
    command += ["--set", f"execution.executor={executor}", "--set", "execution.workers=2"]
    moments = random.Random(executor)
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            time.sleep(moments.uniform(5.0, 9.0))
            process.kill()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert predictions(tmp_path / "tiny") == predictions(folder)


def test_jobs_give_the_same_bytes(undisturbed, tmp_path, monkeypatch):
    """One of submitit's local executor is killed while it trains, and the next goes on."""
    submitit = pytest.importorskip("submitit")
    monkeypatch.setattr(submitit.core.core.Job, "_results_timeout_s", 0)
    file, folder = undisturbed
    made = opened(file, "execution.executor=slurm", "cluster.scheduler=local")
    here, there = Store(tmp_path / "store"), Store(folder.parent / "store")
    shutil.copytree(there.root, here.root)
    trained = made.runs[0].training[-1]
    predicted = next(s for s in made.stages if trained.node in s.inputs.values())
    for stage in (trained, predicted):
        shutil.rmtree(here.folder(*stage.node))

    class Killer(Silent):
        def tick(self):
            seen = here.progress(*trained.node)
            if seen is not None and seen.done > 0:
                file = here.progress_file(*trained.node)
                os.kill(json.loads(file.read_text())["pid"], signal.SIGKILL)
                file.unlink()

    with (
        pytest.raises(StageFailed, match="ended without a result") as caught,
        open_executor(made.study, here) as executor,
    ):
        run_plan([trained, predicted], here, executor, Killer())
    assert caught.value.where == trained.title
    assert str(here.root / f"jobs-{os.getuid()}") in str(caught.value)
    assert here.folder(*trained.node).with_suffix(".partial").exists()
    with open_executor(made.study, here) as executor:
        run_plan([trained, predicted], here, executor, Silent())
    for stage, name in ((trained, "encoder.safetensors"), (predicted, "*.npy")):
        files = sorted(there.open(*stage.node).glob(name))
        assert files
        for path in files:
            assert (here.open(*stage.node) / path.name).read_bytes() == path.read_bytes()


def test_several_targets_and_every_kind_of_recipe(several, tmp_path):
    """A seed of two targets: alone, after a chain, after two at once, with masked text."""
    events = Silent()
    made = opened(several, "seeds=[1]")
    outcome = run_study(made, tmp_path / "results", events)
    assert len(events.ended) == len(made.stages) < made.n_requested
    assert outcome.folder == tmp_path / "results" / "several"
    assert set(outcome.results) == {"nli", "same"}
    recipes = ("at-once", "begun", "chain", "direct", "with-text")
    for target in ("nli", "same"):
        folder = outcome.folder / target
        assert sorted(predictions(folder)) == [f"{recipe}-seed1.parquet" for recipe in recipes]
        assert (folder / "results.json").is_file()
        tables = [read_predictions(path) for path in sorted((folder / "predictions").iterdir())]
        assert {table.provenance.recipe for table in tables} == set(recipes)
        assert len({str(table.table["scores"].to_pylist()) for table in tables}) == len(recipes)
        assert len({len(table) for table in tables}) == 1
    assert not (outcome.folder / "predictions").exists()
    assert json.loads((outcome.folder / "study.json").read_text())["name"] == "several"
    # The proportions asked for are in the step log.
    store = Store(tmp_path / "results" / "store")
    for run in made.runs:
        if run.recipe not in ("at-once", "with-text"):
            continue
        log = (store.folder(*run.training[0].node) / "log.jsonl").read_text().splitlines()
        tasks = [line["task"] for line in map(json.loads, log) if "loss" in line]
        assert {"first", "second"} <= set(tasks)
        share = 0.25 if run.recipe == "with-text" else 0.0
        assert tasks.count("mlm") / len(tasks) == pytest.approx(share, abs=1 / len(tasks))
