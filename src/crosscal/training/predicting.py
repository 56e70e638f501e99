"""Scores of many examples: one length-sorted stream, kept in shards as it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from crosscal.artifacts import disk_errors, read_checked, write_checked
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.exceptions import StageFailed
from crosscal.tasks.families.tokens import EncodedDataset
from crosscal.training.batches import Indices, prediction_order
from crosscal.training.collate import collate
from crosscal.training.model import Model, dropouts
from crosscal.training.precision import default_device, prediction_tokens

SHARD_BATCHES = 16


@torch.no_grad()
def predict(
    model: Model,
    vocabulary: Vocabulary,
    examples: EncodedDataset,
    shards: Path,
    *,
    head: str,
    outputs: int,
    dropout_seed: int | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Score examples; what was scored before an interruption is not scored again.

    Parameters
    ----------
    model, vocabulary : Model, Vocabulary
        The model, trimmed to the vocabulary.
    shards : Path
        Folder for parts of the result; removed at the end.
    head, outputs : str, int
        Which head scores, and its scores a row.
    dropout_seed : int, optional
        Predict as one of the models that dropout makes of this one (Gal and Ghahramani 2016),
        drawn from this seed; none: without dropout.
    report : callable
        Called with the number of groups done.

    Returns
    -------
    ndarray of float32
        Shape (rows, outputs), in the order of `examples`.
    """
    device = default_device()
    batch_tokens = prediction_tokens(model.encoder, device)
    model.to(device).eval()
    if dropout_seed is not None:
        for module, _ in dropouts(model):
            module.training = True  # not those within, as train() would
    order = prediction_order(examples.lengths, batch_tokens=batch_tokens)
    stored = []
    done = 0
    with disk_errors(shards):
        shards.mkdir(exist_ok=True)
        for number, start in enumerate(range(0, len(order), SHARD_BATCHES)):
            batches = order[start : start + SHARD_BATCHES]
            path = shards / f"{batch_tokens}-{number:05d}"  # another device, other batches
            kept = read_checked(path)
            if kept is None:
                if dropout_seed is not None:
                    torch.manual_seed(dropout_seed * 1_000_003 + number)
                rows = _shard(model, vocabulary, examples, batches, head, outputs)
                kept = rows.tobytes()
                write_checked(path, kept)
            stored.append(np.frombuffer(kept, dtype=_row_type(outputs)))
            done += sum(map(len, batches))
            report(done)
        scores = np.concatenate(stored)
        result = np.empty((examples.n_rows, outputs), dtype=np.float32)
        result[scores["place"]] = scores["scores"]
        if not np.isfinite(result).all():
            row = int(np.flatnonzero(~np.isfinite(result).all(axis=1))[0])
            raise StageFailed(
                f"the score of row {row} is not finite",
                where="prediction",
                remedy="Train with a lower learning rate or in fp32",
            )
        for path in shards.iterdir():
            path.unlink()
        shards.rmdir()
    return result


def _shard(
    model: Model,
    vocabulary: Vocabulary,
    examples: EncodedDataset,
    batches: list[Indices],
    head: str,
    outputs: int,
) -> npt.NDArray[np.void]:
    """Score some batches: for each row its number in the data set, and its scores."""
    device = next(model.parameters()).device
    scored = []
    for groups in batches:
        batch = collate(examples, groups, vocabulary, outputs).to(device)
        rows = np.empty(len(batch.dataset_rows), dtype=_row_type(outputs))
        rows["place"] = batch.dataset_rows
        rows["scores"] = model(batch.packed, batch.scored_positions, head).cpu().numpy()
        scored.append(rows)
    return np.concatenate(scored)


def _row_type(outputs: int) -> np.dtype[np.void]:
    return np.dtype([("place", np.int64), ("scores", np.float32, (outputs,))])
