"""Trackers hear every step once, whatever happens to the training, and cannot disturb it."""

import json

import pytest

from crosscal.exceptions import MissingExtra
from crosscal.study.config.execution import Tracking
from crosscal.study.config.load import read_study
from crosscal.study.execution.executors import InlineExecutor
from crosscal.study.execution.scheduler import run_plan
from crosscal.study.execution.store import Store
from crosscal.study.tracking import TrackedTraining, tracked
from crosscal.study.tracking import tracker as trackers
from tests.study.test_running import Silent, opened


class Heard:
    """A tracker that remembers; it fails when the test wants."""

    def __init__(self):
        self.runs, self.ends, self.failing = {}, {}, False

    def begin(self, run):
        print("as some packages do")
        heard = self.runs.setdefault(run.key, [])
        settings = run.settings

        class Log:
            def write(log, step, values):
                if self.failing:
                    raise OSError("the server is gone")
                heard.append((step, dict(values)))

            def close(log, *, finished):
                self.ends[run.key] = finished

        self.settings = settings
        return Log()


@pytest.fixture
def made(study_file):
    return opened(study_file)


def follow(made, tmp_path, heard, listener=None):
    store = Store(tmp_path / "store")
    training = TrackedTraining(
        made.study, store, tmp_path / "tracking", listener or Silent(), {"heard": heard}
    )
    return store, training


def test_every_step_is_told_once(made, tmp_path, capsys):
    heard = Heard()
    store, training = follow(made, tmp_path, heard)
    with InlineExecutor(store) as executor:
        run_plan(made.stages, store, executor, training)
    training.close()
    trained = [stage for stage in made.stages if stage.kind == "train"]
    assert set(heard.runs) == {stage.key for stage in trained}
    assert set(heard.ends.values()) == {True}
    for stage in trained:
        text = (store.open(*stage.node) / "log.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        steps = [line for line in lines if "loss" in line]
        told = heard.runs[stage.key]
        assert [step for step, _ in told] == [line["step"] for line in steps]
        assert [v["loss"] for _, v in told] == [line["loss"] for line in steps]
        scored = {step: v for step, v in told if any(n.startswith("development/") for n in v)}
        assert sorted(scored) == [line["step"] for line in lines if "development" in line]
    assert heard.settings["learning_rate"] > 0
    assert not any("/" in str(value) for value in heard.settings.values())
    assert capsys.readouterr().out == ""


def line(step, **values):
    return json.dumps({"step": step, **values}) + "\n"


def test_a_log_is_followed_as_it_grows_and_after_an_interruption(made, tmp_path, monkeypatch):
    monkeypatch.setattr("crosscal.study.tracking.following._EVERY_SECONDS", -1.0)
    heard = Heard()
    store, training = follow(made, tmp_path, heard)
    stage = next(stage for stage in made.stages if stage.kind == "train")
    partial = store.folder(*stage.node).with_name(store.folder(*stage.node).name + ".partial")
    partial.mkdir(parents=True)
    log = partial / "log.jsonl"
    training.started(stage)
    training.tick()
    log.write_text(line(1, loss=3.0) + line(2, loss=2.0) + '{"step": 3, "lo')
    training.tick()
    training.tick()
    assert [step for step, _ in heard.runs[stage.key]] == [1, 2]
    log.write_text(line(1, loss=3.0) + line(2, loss=2.0) + line(3, loss=1.5))
    training.close()
    assert heard.ends == {stage.key: False}
    # Killed: the log lost its end, and the steps are done again.
    log.write_text(line(1, loss=3.0))
    _, again = follow(made, tmp_path, heard)
    again.started(stage)
    again.tick()
    log.write_text("".join(line(step, loss=4.0 - step) for step in (1, 2, 3, 4)))
    partial.rename(store.folder(*stage.node))
    again.finished(stage)
    assert [step for step, _ in heard.runs[stage.key]] == [1, 2, 3, 4]
    assert heard.ends == {stage.key: True}


def test_a_tracker_that_fails_is_told_of_once_and_changes_nothing(made, tmp_path):
    heard, silent = Heard(), Silent()
    heard.failing = True
    store, training = follow(made, tmp_path, heard, silent)
    with (
        InlineExecutor(store) as executor,
        pytest.warns(UserWarning, match="heard fails and is left out: the server is gone") as told,
    ):
        run_plan(made.stages, store, executor, training)
    assert len([w for w in told if "left out" in str(w.message)]) == 1
    assert len(silent.ended) == len(made.stages)


def test_no_tracker_costs_nothing(made, tmp_path):
    listener = Silent()
    with tracked(made.study, Store(tmp_path), tmp_path, listener) as given:
        assert given is listener


def test_a_missing_package_is_told_before_any_work(monkeypatch, tmp_path):
    monkeypatch.setitem(trackers._TRACKERS, "wandb", ("no_such_package", "wandb_runs", "X"))
    with pytest.raises(MissingExtra, match="no_such_package"):
        trackers.open_trackers(Tracking(trackers=("wandb",)), tmp_path)


def test_trackers_are_no_part_of_any_key(study_file, made):
    tracking = read_study(study_file, ('tracking.trackers=["tensorboard"]',))
    assert tracking.tracking.trackers == ("tensorboard",)
    other = opened(study_file, 'tracking.trackers=["tensorboard"]')
    assert [s.key for s in other.stages] == [s.key for s in made.stages]
