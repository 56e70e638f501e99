"""The contract of executors and the scheduler's side of it, on every executor and a hostile one."""

import subprocess
import sys
import threading

import pytest

from crosscal.exceptions import StageFailed
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from tests.study.execution.toy import EXECUTORS, GRAPH, TEXTS, Listener, toy_plan
from tests.windows import treat_files_as_windows


@pytest.fixture(params=[*EXECUTORS, "inline on Windows"])
def name(request, monkeypatch):
    name, _, system = request.param.partition(" on ")
    if name == "slurm":
        pytest.importorskip("submitit")
    if name == "ray":
        request.getfixturevalue("ray_cluster")
    if system:
        treat_files_as_windows(monkeypatch)
    return name


@pytest.fixture
def run(name, tmp_path):
    """Run the plan on an executor; returns what its listener heard."""

    def go(stages=None, listener=None):
        listener = listener or Listener()
        store = Store(tmp_path / "store")
        with EXECUTORS[name](store) as executor:
            run_plan(stages or toy_plan(tmp_path), store, executor, listener)
        return listener

    return go


def texts(folder):
    """Words whose artifacts are whole, with their content."""
    store = Store(folder / "store")
    return {
        stage.word: (store.open(*stage.node) / "text").read_text()
        for stage in toy_plan(folder)
        if store.has(*stage.node)
    }


def log(folder):
    return (folder / "log").read_text().splitlines()


def test_every_stage_runs_once_after_its_inputs(run, tmp_path):
    heard = run()
    assert sorted(heard.begun) == sorted(heard.ended) == sorted(GRAPH)
    assert texts(tmp_path) == TEXTS
    ran = log(tmp_path)
    assert sorted(ran) == sorted(GRAPH)
    for word, sources in GRAPH.items():
        assert all(ran.index(source) < ran.index(word) for source in sources)
    assert not list((tmp_path / "store").glob("*.partial"))
    assert not list((tmp_path / "store").glob("*.progress"))


def test_nothing_is_computed_again(run, tmp_path):
    run()
    heard = run()
    assert heard.begun == heard.ended == []
    assert sorted(log(tmp_path)) == sorted(GRAPH)


def test_a_failing_stage_loses_nothing_that_is_done(run, tmp_path):
    (tmp_path / "d.fail").touch()
    listener = Listener()
    with pytest.raises(StageFailed, match="as the test wants") as caught:
        run(listener=listener)
    assert caught.value.where == "d"
    done = texts(tmp_path)
    assert {"a", "b"} <= done.keys()  # its inputs
    assert not {"d", "e", "g"} & done.keys()  # what it is needed for
    assert set(listener.ended) <= done.keys()
    (tmp_path / "d.fail").unlink()
    heard = run()
    assert sorted(heard.begun) == sorted(GRAPH.keys() - done.keys())
    assert texts(tmp_path) == TEXTS
    # The failed one goes on from what it left; no other stage that was done ran again.
    assert "d resumed" in log(tmp_path)
    assert all(log(tmp_path).count(word) == 1 for word in done)


def test_no_stage_begins_after_a_failure(run, tmp_path):
    for word in "ab":
        (tmp_path / f"{word}.fail").touch()
    with pytest.raises(StageFailed):
        run()
    assert not {"c", "d", "e", "f", "g"} & set(log(tmp_path))


@pytest.mark.parametrize("word", ["d", "g"])
def test_a_killed_process_loses_nothing_that_is_done(name, run, tmp_path, word):
    """The stage kills the process that runs it: a worker, or all that there is."""
    (tmp_path / f"{word}.die").touch()
    command = [sys.executable, "-m", "tests.study.execution.toy", name, str(tmp_path)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode != 0
    if name == "processes":
        assert "a worker process died" in killed.stderr
    if name == "ray":
        assert f"{word}: its task ended without a result (its worker process died" in killed.stderr
    done = texts(tmp_path)
    assert word not in done
    heard = run()
    assert sorted(heard.begun) == sorted(GRAPH.keys() - done.keys())
    assert texts(tmp_path) == TEXTS
    assert f"{word} resumed" in log(tmp_path)


def test_an_interrupted_run_goes_on_where_it_stopped(run, tmp_path):
    class Impatient(Listener):
        def finished(self, stage):
            super().finished(stage)
            if len(self.ended) == 3:
                raise KeyboardInterrupt

    listener = Impatient()
    with pytest.raises(KeyboardInterrupt):
        run(listener=listener)
    assert len(listener.ended) == 3
    done = texts(tmp_path)
    assert set(listener.ended) <= done.keys()
    heard = run()
    assert sorted(heard.begun) == sorted(GRAPH.keys() - done.keys())
    assert texts(tmp_path) == TEXTS


def test_the_order_of_the_plan_has_no_influence(run, tmp_path):
    stages = toy_plan(tmp_path)
    heard = run(stages[::-1])
    assert sorted(heard.ended) == sorted(GRAPH)
    assert texts(tmp_path) == TEXTS


def test_two_runs_at_once_share_the_work(name, tmp_path):
    store = Store(tmp_path / "store")
    errors = []

    def go():
        try:
            with EXECUTORS[name](store) as executor:
                run_plan(toy_plan(tmp_path), store, executor, Listener())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(log(tmp_path)) == sorted(GRAPH)


def test_the_listener_hears_of_time_and_one_thing_at_a_time(run):
    class Strict(Listener):
        def __init__(self):
            super().__init__()
            self.ticks, self._hearing = 0, threading.Lock()

        def hear(self, what, *args):
            assert self._hearing.acquire(blocking=False)
            what(*args)
            self._hearing.release()

        def started(self, stage):
            self.hear(super().started, stage)

        def finished(self, stage):
            threading.Event().wait(0.2)  # a slow terminal
            self.hear(super().finished, stage)

        def tick(self):
            self.ticks += 1
            self.hear(lambda: None)

    listener = Strict()
    run(listener=listener)
    assert listener.ticks > 0
    assert len(listener.ended) == len(GRAPH)


def test_no_more_stages_at_once_than_workers(run, name):
    class Counting(Listener):
        most = 0

        def started(self, stage):
            super().started(stage)
            self.most = max(self.most, len(self.begun) - len(self.ended))

    heard = run(listener=Counting())
    limit = {"inline": 1, "processes": 2, "shuffling": 5, "slurm": 3, "ray": 2}[name]
    assert 1 <= heard.most <= limit
