"""Jobs of Slurm, here by programs in its place, and of submitit's local executor."""

import os
import signal
import subprocess
import time

import pytest

from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError, StageFailed
from crosscal.study.config.execution import Cluster, Execution
from crosscal.study.execution.executors import elsewhere
from crosscal.study.execution.executors.cluster import ClusterExecutor, open_jobs
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from tests.study.execution import fake_slurm
from tests.study.execution.toy import TEXTS, Listener, debugged, toy_plan

submitit = pytest.importorskip("submitit")


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Folder of a Slurm of this test's own, whose jobs wait while there is a file `hold`."""
    folder = tmp_path / "slurm"
    monkeypatch.setenv("PATH", fake_slurm.install(folder) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("SLURM_JOB_ID", "99")  # as if the command itself were in a job
    monkeypatch.setattr(submitit.core.core.Job, "_results_timeout_s", 0)
    yield folder
    for group in folder.glob("*.group"):
        try:
            os.killpg(int(group.read_text()), signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
def opened(tmp_path):
    """Make an executor for the test's store."""

    def make(**settings):
        jobs = open_jobs(tmp_path / "store" / "jobs", Cluster(**settings), Execution(threads=2))
        return ClusterExecutor(Store(tmp_path / "store"), jobs, 4)

    return make


def calls(folder, command):
    lines = (folder / "calls").read_text().splitlines()
    return [line.split()[1:] for line in lines if line.split()[0] == command]


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_stages_that_are_ready_together_are_one_array(slurm, opened, tmp_path):
    stages = {stage.word: stage for stage in toy_plan(tmp_path)}
    plan = [stages[word] for word in "abd"]
    (tmp_path / "d.die").touch()
    executor = opened(
        partition="gpu",
        minutes=90,
        memory_gb=1.5,
        gpus=1,
        array_parallelism=1,
        setup=["true hello"],
        sbatch={"constraint": "a|b", "exclusive": True, "hold": False},
    )
    with pytest.raises(StageFailed, match="ended without a result") as caught, executor:
        run_plan(plan, executor._store, executor, Listener())
    first, second = ((slurm / f"{number}.script").read_text() for number in (1, 2))
    assert "--array=0-1%1" in first
    assert "--array" not in second
    for line in ("partition=gpu", "time=90", "mem=1536MB", "gpus-per-node=1", "cpus-per-task=2"):
        assert f"#SBATCH --{line}\n" in first
    for line in ("requeue", "exclusive", "constraint='a|b'"):
        assert f"#SBATCH --{line}\n" in first
    assert "--hold" not in first
    assert "\ntrue hello\n" in first
    # What Slurm knows of a job, and what the job wrote.
    assert caught.value.where == "d"
    assert "job 2 ended without a result (FAILED, exit code 0:9)" in str(caught.value)
    assert f"{tmp_path}/store/jobs/2_0_log.err" in str(caught.value)
    store = Store(tmp_path / "store")
    assert {word: store.has(*stages[word].node) for word in "abd"} == {"a": 1, "b": 1, "d": 0}
    assert not list((tmp_path / "store" / "jobs").glob("*.job"))


def test_jobs_outlive_a_killed_command_and_are_found_again(slurm, opened, tmp_path):
    """And one that is preempted is queued again, and goes on."""
    stage = toy_plan(tmp_path)[0]
    (slurm / "hold").touch()
    (tmp_path / "a.preempt").touch()
    killed = opened().__enter__()
    killed.submit(stage)
    until(lambda: list((tmp_path / "store" / "jobs").glob("*.job")))
    killed._over.set()  # as by kill -9: nothing is cancelled
    with opened() as executor:
        future = executor.submit(stage)
        (slurm / "hold").unlink()
        assert future.result(120) is True
    assert len(calls(slurm, "sbatch")) == 1
    assert calls(slurm, "scontrol") == [["requeue", "1"]]
    assert (tmp_path / "log").read_text().split("\n")[:2] == ["a", "a resumed"]
    assert (executor._store.open(*stage.node) / "text").read_text() == TEXTS["a"]


def test_interrupted_it_cancels_what_it_began(slurm, opened, tmp_path):
    (slurm / "hold").touch()
    with pytest.raises(KeyboardInterrupt), opened() as executor:
        for stage in toy_plan(tmp_path)[:2]:
            executor.submit(stage)
        until(lambda: len(list((tmp_path / "store" / "jobs").glob("*.job"))) == 2)
        raise KeyboardInterrupt
    assert calls(slurm, "scancel") == [["1_0", "1_1"]]
    assert not list((tmp_path / "store" / "jobs").glob("*.job"))


def test_a_job_that_vanishes_is_told(slurm, opened, tmp_path):
    (slurm / "hold").touch()
    stage = toy_plan(tmp_path)[0]
    with opened() as executor:
        future = executor.submit(stage)
        until(lambda: list((tmp_path / "store" / "jobs").glob("*.job")))
        subprocess.run(["scancel", "1"], check=True)
        with pytest.raises(StageFailed, match="CANCELLED by 7, exit code 0:15") as caught:
            future.result(60)
    assert caught.value.where == "a"
    assert "It left no log" in str(caught.value)


def test_what_slurm_refuses_is_told(slurm, opened, tmp_path):
    with opened(partition="none") as executor:
        future = executor.submit(toy_plan(tmp_path)[0])
        with pytest.raises(StageFailed, match="not taken: sbatch: error: invalid partition"):
            future.result(60)


def test_an_error_comes_whole_and_with_its_log(tmp_path):
    (tmp_path / "a.fail").touch()
    with debugged(Store(tmp_path / "store")) as executor:
        future = executor.submit(toy_plan(tmp_path)[0])
        with pytest.raises(StageFailed, match="as the test wants.*Log of job DEBUG") as caught:
            future.result(60)
    assert (caught.value.what, caught.value.where) == ("as the test wants", "a")


def test_a_store_that_jobs_do_not_share_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "_PATIENCE_SECONDS", 0.0)
    with debugged(Store(tmp_path / "store")) as executor:
        monkeypatch.setattr(Store, "has", lambda *_: False)
        with pytest.raises(StageFailed, match="what it made is not seen here"):
            executor.submit(toy_plan(tmp_path)[0]).result(60)


def test_without_slurm_or_submitit_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="the command 'sbatch' is not found"):
        open_jobs(tmp_path / "jobs", Cluster(), Execution())
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"crosscal\[slurm\]"):
        open_jobs(tmp_path / "jobs", Cluster(scheduler="local"), Execution())


def test_a_folder_that_others_may_write_is_refused(tmp_path):
    folder = tmp_path / "jobs"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ArtifactError, match="others may write"):
        open_jobs(folder, Cluster(scheduler="local"), Execution())
