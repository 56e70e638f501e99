"""Training that is killed and called again ends in the bits of training left alone."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.artifacts import read_checked  # noqa: E402
from crosscal.exceptions import ArtifactError, StageFailed  # noqa: E402
from crosscal.training import checkpoint, loop  # noqa: E402
from crosscal.training.checkpoint import Progress, load_state, save_state  # noqa: E402
from crosscal.training.mixing import Mixture  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402
from tests.training.conftest import TASK, parts  # noqa: E402
from tests.windows import treat_files_as_windows  # noqa: E402

SETTINGS = TrainingSettings(
    epochs=2,
    batch_tokens=60,
    window_batches=3,
    evaluations=5,
    dropout=0.1,
    learning_rate=3e-3,
    clip=0.5,
    select_by="nll",
)
KINDS = ("bert", "deberta-v2")


@pytest.fixture(autouse=True)
def files_of_windows(monkeypatch):
    """What holds where open files are neither replaced nor removed holds everywhere."""
    if Path("/proc/self/fd").is_dir():
        treat_files_as_windows(monkeypatch)


class Killed(BaseException):
    """Like KeyboardInterrupt: nothing on the way may catch it."""


@pytest.fixture(scope="module")
def data(token_set):
    return token_set(30, 1), token_set(10, 2)


@pytest.fixture(scope="module")
def attempt(assemble, data):
    """Return a function that trains as a new process would, killed when told to."""

    def go(folder, *, kind="bert", kill_at=None, every=0.0, random_state=None):
        folder.mkdir(exist_ok=True)
        torch.manual_seed(np.random.default_rng(random_state).integers(1000))

        def report(step: int, _: int, note: str) -> None:
            if step == kill_at:
                raise Killed

        model, vocabulary = assemble(kind, *data, dropout=SETTINGS.dropout, layers=1)
        return loop.train(
            model,
            vocabulary,
            parts(*data),
            SETTINGS,
            mixture=Mixture(),
            seed=8,
            folder=folder,
            checkpoint_seconds=every,
            report=report,
        )

    return go


@pytest.fixture(scope="module")
def undisturbed(attempt, tmp_path_factory):
    """Return a function from a kind to the outcome and the folder of a run left alone."""

    @cache
    def go(kind="bert"):
        folder = tmp_path_factory.mktemp("undisturbed")
        return attempt(folder, kind=kind, every=1e9), folder

    return go


def without_times(folder) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [
        {k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")}
        for line in lines
    ]


def outcome_of(folder) -> Progress:
    """Outcome of a run, but for the length of its log, which holds times."""
    return replace(Progress(**json.loads(read_checked(folder / "outcome.checked"))), log_bytes=0)


def assert_equal(folder, expected) -> None:
    for name in ("encoder.safetensors", "heads.npz"):
        assert (folder / name).read_bytes() == (expected / name).read_bytes(), name
    assert outcome_of(folder) == outcome_of(expected)
    assert without_times(folder) == without_times(expected)
    steps = [line["step"] for line in without_times(folder) if "loss" in line]
    assert steps == list(range(1, len(steps) + 1))
    assert {path.name for path in folder.iterdir()} == {path.name for path in expected.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_kills_at_random_steps(attempt, undisturbed, tmp_path, kind):
    progress, expected = undisturbed(kind)
    total = progress.step
    assert progress.best_step > 0
    moments = sorted(np.random.default_rng(3).choice(total, 4, replace=False) + 1)
    for moment in [1, *map(int, moments), total]:
        with pytest.raises(Killed):
            attempt(tmp_path / "a", kind=kind, kill_at=moment)
        assert not (tmp_path / "a" / "outcome.checked").exists()
    progress = attempt(tmp_path / "a", kind=kind)
    assert progress == replace(undisturbed(kind)[0], log_bytes=progress.log_bytes)
    assert_equal(tmp_path / "a", expected)


def test_kill_before_the_first_state_and_between_states(attempt, undisturbed, tmp_path):
    _, expected = undisturbed()
    with pytest.raises(Killed):
        attempt(tmp_path / "a", kill_at=7, every=1e9)  # nothing but a log is left
    assert (tmp_path / "a" / "log.jsonl").stat().st_size > 0
    assert not (tmp_path / "a" / "state.safetensors").exists()
    with pytest.raises(Killed):
        attempt(tmp_path / "a", kill_at=4)
    with pytest.raises(Killed):  # steps after the last state are done again
        attempt(tmp_path / "a", kill_at=9, every=1e9)
    with (tmp_path / "a" / "log.jsonl").open("a") as log:
        log.write('{"step": 9, "loss": 1.0}\n' * 1000)  # lines behind the last state go
    attempt(tmp_path / "a", every=1e9)
    assert_equal(tmp_path / "a", expected)


@pytest.mark.parametrize(
    "name",
    [
        "_save_model",
        "save_state",
        "save_weights",
        "evaluate",
        "clip_gradients",
        "write_checked",
        "flush",
        "drop_checkpoints",
    ],
)
def test_kill_inside(attempt, undisturbed, tmp_path, monkeypatch, name):
    """Before, and right after, each thing that the loop does."""
    _, expected = undisturbed()
    function = getattr(loop, name)
    for after in (False, True):
        folder = tmp_path / f"after{after}"
        calls = 0

        def die(*args, after=after):
            nonlocal calls
            calls += 1
            if calls == (
                1
                if name in ("write_checked", "_save_model", "save_weights", "drop_checkpoints")
                else 2
            ):
                if after:
                    function(*args)
                raise Killed
            return function(*args)

        with monkeypatch.context() as patch:
            patch.setattr(loop, name, die)
            with pytest.raises(Killed):
                attempt(folder)
        attempt(folder)
        assert_equal(folder, expected)


def test_kill_while_a_state_is_written(attempt, undisturbed, tmp_path, monkeypatch):
    _, expected = undisturbed()
    save = checkpoint.save_file
    written = 0

    def die(tensors, path, **options):
        nonlocal written
        written += 1
        save(tensors, path, **options)
        if written == 3:
            os.truncate(path, 1000)
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", die)
        with pytest.raises(Killed):
            attempt(tmp_path / "a")
    assert (tmp_path / "a" / "state.safetensors.aside").exists()
    attempt(tmp_path / "a", every=1e9)
    assert_equal(tmp_path / "a", expected)  # and the half of a state is gone


def test_finished_training_is_not_repeated(attempt, tmp_path):
    progress = attempt(tmp_path / "a")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a").iterdir()}
    assert attempt(tmp_path / "a", kill_at=1) == progress
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a").iterdir()} == before


def cut(length):
    """Return a function that cuts a file to a length, from its end if that is negative."""
    return lambda path: os.truncate(path, length % (path.stat().st_size + 1))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def lose(path):
    """Leave a file as long as it was, without its content, as a power cut does."""
    path.write_bytes(bytes(path.stat().st_size))


DAMAGES = {
    "cut to nothing": cut(0), "cut": cut(1000), "a byte short": cut(-2), "flipped": flip,
    "lost": lose, "gone": lambda path: path.unlink(),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "name", ["state.safetensors", "heads-{}.npz", "encoder-{}.safetensors", "log.jsonl"]
)
def test_damaged_files_of_an_interrupted_training(attempt, undisturbed, tmp_path, name, damage):
    if (name, damage) == ("log.jsonl", "flipped"):
        pytest.skip("times of a log are nobody's result")
    _, expected = undisturbed()
    with pytest.raises(Killed):
        attempt(tmp_path / "a", kill_at=undisturbed()[0].step - 1)
    step = undisturbed()[0].best_step
    DAMAGES[damage](tmp_path / "a" / name.format(step))
    attempt(tmp_path / "a")
    assert_equal(tmp_path / "a", expected)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["outcome.checked", "heads.npz", "encoder.safetensors"])
def test_damaged_files_of_a_finished_training(attempt, undisturbed, tmp_path, name, damage):
    _, expected = undisturbed()
    attempt(tmp_path / "a")
    DAMAGES[damage](tmp_path / "a" / name)
    attempt(tmp_path / "a")
    assert_equal(tmp_path / "a", expected)


def test_outcome_of_another_training_is_not_taken(attempt, undisturbed, tmp_path):
    _, expected = undisturbed()
    (tmp_path / "a").mkdir()
    planted = undisturbed("deberta-v2")[1] / "outcome.checked"
    (tmp_path / "a" / "outcome.checked").write_bytes(planted.read_bytes())
    attempt(tmp_path / "a")
    assert_equal(tmp_path / "a", expected)


def test_a_checkpoint_later_than_the_state_is_made_again(attempt, undisturbed, tmp_path):
    progress, expected = undisturbed()
    first = progress.evaluations[0]["step"]
    assert progress.best_step > first  # so the state speaks of an earlier checkpoint
    with pytest.raises(Killed):
        attempt(tmp_path / "a", kill_at=progress.best_step)
    taken = []

    def load(*args, **options):
        state = load_state(*args, **options)
        taken.append(state.step)
        return state

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "load_state", load)
        attempt(tmp_path / "a")
    assert taken == [progress.best_step - 1]
    assert_equal(tmp_path / "a", expected)


def test_state_of_another_model_is_refused(assemble, data, tmp_path):
    models = [assemble(kind, *data, layers=1)[0] for kind in KINDS]
    optimizers = [torch.optim.AdamW(model.parameters()) for model in models]
    path = tmp_path / "state.safetensors"
    save_state(path, models[0], optimizers[0], Progress())
    before = [value.clone() for value in models[1].parameters()]
    with pytest.raises(ArtifactError, match="of another model"):
        load_state(path, models[1], optimizers[1])
    assert all(map(torch.equal, before, models[1].parameters()))


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"step": 1, "other": 2}', b"3", b"{"])
def test_state_with_another_progress_is_refused(assemble, data, tmp_path, content):
    from safetensors.torch import load_file, save_file

    model, _ = assemble("bert", *data, layers=1)
    optimizer = torch.optim.AdamW(model.parameters())
    path = tmp_path / "state.safetensors"
    save_state(path, model, optimizer, Progress(step=3))
    assert load_state(path, model, optimizer) == Progress(step=3)
    tensors = load_file(path)
    if content != b"{}":
        save_file(tensors, path, metadata={"progress": content.decode()})
    else:
        save_file(tensors, path)
    with pytest.raises(ArtifactError, match="state of the interrupted training"):
        load_state(path, model, optimizer)


def test_a_state_in_another_precision_is_refused(assemble, data, tmp_path):
    """What 'auto' stands for may differ between two machines that share a store."""
    model, _ = assemble("bert", *data, layers=1)
    optimizer = torch.optim.AdamW(model.parameters())
    path = tmp_path / "state.safetensors"
    save_state(path, model, optimizer, Progress(step=3, precision="bf16"))
    before = [value.clone() for value in model.parameters()]
    with torch.no_grad():
        next(model.parameters()).add_(1)
    with pytest.raises(ArtifactError, match="trained in bf16, not in fp32"):
        load_state(path, model, optimizer)
    assert not torch.equal(next(model.parameters()), before[0])
    assert load_state(path, model, optimizer, precision="bf16").step == 3
    assert torch.equal(next(model.parameters()), before[0])


def test_no_state_is_a_fresh_start(assemble, data, tmp_path):
    model, _ = assemble("bert", *data, layers=1)
    optimizer = torch.optim.AdamW(model.parameters())
    assert load_state(tmp_path / "nothing", model, optimizer) == Progress()


def test_failed_stage_fails_again_after_its_last_state(attempt, tmp_path, monkeypatch):
    def spoil(model, table, batch, limit):
        model.head(TASK).bias.grad.fill_(float("nan"))
        return torch.tensor(1.0)

    with pytest.raises(Killed):
        attempt(tmp_path / "a", kill_at=5)
    monkeypatch.setattr(loop, "clip_gradients", spoil)
    for _ in range(2):
        with pytest.raises(StageFailed, match="nan in step 6 of"):
            attempt(tmp_path / "a", every=1e9)


def test_full_disk_says_so(attempt, tmp_path, monkeypatch):
    from safetensors import SafetensorError

    def full(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    for module, name in ((checkpoint, "save_file"), (loop, "save_weights")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(ArtifactError, match="no space left on the disk"):
                attempt(tmp_path / name)
        attempt(tmp_path / name)
