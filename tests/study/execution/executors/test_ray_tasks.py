"""Tasks of Ray: what dies is run again or told, what is interrupted leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from crosscal.exceptions import MissingExtra, SettingsError, StageFailed
from crosscal.study.config.execution import Execution, RayCluster
from crosscal.study.execution.executors import RayExecutor, elsewhere
from crosscal.study.execution.store import Store
from tests.study.execution.toy import TEXTS, WordStage, toy_plan


@pytest.fixture
def opened(tmp_path, ray_cluster):
    """Make an executor for the test's store."""

    def make(threads=1, **settings):
        execution = Execution(threads=threads)
        return RayExecutor(Store(tmp_path / "store"), RayCluster(**settings), execution, 2)

    return make


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def worker_of(folder, word):
    """Process that runs a stage, once it does."""
    note = folder / f"{word}.worker"
    until(lambda: note.exists() and note.read_text())
    return json.loads(note.read_text())["pid"]


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_stage_whose_worker_died_goes_on_in_another(opened, tmp_path):
    (tmp_path / "a.die").touch()
    with opened(retries=1) as executor:
        assert executor.submit(toy_plan(tmp_path)[0]).result(60) is True
    assert (tmp_path / "log").read_text().split("\n")[:2] == ["a", "a resumed"]


def test_a_stage_whose_machine_is_lost_goes_on_elsewhere(opened, tmp_path, ray_cluster):
    """The two machines that have the memory: the second one comes when the first is lost."""
    machine = {"num_cpus": 1, "memory": 400_000_000_000, "object_store_memory": 80_000_000}
    lost = ray_cluster.add_node(**machine)
    (tmp_path / "a.hold").touch()
    with opened(retries=2, memory_gb=300) as executor:
        future = executor.submit(toy_plan(tmp_path)[0])
        pid = worker_of(tmp_path, "a")
        ray_cluster.remove_node(lost, allow_graceful=False)
        until(lambda: not alive(pid))
        (tmp_path / "a.hold").unlink()
        other = ray_cluster.add_node(**machine)
        assert future.result(60) is True
    ray_cluster.remove_node(other)
    assert (tmp_path / "log").read_text().split("\n")[:2] == ["a", "a resumed"]
    assert (executor._store.open(*toy_plan(tmp_path)[0].node) / "text").read_text() == TEXTS["a"]


def test_interrupted_it_ends_what_runs_and_what_waits(opened, tmp_path):
    for word in "abh":
        (tmp_path / f"{word}.hold").touch()
    stages = {stage.word: stage for stage in toy_plan(tmp_path)}
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), opened(threads=1) as executor:
        for word in "abh":
            executor.submit(stages[word])
        pids = [worker_of(tmp_path, word) for word in "ab"]
        started = time.monotonic()
        raise KeyboardInterrupt
    assert time.monotonic() - started < 10
    until(lambda: not any(map(alive, pids)), 10)
    assert not (tmp_path / "h.worker").exists()
    for word in "abh":
        (tmp_path / f"{word}.hold").unlink()
    with opened() as executor:
        assert all(executor.submit(stages[word]).result(60) for word in "abh")


def test_errors_come_as_they_were_raised(opened, tmp_path):
    (tmp_path / "a.fail").touch()
    (tmp_path / "b.bug").touch()
    with opened() as executor:
        first, second = (executor.submit(stage) for stage in toy_plan(tmp_path)[:2])
        with pytest.raises(StageFailed, match="as the test wants") as caught:
            first.result(60)
        with pytest.raises(ZeroDivisionError, match="not of crosscal's making"):
            second.result(60)
    assert (caught.value.what, caught.value.where) == ("as the test wants", "a")
    assert caught.value.remedy is None


def test_a_store_that_machines_do_not_share_is_told(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "_PATIENCE_SECONDS", 0.0)
    with opened() as executor:
        monkeypatch.setattr(Store, "has", lambda *_: False)
        with pytest.raises(StageFailed, match="what it made is not seen here"):
            executor.submit(toy_plan(tmp_path)[0]).result(60)


@dataclass(frozen=True, kw_only=True)
class OnGpuStage(WordStage):
    """A stage that runs the encoder, as far as executors see."""

    on_gpu = True


def test_a_process_has_one_gpu_and_stages_without_need_have_none(
    tmp_path, ray_cluster, monkeypatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")  # of the machine that is added
    machine = {"num_cpus": 4, "num_gpus": 2, "object_store_memory": 80_000_000}
    added = ray_cluster.add_node(**machine)
    execution = Execution(stages_per_gpu=2)
    stages = [OnGpuStage(title=word, word=word, trouble=tmp_path) for word in "ijklmn"]
    with RayExecutor(Store(tmp_path / "store"), RayCluster(), execution, 4) as executor:
        futures = [executor.submit(stage) for stage in [*stages, toy_plan(tmp_path)[0]]]
        assert all(future.result(60) for future in futures)
    ray_cluster.remove_node(added)
    notes = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.worker")}
    assert notes.pop("a")["gpu"] == ""
    assert {note["gpu"] for note in notes.values()} <= {"4", "6"}
    assert len({note["pid"] for note in notes.values()}) == len(stages)


def test_what_no_machine_has_is_refused(opened):
    with pytest.raises(SettingsError, match="what a stage asks for: 64 processors"):
        opened(threads=64).__enter__()
    with pytest.raises(SettingsError, match="1 processors, 1e.06 GB"):
        opened(memory_gb=1e6).__enter__()


def test_an_address_where_nothing_answers_is_refused(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    executor = RayExecutor(Store(tmp_path), RayCluster(address="127.0.0.1:1"), Execution(), 1)
    with pytest.raises(SettingsError, match="no Ray answers at 127.0.0.1:1"):
        executor.__enter__()


def test_without_the_package_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'crosscal\[ray\]'"):
        RayExecutor(Store(tmp_path), RayCluster(), Execution(), 1)


def test_a_ray_of_its_own_ends_with_the_command(tmp_path):
    pytest.importorskip("ray")
    for word in "abh":
        (tmp_path / f"{word}.hold").touch()
    command = [sys.executable, "-m", "tests.study.execution.toy", "ray", str(tmp_path)]
    own = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with subprocess.Popen(
        command,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            workers = {worker_of(tmp_path, word) for word in "ab"}
            assert workers < session(process.pid)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=10)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # or it would be waited for
            raise
    assert not session(process.pid)
    assert said.strip().endswith(b"KeyboardInterrupt")
    assert process.returncode != 0
    assert b"aylet" not in said  # what Ray has to say of itself


def session(leader):
    """Processes that a process began, and those that they did."""
    said = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True)
    return {pid for pid in map(int, said.stdout.split()) if alive(pid)}
