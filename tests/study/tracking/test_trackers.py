"""What trackers were told can be read again with their own packages."""

from pathlib import Path

import pytest

from crosscal.exceptions import SettingsError
from crosscal.study.config.execution import Tracking
from crosscal.study.tracking import TrackedRun
from crosscal.study.tracking.tracker import open_trackers

RUN = TrackedRun(
    project="study", name="train xnli after a/b, seed 1", key="ab" * 32, settings={"rate": 1e-4}
)


def told(name: str, folder: Path):
    """Two sessions of one run, the first of which is interrupted."""
    tracker = open_trackers(Tracking(trackers=(name,)), folder)[name]
    for steps, finished in (((1, 2), False), ((3,), True)):
        log = tracker.begin(RUN)
        for step in steps:
            log.write(step, {"loss": 1 / step, "development/xnli/accuracy": step / 10})
        log.close(finished=finished)


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    told("tensorboard", tmp_path)
    (folder,) = (tmp_path / "tensorboard").iterdir()
    assert folder.name == "train-xnli-after-a-b-seed-1-abababab"
    events = EventAccumulator(str(folder))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [
        (1, 1.0),
        (2, 0.5),
        (3, pytest.approx(1 / 3)),
    ]
    assert len(events.Scalars("development/xnli/accuracy")) == 3


def test_mlflow(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    told("mlflow", tmp_path)
    client = mlflow.MlflowClient((tmp_path / "mlflow").as_uri())
    (run,) = client.search_runs([client.get_experiment_by_name("study").experiment_id])
    assert run.info.run_name == RUN.name
    assert run.info.status == "FINISHED"
    assert run.data.params == {"rate": "0.0001"}
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_wandb_keeps_it_here(tmp_path):
    pytest.importorskip("wandb")
    told("wandb", tmp_path)
    files = list((tmp_path / "wandb").rglob("run-*.wandb"))
    assert len(files) == 2  # one a session, of one id
    assert {file.stem for file in files} == {f"run-{RUN.key[:32]}"}
    content = b"".join(file.read_bytes() for file in files)
    assert b"development/xnli/accuracy" in content
    assert RUN.name.encode() in content


def test_trackio(tmp_path, monkeypatch):
    pytest.importorskip("trackio")
    import trackio.sqlite_storage as storage

    told("trackio", tmp_path)
    name = f"{RUN.name} ({RUN.key[:8]})"
    logs = storage.SQLiteStorage.get_logs("study", name)
    assert [(log["step"], log["loss"]) for log in logs] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_trackio_does_not_leave_the_machine_unasked(tmp_path, monkeypatch):
    pytest.importorskip("trackio")
    monkeypatch.setenv("TRACKIO_SPACE_ID", "someone/space")
    with pytest.raises(SettingsError, match="TRACKIO_SPACE_ID"):
        open_trackers(Tracking(trackers=("trackio",)), tmp_path)
