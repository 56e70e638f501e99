"""What the tests have one process do, or two at once, and how they have two do it."""

from __future__ import annotations

import json
import multiprocessing
import traceback
from pathlib import Path

import numpy as np

from crosscal.training.parallel.ranks import Ranks, current_ranks, joined
from crosscal.training.settings import HeadSettings, Mixture, ModelSettings, TrainingSettings

TRAINING = TrainingSettings(
    epochs=1, batch_tokens=90, window_batches=3, evaluations=3, dropout=0.0, learning_rate=1e-3
)
TEXT = HeadSettings(name="text", family="masked language modelling", labels=())


class Killed(Exception):
    """As if the process were gone."""


def train(encoder, heads, inputs, folder, training=TRAINING, kill_at=None, every=1e9):
    """Train a stage; returns what it says of itself."""
    from crosscal.training.stage import train_stage

    def report(step: int, total: int, note: str = "") -> None:
        if step == kill_at:
            raise Killed

    folder.mkdir(exist_ok=True)
    return train_stage(
        ModelSettings(encoder=encoder, layers=1, pooling="mean", trim=True),
        heads,
        inputs,
        folder,
        report,
        training=training,
        mixture=Mixture(sampling="uniform", mlm=0.4 if TEXT in heads else 0.0),
        seed=4,
        threads=1,
        checkpoint_seconds=every,
    )


def predict(encoder, head, model, tokens, folder, dropout_samples=0):
    """Score a test set in many small parts."""
    from crosscal.training import predicting
    from crosscal.training.stage import predict_stage

    before = predicting.SHARD_BATCHES, predicting.prediction_tokens
    predicting.SHARD_BATCHES, predicting.prediction_tokens = 2, lambda *_: 100
    folder.mkdir(exist_ok=True)
    try:
        return predict_stage(
            ModelSettings(encoder=encoder, layers=1, pooling="mean", trim=True),
            head,
            {"model": model, "test": tokens},
            folder,
            lambda done, total: None,
            threads=1,
            dropout_samples=dropout_samples,
            dropout=0.2,
        )
    finally:
        predicting.SHARD_BATCHES, predicting.prediction_tokens = before


def sums():
    """Return what each way of telling each other gives."""
    import torch

    ranks = current_ranks()
    rank = ranks.rank
    tensors = [torch.full((3,), 1.0 + rank), torch.full((2, 2), 10 + rank), torch.zeros(0)]
    ranks.add_up(tensors)
    first = torch.full((2,), float(rank))
    ranks.copy_first([first])
    ranks.seed_dropout(3, 7)
    return {
        "sums": [tensor.tolist() for tensor in tensors],
        "first": first.tolist(),
        "largest": ranks.largest(5 - rank),
        "said": ranks.first_says([rank, 7] if rank == 0 else []),
        "noise": torch.rand(4).tolist(),
    }


def fail(text):
    """Fail in one process only; the other waits for it."""
    if current_ranks().rank:
        raise Killed(text)
    current_ranks().largest(1)


class Pair:
    """A second process that does what this one does, at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._meetings = 0
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_second, args=(theirs,), daemon=True)
        self._process.start()

    def __call__(self, function, *arguments, **options):
        """Call a function of this module in both; returns what both return or raise."""
        self._meetings += 1
        rendezvous = self._folder / f"rendezvous-{self._meetings}"
        self._ours.send((function, arguments, options, rendezvous))
        first = _outcome(Ranks(0, 2), function, arguments, options, rendezvous)
        return first, self._ours.recv()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def _second(connection) -> None:
    while True:
        connection.send(_outcome(Ranks(1, 2), *connection.recv()))


def _outcome(ranks, function, arguments, options, rendezvous):
    try:
        with joined(ranks, rendezvous=rendezvous):
            return function(*arguments, **options)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error


def losses(folder):
    """Losses and norms of the steps of a training, and its development scores."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    steps = [(line["loss"], line["gradient_norm"]) for line in lines if "loss" in line]
    scores = [
        [value[name] for name in ("accuracy", "nll", "share")]
        for line in lines
        for value in line.get("development", {}).values()
    ]
    return np.array(steps), np.array(scores)
