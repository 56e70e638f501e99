"""Scores of many examples: one length-sorted stream, kept in shards as it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from crosscal.artifacts import disk_errors, read_checked, write_checked
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.exceptions import StageFailed
from crosscal.tasks.families.tokens import EncodedDataset
from crosscal.training.batches import Indices, prediction_order
from crosscal.training.collate import collate, ragged_indices, sequences_of
from crosscal.training.model import Model, dropouts
from crosscal.training.parallel.ranks import ALONE, Ranks
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
    ranks: Ranks = ALONE,
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
    ranks : Ranks
        The processes that share the parts, all of which call this; which of them scores a part
        changes nothing. Only the first one writes, and returns the scores.

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
    parts = [order[start : start + SHARD_BATCHES] for start in range(0, len(order), SHARD_BATCHES)]
    # On another device there are other batches.
    paths = [shards / f"{batch_tokens}-{number:05d}" for number in range(len(parts))]
    stored: dict[int, bytes] = {}
    with disk_errors(shards):
        if ranks.leads:
            shards.mkdir(exist_ok=True)
            kept = ((number, read_checked(path)) for number, path in enumerate(paths))
            stored = {number: content for number, content in kept if content is not None}
        waiting = ranks.first_says([n for n in range(len(parts)) if n not in stored])
        done = len(examples) - sum(len(groups) for number in waiting for groups in parts[number])
        if done:
            report(done)
        for start in range(0, len(waiting), ranks.size):
            turn = waiting[start : start + ranks.size]  # a part for each process
            places = [_places(examples, parts[number]) for number in turn]
            scores = [torch.zeros(len(rows), outputs) for rows in places]
            if ranks.rank < len(turn):
                number = turn[ranks.rank]
                if dropout_seed is not None:
                    torch.manual_seed(dropout_seed * 1_000_003 + number)
                given = (examples, parts[number], head, outputs)
                scores[ranks.rank] = _scores(model, vocabulary, *given)
            ranks.add_up(scores)
            for number, rows, found in zip(turn, places, scores, strict=True):
                if ranks.leads:
                    shard = np.empty(len(rows), dtype=_row_type(outputs))
                    shard["place"], shard["scores"] = rows, found.numpy()
                    stored[number] = shard.tobytes()
                    write_checked(paths[number], stored[number])
                done += sum(map(len, parts[number]))
            report(done)
        result = np.empty((examples.n_rows, outputs), dtype=np.float32)
        if not ranks.leads:
            return result
        for content in stored.values():
            shard = np.frombuffer(content, dtype=_row_type(outputs))
            result[shard["place"]] = shard["scores"]
        _check_finite(result)
        for path in shards.iterdir():
            path.unlink()
        shards.rmdir()
    return result


def _check_finite(scores: npt.NDArray[np.float32]) -> None:
    bad = ~np.isfinite(scores).all(axis=1)
    if bad.any():
        raise StageFailed(
            f"the score of row {int(np.flatnonzero(bad)[0])} is not finite",
            where="prediction",
            remedy="Train with a lower learning rate or in fp32",
        )


def _places(examples: EncodedDataset, batches: list[Indices]) -> Indices:
    """Return the numbers of the rows of some batches, in the order in which they are scored."""
    sequences = np.concatenate([sequences_of(examples, groups) for groups in batches])
    return ragged_indices(examples.row_offsets, sequences)


def _scores(
    model: Model,
    vocabulary: Vocabulary,
    examples: EncodedDataset,
    batches: list[Indices],
    head: str,
    outputs: int,
) -> Tensor:
    """Score some batches, shape (rows, outputs)."""
    device = next(model.parameters()).device
    scored = []
    for groups in batches:
        batch = collate(examples, groups, vocabulary, outputs).to(device)
        scored.append(model(batch.packed, batch.scored_positions, head).cpu())
    return torch.cat(scored)


def _row_type(outputs: int) -> np.dtype[np.void]:
    return np.dtype([("place", np.int64), ("scores", np.float32, (outputs,))])
