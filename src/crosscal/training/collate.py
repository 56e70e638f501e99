"""Groups of examples gathered into a batch: what the encoder sees, and which scores compete.

Letters of shapes: T tokens of the batch, R scored rows (sequences or single tokens), C scores a
row, A softmaxes, K candidates of the largest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from crosscal.encoders.packing import PackedBatch, to_device
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.tasks.families.tokens import EncodedDataset
from crosscal.training.batches import Indices

# Devlin et al. (2019).
MASKED_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class TrainingBatch:
    """Packed sequences, and what is to be made of their scores."""

    packed: PackedBatch  # the sequences
    # which tokens of the batch are scored, int64, shape (R,); None: R whole sequences
    scored_positions: Tensor | None
    # for each softmax the indices of its candidates in the flattened (R, C) scores, -1 as filling,
    # int64, shape (A, K). None: the scores of each row compete
    candidate_index: Tensor | None
    gold: Tensor  # which candidate is right, -1 where it is not known; int64, shape (A,)
    any_known: bool  # whether one is
    dataset_rows: Indices  # the row of the data set that each row is, shape (R,)

    def to(self, device: torch.device) -> TrainingBatch:
        """Return the same batch on another device."""
        scored, index = (
            None if tensor is None else to_device(tensor, device)
            for tensor in (self.scored_positions, self.candidate_index)
        )
        return TrainingBatch(
            packed=self.packed.to(device),
            scored_positions=scored,
            candidate_index=index,
            gold=to_device(self.gold, device),
            any_known=self.any_known,
            dataset_rows=self.dataset_rows,
        )

    def candidate_logits(self, scores: Tensor) -> Tensor:
        """Arrange scores of shape (R, C) as one row a softmax, (A, K); filling is -inf."""
        if self.candidate_index is None:
            return scores
        # Index -1 takes the one number behind the scores.
        flat = torch.cat([scores.reshape(-1), scores.new_full((1,), -torch.inf)])
        return flat[self.candidate_index]


def ragged_indices(offsets: Indices, parts: Indices) -> Indices:
    """Concatenate the indices ``offsets[i]:offsets[i + 1]`` of some parts of a ragged array."""
    return np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in parts])


def sequences_of(dataset: EncodedDataset, groups: Indices) -> Indices:
    """Sequences of some groups, shortest first (ties in the order of the groups)."""
    sequences = ragged_indices(dataset.groups, groups)
    lengths = dataset.offsets[sequences + 1] - dataset.offsets[sequences]
    return sequences[np.argsort(lengths, kind="stable")]


def pack(dataset: EncodedDataset, sequences: Indices, ids: Indices) -> PackedBatch:
    """Concatenate sequences, which must be sorted by length; `ids` are rows of the table."""
    tokens = ragged_indices(dataset.offsets, sequences)  # (T,)
    lengths = (dataset.offsets[sequences + 1] - dataset.offsets[sequences]).tolist()
    return PackedBatch(
        ids=torch.from_numpy(ids),
        token_type_ids=torch.from_numpy(dataset.token_type_ids[tokens].astype(np.int64)),
        position_ids=torch.from_numpy(np.concatenate([np.arange(length) for length in lengths])),
        length_groups=_length_groups(lengths),
    )


def _length_groups(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    values, counts = np.unique(lengths, return_counts=True)
    if list(lengths) != sorted(lengths):
        raise ValueError("the sequences of a batch must be sorted by length")
    return tuple((int(value), int(count)) for value, count in zip(values, counts, strict=True))


def collate(
    dataset: EncodedDataset, groups: Indices, vocabulary: Vocabulary, columns: int
) -> TrainingBatch:
    """Gather groups of a set that is not scored over the vocabulary; `columns` is C."""
    sequences = sequences_of(dataset, groups)
    rows = ragged_indices(dataset.row_offsets, sequences)  # (R,), numbers within the set
    ids = dataset.ids[ragged_indices(dataset.offsets, sequences)]  # (T,)
    index, gold = _candidate_index(dataset, groups, sequences, rows, columns)
    whole = not len(dataset.scored_positions)
    return TrainingBatch(
        packed=pack(dataset, sequences, vocabulary.rows(ids)),
        scored_positions=None if whole else _scored_positions(dataset, sequences, rows),
        candidate_index=None if index is None else torch.from_numpy(index),
        gold=torch.from_numpy(gold.astype(np.int64)),
        any_known=bool((gold >= 0).any()),
        dataset_rows=rows,
    )


def n_known(dataset: EncodedDataset, groups: Indices) -> int:
    """Count the softmaxes of some groups whose right choice is known."""
    units = groups
    if dataset.softmax_over != "group":
        units = ragged_indices(dataset.groups, groups)
    if dataset.softmax_over == "labels":
        units = ragged_indices(dataset.row_offsets, units)
    return int((np.asarray(dataset.gold[units]) >= 0).sum())


def between(batch: TrainingBatch, first: int, last: int) -> TrainingBatch:
    """Sequences ``first:last`` of a batch in which the scores of each single token compete."""
    if batch.scored_positions is None or batch.candidate_index is not None:
        raise ValueError("this batch is not one of single tokens")
    packed, positions = batch.packed, batch.scored_positions
    start, stop = (int(packed.boundaries[place]) for place in (first, last))
    lengths = np.diff(packed.boundaries[first : last + 1].numpy()).tolist()
    inside = (positions >= start) & (positions < stop)
    return TrainingBatch(
        packed=PackedBatch(
            ids=packed.ids[start:stop],
            token_type_ids=packed.token_type_ids[start:stop],
            position_ids=packed.position_ids[start:stop],
            length_groups=_length_groups(lengths),
        ),
        scored_positions=positions[inside] - start,
        candidate_index=None,
        gold=batch.gold[inside],
        any_known=bool((batch.gold[inside] >= 0).any()),
        dataset_rows=batch.dataset_rows[inside.numpy()],
    )


def _scored_positions(dataset: EncodedDataset, sequences: Indices, rows: Indices) -> Tensor:
    """Where in the batch the scored tokens are, shape (R,)."""
    counts = np.diff(dataset.row_offsets)[sequences]
    lengths = np.diff(dataset.offsets)[sequences]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    # A sequence moves as a whole, from its offset in the set to its start in the batch.
    shift = np.repeat(starts - dataset.offsets[sequences], counts)
    return torch.from_numpy(dataset.scored_positions[rows] + shift)


def _candidate_index(
    dataset: EncodedDataset, groups: Indices, sequences: Indices, rows: Indices, columns: int
) -> tuple[Indices | None, npt.NDArray[np.int32]]:
    """Which scores compete, (A, K), and which of them is right, (A,): see `TrainingBatch`."""
    if dataset.softmax_over == "labels":
        return None, np.asarray(dataset.gold[rows])
    if dataset.softmax_over == "group":
        # One softmax a group, over the only score of each of its sequences.
        units, bounds, sides = groups, dataset.row_offsets[dataset.groups], 1
        slots = np.ones(dataset.n_rows, dtype=np.int64)
    else:
        # Two a sequence, over starts and over ends: a token has as many as it has characters.
        units, bounds, sides = sequences, dataset.row_offsets, 2
        slots = dataset.arrays["places"]
    # Rows of the batch are sorted by length, softmaxes by unit: which batch row is which?
    order = np.argsort(rows, kind="stable")
    unit_rows = ragged_indices(bounds, units)
    batch_rows = order[np.searchsorted(rows[order], unit_rows)]
    # The first C / sides scores of a row are its slots; `before` counts those of earlier rows.
    counts = np.asarray(slots[unit_rows])
    before = np.cumsum(counts) - counts
    indices = np.repeat(batch_rows * columns - before, counts) + np.arange(counts.sum())
    firsts = np.concatenate([[0], np.cumsum(bounds[units + 1] - bounds[units])])
    candidates = np.diff(np.append(before, counts.sum())[firsts])  # of each unit
    filled = np.arange(candidates.max()) < candidates[:, None]  # (units, K)
    table = np.full(filled.shape, -1)
    table[filled] = indices
    # Scores of ends stand C / 2 columns behind those of starts.
    of_side = [np.where(filled, table + side * columns // sides, -1) for side in range(sides)]
    gold = np.asarray(dataset.gold[units]).reshape(-1)
    return np.stack(of_side, axis=1).reshape(-1, filled.shape[1]), gold


def mask(
    dataset: EncodedDataset,
    groups: Indices,
    vocabulary: Vocabulary,
    generator: np.random.Generator,
) -> TrainingBatch:
    """Gather groups of running text, and mask 15 % of their tokens, at least one."""
    # Devlin et al. (2019), section 3.1: of these 80 % become the mask, 10 % a random token of the
    # kept vocabulary, 10 % stay as they are.
    sequences = sequences_of(dataset, groups)
    rows = ragged_indices(dataset.row_offsets, sequences)
    ids = vocabulary.rows(dataset.ids[ragged_indices(dataset.offsets, sequences)])
    positions = _scored_positions(dataset, sequences, rows).numpy()
    masked = generator.random(len(positions)) < MASKED_SHARE
    if not masked.any():
        masked[generator.integers(len(positions))] = True
    positions, rows = positions[masked], rows[masked]
    gold = ids[positions]
    replacement = generator.random(len(positions))
    (mask_id,) = vocabulary.rows(np.asarray(dataset.arrays["mask"], dtype=np.int32))
    random_ids = generator.integers(len(vocabulary), size=len(positions))
    ids = ids.copy()
    ids[positions] = np.where(
        replacement < 0.8, mask_id, np.where(replacement < 0.9, random_ids, gold)
    )
    return TrainingBatch(
        packed=pack(dataset, sequences, ids),
        scored_positions=torch.from_numpy(positions),
        candidate_index=None,
        gold=torch.from_numpy(gold),
        any_known=True,
        dataset_rows=rows,
    )
