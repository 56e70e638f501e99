"""Scores of many examples: one length-sorted stream, kept in shards as it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from crosscal.artifacts import disk_errors, flush
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.errors import StageFailed
from crosscal.training.batches import collate, prediction_order
from crosscal.training.model import SequenceClassifier
from crosscal.training.tokens import TokenSet

# Fixed, so that the batches and with them the last bits do not depend on settings of training.
BATCH_TOKENS = 4096
SHARD_BATCHES = 16


@torch.no_grad()
def predict(
    model: SequenceClassifier,
    vocabulary: Vocabulary,
    examples: TokenSet,
    shards: Path,
    report: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Score examples; what was scored before an interruption is not scored again.

    Parameters
    ----------
    model : SequenceClassifier
        Trimmed to `vocabulary`.
    vocabulary : Vocabulary
        Ids that the model's embedding table holds.
    examples : TokenSet
        N examples.
    shards : Path
        Folder for parts of the result; removed at the end.
    report : callable
        Called with the number of examples done.

    Returns
    -------
    ndarray of float32
        Shape (N, labels), rows in the order of `examples`.

    Raises
    ------
    StageFailed
        If a score is not finite.
    """
    device = Accelerator().device
    model.to(device).eval()
    order = prediction_order(examples.lengths, batch_tokens=BATCH_TOKENS)
    parts = []
    done = 0
    with disk_errors(shards):
        shards.mkdir(exist_ok=True)
        for number, start in enumerate(range(0, len(order), SHARD_BATCHES)):
            batches = order[start : start + SHARD_BATCHES]
            path = shards / f"{number:05d}.npy"
            if not path.exists():
                scores = [
                    model(collate(examples, chosen, vocabulary).to(device)) for chosen in batches
                ]
                aside = path.with_suffix(".aside")
                with aside.open("wb") as stream:
                    np.save(stream, torch.cat(scores).cpu().numpy())
                flush(aside)
                aside.rename(path)
            parts.append(np.load(path))
            done += sum(map(len, batches))
            report(done)
        result = np.empty((len(examples), parts[0].shape[1]), dtype=np.float32)
        result[np.concatenate(order)] = np.concatenate(parts)
        if not np.isfinite(result).all():
            row = int(np.flatnonzero(~np.isfinite(result).all(axis=1))[0])
            raise StageFailed(
                f"the score of example {row} is not finite",
                where="prediction",
                remedy="Train with a lower learning rate or in fp32",
            )
        for path in shards.iterdir():
            path.unlink()
        shards.rmdir()
    return result
