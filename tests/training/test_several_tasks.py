"""Several tasks at once: both are learnt, each with its own head, and kills leave no trace."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosscal.training import loop  # noqa: E402
from crosscal.training.mixing import Mixture, TrainingTask, plan_steps  # noqa: E402
from crosscal.training.settings import TrainingSettings  # noqa: E402

SETTINGS = TrainingSettings(
    epochs=1, batch_tokens=60, window_batches=3, evaluations=2, dropout=0.1, learning_rate=3e-3
)
MIXTURE = Mixture(sampling="uniform")


class Killed(BaseException):
    """Like KeyboardInterrupt: nothing on the way may catch it."""


def two(token_set, count, longest=14):
    """Return two tasks that differ in their labels and their tokens; torch knows their names."""
    first = [token_set(n, s, longest=longest, ids=(5, 90)) for n, s in ((count, 1), (30, 2))]
    second = [
        token_set(n, s, longest=longest, labels=2, ids=(100, 160))
        for n, s in ((count // 2, 3), (30, 4))
    ]
    return [
        TrainingTask(name="train", examples=first[0], development=first[1], outputs=3),
        TrainingTask(name="a.b", examples=second[0], development=second[1], outputs=2),
    ]


def train(assemble, data, folder, *, kind="bert", settings=SETTINGS, kill_at=None, every=0.0):
    folder.mkdir(exist_ok=True)
    sets = [s for part in data for s in (part.examples, part.development)]
    outputs = {part.name: part.outputs for part in data}
    model, vocabulary = assemble(kind, *sets, dropout=settings.dropout, outputs=outputs, layers=1)

    def report(step, _, note):
        if step == kill_at:
            raise Killed

    progress = loop.train(
        model,
        vocabulary,
        data,
        settings,
        mixture=MIXTURE,
        seed=6,
        folder=folder,
        checkpoint_seconds=every,
        report=report,
    )
    return progress, model, vocabulary


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_both_are_learnt(assemble, token_set, tmp_path):
    settings = SETTINGS.model_copy(
        update={"epochs": 5.0, "learning_rate": 5e-3, "batch_tokens": 100, "dropout": 0.0}
    )
    data = two(token_set, 120, longest=6)
    folder = tmp_path / "a"
    progress, _, _ = train(assemble, data, folder, settings=settings, every=1e9)
    log = log_of(folder)
    found = [line["development"] for line in log if "development" in line]
    assert set(found[-1]) == {"train", "a.b"}
    assert found[-1]["train"]["accuracy"] > 0.9
    assert found[-1]["a.b"]["accuracy"] > 0.9
    # The checkpoint is chosen by the mean over the tasks.
    for evaluation, parts in zip(progress.evaluations, found, strict=True):
        for name in ("accuracy", "nll", "share"):
            mean = (parts["train"][name] + parts["a.b"][name]) / 2
            assert evaluation[name] == pytest.approx(mean)
    # The log names the task of every step, as planned.
    steps = [line["task"] for line in log if "loss" in line]
    planned = plan_steps(data, MIXTURE, settings, 6)
    assert steps == [data[step.task].name for step in planned]
    assert [line["tokens"] for line in log if "loss" in line] == [
        int(data[step.task].examples.lengths[step.groups].sum()) for step in planned
    ]
    # Both heads are kept, and what is kept scores as the model does.
    stored = np.load(folder / "heads.npz")
    assert sorted(stored) == ["a.b.bias", "a.b.weight", "train.bias", "train.weight"]
    assert stored["a.b.weight"].shape == (2, 32)
    outputs = {"a.b": 2}
    sets = [data[1].development]
    again, kept = assemble(
        "bert",
        *sets,
        outputs=outputs,
        layers=1,
        weights=folder / "encoder.safetensors",
        heads=folder / "heads.npz",
    )
    score = loop.evaluate(again, kept, data[1], 100)
    best = next(
        parts
        for e, parts in zip(progress.evaluations, found, strict=True)
        if e["step"] == progress.best_step
    )
    assert score == pytest.approx(best["a.b"], rel=1e-5)


def test_a_step_moves_its_own_head_alone(assemble, token_set, tmp_path, monkeypatch):
    data = two(token_set, 20)
    planned = plan_steps(data, MIXTURE, SETTINGS, 6)
    before = None
    moved = []

    def clip(model, *others):
        nonlocal before
        now = [head.weight.detach().clone() for head in model.heads]
        if before is not None:
            moved.append([not torch.equal(a, b) for a, b in zip(before, now, strict=True)])
        before = now
        return kept(model, *others)

    kept = loop.clip_gradients
    monkeypatch.setattr(loop, "clip_gradients", clip)
    train(assemble, data, tmp_path / "a", every=1e9)
    expected = [[number == step.task for number in (0, 1)] for step in planned[:-1]]
    assert moved == expected


@pytest.mark.parametrize("kind", ["bert", "deberta-v2"])
def test_interrupted_training_resumes_to_the_same_bits(assemble, token_set, tmp_path, kind):
    """Kills before the second head has moved at all, and later."""
    data = two(token_set, 24)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    progress, _, _ = train(assemble, data, whole, kind=kind, every=1e9)
    planned = [step.task for step in plan_steps(data, MIXTURE, SETTINGS, 6)]
    change = next(i for i, part in enumerate(planned) if part != planned[0])
    for moment in (1, change, change + 1, progress.step):
        with pytest.raises(Killed):
            train(assemble, data, parts, kind=kind, kill_at=moment)
    train(assemble, data, parts, kind=kind, every=1e9)
    for name in ("encoder.safetensors", "heads.npz"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    losses = [[line.get("loss") for line in log_of(folder)] for folder in (whole, parts)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_trimming_makes_no_difference(assemble, token_set, tmp_path, kind):
    data = two(token_set, 16)
    sets = [s for part in data for s in (part.examples, part.development)]
    heads = []
    for trim in (True, False):
        folder = tmp_path / str(trim)
        folder.mkdir()
        outputs = {part.name: part.outputs for part in data}
        model, vocabulary = assemble(kind, *sets, dropout=0.1, outputs=outputs, layers=1, trim=trim)
        loop.train(model, vocabulary, data, SETTINGS, mixture=MIXTURE, seed=6, folder=folder)
        heads.append((folder / "heads.npz").read_bytes())
    assert heads[0] == heads[1]
