"""GPUs as resources: which are visible, who gets one, and that nobody shares unasked."""

import json
from collections import Counter

import pytest
import torch

from crosscal.exceptions import SettingsError, StageFailed
from crosscal.study.config.execution import Execution
from crosscal.study.config.settings import Study
from crosscal.study.execution import gpus as module
from crosscal.study.execution.executors import (
    ProcessExecutor,
    device_words,
    n_workers,
    open_executor,
)
from crosscal.study.execution.gpus import GPU_VARIABLE, gpus_of_each_worker, visible_gpus
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from tests.study.execution.toy import GRAPH, Listener, OccupyingStage, toy_plan

UUIDS = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,GPU-f6"


@pytest.fixture
def machine(monkeypatch):
    """Simulate a machine by what torch counts and what the environment says."""

    def make(count, variable=None):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        if variable is None:
            monkeypatch.delenv(GPU_VARIABLE, raising=False)
        else:
            monkeypatch.setenv(GPU_VARIABLE, variable)

    return make


@pytest.mark.parametrize(
    ("count", "variable", "names"),
    [
        (0, None, ()),
        (3, None, ("0", "1", "2")),
        (2, "5, 3", ("5", "3")),
        (2, UUIDS, tuple(UUIDS.split(","))),
        (0, "", ()),
        (0, "-1", ()),
        # What follows a GPU that is not there is not seen by CUDA either.
        (1, "1,9,0", ("1",)),
        # Of MIG instances a process sees one; each of several workers sees its own.
        (1, "MIG-6f1c,MIG-a29b", ("MIG-6f1c", "MIG-a29b")),
        (0, "MIG-6f1c", ()),
    ],
)
def test_gpus_are_those_that_the_environment_leaves(machine, count, variable, names):
    machine(count, variable)
    assert visible_gpus() == names


def study(**execution):
    """A study that says nothing but where it runs."""
    return Study.model_construct(execution=Execution(**execution))


def test_those_that_share_a_stage_are_given_together(machine):
    machine(5, "2,0,7,4,1")
    assert gpus_of_each_worker(Execution(devices_per_stage=2)) == ("2,0", "7,4")
    shared = Execution(devices_per_stage=2, stages_per_gpu=2)
    assert gpus_of_each_worker(shared) == ("2,0", "7,4", "2,0", "7,4")
    assert n_workers(study(devices_per_stage=2)) == 2
    assert "2 GPUs a stage" in device_words(study(devices_per_stage=2))
    with pytest.raises(SettingsError, match="6 GPUs are to share a stage, 5 can be used"):
        gpus_of_each_worker(Execution(devices_per_stage=6))
    assert gpus_of_each_worker(Execution(devices_per_stage=6, gpus=0)) == ()


def test_a_worker_for_each_gpu_unless_the_study_says_otherwise(machine):
    machine(3, "2,0,7")
    assert gpus_of_each_worker(Execution()) == ("2", "0", "7")
    assert gpus_of_each_worker(Execution(gpus=2)) == ("2", "0")
    # All are taken before any is shared.
    assert gpus_of_each_worker(Execution(gpus=2, stages_per_gpu=2)) == ("2", "0", "2", "0")
    assert gpus_of_each_worker(Execution(gpus=0)) == ()
    assert n_workers(study()) == 3
    assert n_workers(study(stages_per_gpu=2)) == 6
    assert n_workers(study(workers=2)) == 2
    assert n_workers(study(workers=50)) == 3
    assert n_workers(study(workers=5, gpus=0)) == 5
    assert n_workers(study(workers=5, executor="in-process")) == 1
    with pytest.raises(SettingsError, match="4 GPUs are asked for, 3 are visible"):
        gpus_of_each_worker(Execution(gpus=4))
    machine(0)
    assert n_workers(study(workers=5)) == 5


def test_what_is_used_is_said(machine):
    machine(2)
    assert device_words(study()) == "CUDA_VISIBLE_DEVICES 0, 1: one GPU a stage"
    shared = study(stages_per_gpu=2, workers=3)
    assert device_words(shared).endswith("0, 1: one GPU a stage, 2 stages on each")
    assert device_words(study(gpus=0)) == "no GPU is used"
    machine(0)
    assert device_words(study()) == "no GPU is visible"


def workers(folder):
    """What each stage of the plan noted of the process that ran it."""
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.worker")}


def occupying_plan(folder):
    return [
        OccupyingStage(title=word, word=word, trouble=folder)
        for word in (*GRAPH, "i", "j", "k", "l")
    ]


@pytest.mark.parametrize("per_gpu", [1, 2])
def test_no_gpu_has_more_stages_than_asked_for(machine, tmp_path, per_gpu):
    machine(2, "GPU-f6,MIG-a29b")
    store = Store(tmp_path / "store")
    settings = study(stages_per_gpu=per_gpu)
    with open_executor(settings, store) as executor:
        assert executor.workers == 2 * per_gpu
        run_plan(occupying_plan(tmp_path), store, executor, Listener())
    crowds = Counter((tmp_path / "crowds").read_text().split("\n")[:-1])
    assert {line.split()[0] for line in crowds} == {"GPU-f6", "MIG-a29b"}
    assert max(int(line.split()[1]) for line in crowds) <= per_gpu
    assert {path.read_text() for path in tmp_path.glob("*.early")} == {"False"}
    of_process = {(each["pid"], each["gpu"]) for each in workers(tmp_path).values()}
    assert len(of_process) == len({pid for pid, _ in of_process})  # each keeps its own
    assert all(count <= per_gpu for count in Counter(gpu for _, gpu in of_process).values())


@pytest.mark.parametrize("end", ["fail", "die"])
def test_after_a_failure_all_gpus_are_free_again(machine, tmp_path, end):
    machine(2, "4,6")
    store = Store(tmp_path / "store")
    (tmp_path / f"d.{end}").touch()
    with pytest.raises(StageFailed), open_executor(study(), store) as executor:
        run_plan(toy_plan(tmp_path), store, executor, Listener())
    (tmp_path / "d.fail").unlink(missing_ok=True)
    for note in tmp_path.glob("*.worker"):
        note.unlink()
    for word in "de":
        (tmp_path / f"{word}.hold").touch()
    rest = [*toy_plan(tmp_path), OccupyingStage(title="z", word="z", trouble=tmp_path)]
    with open_executor(study(), store) as executor:
        futures = [executor.submit(stage) for stage in rest if stage.word in "dz"]
        futures[1].result(60)
        (tmp_path / "d.hold").unlink()
        futures[0].result(60)
    assert {each["gpu"] for each in workers(tmp_path).values()} == {"4", "6"}


def test_without_gpus_workers_see_what_the_command_sees(machine, tmp_path):
    store = Store(tmp_path / "store")
    machine(0, "")
    with open_executor(study(workers=1), store) as executor:
        executor.submit(toy_plan(tmp_path)[0]).result(60)
    machine(2)
    with open_executor(study(workers=1, gpus=0), store) as executor:
        executor.submit(toy_plan(tmp_path)[1]).result(60)
    with ProcessExecutor(store, 1) as executor:
        executor.submit(toy_plan(tmp_path)[-1]).result(60)
    seen = {word: each["gpu"] for word, each in workers(tmp_path).items()}
    assert seen == {"a": "", "b": "", "h": None}


def test_without_torch_there_are_none(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    assert visible_gpus() == ()
