"""The step log: one line a step, whether its losses are fetched at once or together."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

torch = pytest.importorskip("torch")

from crosscal.exceptions import StageFailed  # noqa: E402
from crosscal.training.step_log import StepLog  # noqa: E402

LOSSES = [1.0, 0.5, 0.25, 2.0, 0.125]


def write(path, every, losses=LOSSES, length=0):
    with closing(StepLog(path, length, steps=len(losses), every=every)) as log:
        for step, loss in enumerate(losses, start=1):
            line = {"step": step, "tokens": 7}
            log.add(line, torch.tensor(loss, requires_grad=True), torch.tensor(float(step)))
            if step == 3:
                log.note(step=step, development={"accuracy": 0.5})
        return log.sync(), log.recent.words([])


def lines(path):
    read = [json.loads(line) for line in path.read_text().splitlines()]
    for line in read:
        assert line.pop("seconds", 0) >= 0
        assert line.pop("tokens_per_second", 1) > 0
    return read


@pytest.mark.parametrize("every", [1, 2, 4, 100])
def test_the_same_lines_however_many_are_fetched_together(tmp_path, every):
    length, words = write(tmp_path / "log", every)
    assert length == (tmp_path / "log").stat().st_size
    assert words == "loss 0.78"
    found = lines(tmp_path / "log")
    note = {"step": 3, "development": {"accuracy": 0.5}}
    assert found.pop(3) == note
    assert found == [
        {"step": step, "tokens": 7, "loss": loss, "gradient_norm": float(step)}
        for step, loss in enumerate(LOSSES, start=1)
    ]


@pytest.mark.parametrize("every", [1, 3])
def test_a_loss_that_is_not_finite_is_told_with_its_step(tmp_path, every):
    losses = [1.0, 0.5, float("nan"), float("inf"), 1.0]
    with pytest.raises(StageFailed, match="became nan in step 3 of 5"):
        write(tmp_path / "log", every, losses)
    assert [line["step"] for line in lines(tmp_path / "log")] == [1, 2]


def test_what_lies_behind_the_length_is_dropped(tmp_path):
    length, _ = write(tmp_path / "log", 1)
    with (tmp_path / "log").open("a") as stream:
        stream.write('{"step": 9}\n')
    write(tmp_path / "log", 1, [3.0], length)
    assert [line["step"] for line in lines(tmp_path / "log")][-2:] == [5, 1]


def test_memory_and_the_share_of_what_a_card_can_do(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 12_345_678_901)
    options = {"steps": 2, "every": 2, "full_speed": 1e6}
    with closing(StepLog(tmp_path / "log", 0, **options)) as log:
        for step in (1, 2):
            time.sleep(0.01)
            log.add({"step": step, "tokens": 500}, torch.tensor(1.0), torch.tensor(1.0))
    for line in map(json.loads, (tmp_path / "log").read_text().splitlines()):
        assert line["peak_memory_gb"] == 12.346
        assert line["mfu"] == pytest.approx(line["tokens_per_second"] / 1e6, abs=1e-4)
        assert 0 < line["mfu"] < 500 / 0.01 / 1e6


def test_without_a_file_nothing_is_asked_of_the_device(monkeypatch):
    monkeypatch.setattr(torch, "stack", None)
    with closing(StepLog(None, 99, steps=1, every=1)) as log:
        log.add({"step": 1}, torch.tensor(float("nan")), torch.tensor(1.0))
        log.note(step=1)
        assert log.sync() == 0
