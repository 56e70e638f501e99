"""What a step trains on, divided among processes, and within each into parts that fit.

A step is the same whoever shares it: each process gathers its own examples of it, and counts over
all of them what the loss is a mean over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crosscal.encoders.packing import to_device
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.training.batches import Indices, budgeted
from crosscal.training.collate import (
    TrainingBatch,
    between,
    collate,
    mask,
    n_known,
    ragged_indices,
    sequences_of,
)
from crosscal.training.mixing import Step, TrainingTask
from crosscal.training.parallel.ranks import Ranks

_MASKS = 0x6D61736B


@dataclass(frozen=True, kw_only=True)
class StepParts:
    """What one process computes of a step, and what all of it is."""

    parts: tuple[TrainingBatch, ...]  # never empty
    # softmaxes of the whole step whose right choice is known; None: the only part is all of it
    n_known: int | None
    # rows of the embedding table that the whole step shows, ascending; None: all
    used_ids: Tensor | None
    sequences: int  # of the whole step
    tokens: int  # of the whole step


def step_parts(
    tasks: Sequence[TrainingTask],
    plan: Sequence[Step],
    vocabulary: Vocabulary,
    seed: int,
    device: torch.device,
    largest: int | None,
    ranks: Ranks,
    step: int,
) -> StepParts:
    """Gather this process's parts, of at most `largest` tokens, of a step counted from 1."""
    task, groups = tasks[plan[step - 1].task], plan[step - 1].groups
    if task.outputs:
        divided = _of_labels(task, groups, vocabulary, largest, ranks)
    else:
        generator = np.random.default_rng([seed, _MASKS, step])
        divided = _of_text(
            mask(task.examples, groups, vocabulary, generator), vocabulary, largest, ranks
        )
    used = divided.used_ids
    return replace(
        divided,
        parts=tuple(part.to(device) for part in divided.parts),
        used_ids=None if used is None else to_device(used, device),
    )


def shares(lengths: Indices, largest: int | None, ranks: Ranks) -> list[Indices]:
    """Divide a step by the lengths of what it holds: positions of each part of this process.

    Processes get neighbours of about equally many tokens, so that lengths are near each other.
    """
    ends = np.cumsum(lengths)
    owner = ((ends - lengths / 2) * ranks.size / ends[-1]).astype(np.int64)
    own = np.flatnonzero(owner == ranks.rank)
    return list(budgeted(own, lengths, largest or int(ends[-1])))


def _of_labels(
    task: TrainingTask,
    groups: Indices,
    vocabulary: Vocabulary,
    largest: int | None,
    ranks: Ranks,
) -> StepParts:
    dataset = task.examples
    positions = shares(dataset.lengths[groups], largest, ranks)
    if _is_whole(positions, len(groups)):
        batch = collate(dataset, groups, vocabulary, task.outputs)
        return _undivided(batch, batch.packed.used_ids)
    sequences = sequences_of(dataset, groups)
    ids = vocabulary.rows(dataset.ids[ragged_indices(dataset.offsets, sequences)])
    parts = [collate(dataset, groups[part], vocabulary, task.outputs) for part in positions]
    # With nothing to do it makes the same way forth and back for nothing, as the others wait.
    parts = parts or [_for_nothing(collate(dataset, groups[:1], vocabulary, task.outputs))]
    return StepParts(
        parts=tuple(parts),
        n_known=n_known(dataset, groups),
        used_ids=torch.unique(torch.from_numpy(ids)),
        sequences=len(sequences),
        tokens=len(ids),
    )


def _of_text(
    batch: TrainingBatch, vocabulary: Vocabulary, largest: int | None, ranks: Ranks
) -> StepParts:
    """Divide a step of masked language modelling, of which all is masked at once."""
    lengths = np.diff(batch.packed.boundaries.numpy()).astype(np.int64)
    positions = shares(lengths, largest, ranks)
    if _is_whole(positions, len(lengths)):
        return _undivided(batch, None)
    parts = [between(batch, int(part[0]), int(part[-1]) + 1) for part in positions]
    return StepParts(
        parts=tuple(parts or [_for_nothing(between(batch, 0, 1))]),
        n_known=len(batch.gold),
        used_ids=None,
        sequences=batch.packed.size,
        tokens=len(batch.packed.ids),
    )


def _is_whole(positions: list[Indices], size: int) -> bool:
    return len(positions) == 1 and len(positions[0]) == size


def _undivided(batch: TrainingBatch, used: Tensor | None) -> StepParts:
    return StepParts(
        parts=(batch,),
        n_known=None,
        used_ids=used,
        sequences=batch.packed.size,
        tokens=len(batch.packed.ids),
    )


def _for_nothing(batch: TrainingBatch) -> TrainingBatch:
    """Return the same batch as one of which nothing is known: its loss and gradients are 0."""
    return replace(batch, gold=torch.full_like(batch.gold, -1), any_known=False)
