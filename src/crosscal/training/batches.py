"""Which groups of sequences go through the encoder together, and in which order.

Batches have a budget of tokens. For training, lengths are sorted within
shuffled windows and the batches of a window shuffled again, so that a batch
holds nearly equal lengths without neighbouring batches being alike. For
prediction all examples are sorted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from crosscal.encoders.packing import PackedBatch
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.tasks.families.tokens import EncodedDataset

Indices = npt.NDArray[np.int64]

# Devlin et al. (2019).
MASKED_SHARE = 0.15


def training_order(
    lengths: npt.NDArray[np.int64],
    *,
    batch_tokens: int,
    window_batches: int,
    generator: np.random.Generator,
) -> list[Indices]:
    """Batches of one epoch: every example once, of near-equal length within a batch.

    Parameters
    ----------
    lengths : ndarray of int64
        Tokens of each example.
    batch_tokens : int
        Budget of a batch; a longer example makes a batch of its own.
    window_batches : int
        Size of the windows, in batches of average length.
    generator : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    list of ndarray of int64
        Indices of the examples of each batch, shortest first.
    """
    shuffled = generator.permutation(len(lengths))
    window = max(1, int(window_batches * batch_tokens / lengths.mean()))
    batches: list[Indices] = []
    for start in range(0, len(shuffled), window):
        part = shuffled[start : start + window]
        part = part[np.argsort(lengths[part], kind="stable")]
        cut = list(budgeted(part, lengths, batch_tokens))
        batches.extend(cut[i] for i in generator.permutation(len(cut)))
    return batches


def prediction_order(lengths: npt.NDArray[np.int64], *, batch_tokens: int) -> list[Indices]:
    """Batches over all examples, sorted by length once (ties in the given order)."""
    order = np.argsort(lengths, kind="stable")
    return list(budgeted(order, lengths, batch_tokens))


def budgeted(
    order: Indices, lengths: npt.NDArray[np.int64], batch_tokens: int
) -> Iterator[Indices]:
    """Cut an order into consecutive batches of at most `batch_tokens` tokens."""
    start = tokens = 0
    for place, length in enumerate(lengths[order]):
        if place > start and tokens + length > batch_tokens:
            yield order[start:place]
            start, tokens = place, 0
        tokens += int(length)
    if start < len(order):
        yield order[start:]


@dataclass(frozen=True, kw_only=True)
class TrainingBatch:
    """A batch and what is asked of it.

    Attributes
    ----------
    batch : PackedBatch
        The sequences.
    rows : Tensor or None
        Places of the scored tokens in the batch, int64, shape (R,); None: R whole sequences.
    answers : Tensor or None
        What competes, as rows of a matrix: its entries are numbers into the flattened (R, C)
        scores, -1 where there is none, int64, shape (A, K). None: the scores of each row.
    gold : Tensor
        Column of the right choice in what competes, -1 where it is not known; int64, shape (A,).
    places : ndarray of int64
        Where each scored row stands in the token set, shape (R,).
    """

    batch: PackedBatch
    rows: Tensor | None
    answers: Tensor | None
    gold: Tensor
    places: Indices

    def to(self, device: torch.device) -> TrainingBatch:
        """Return the same work on another device."""
        return TrainingBatch(
            batch=self.batch.to(device),
            rows=None if self.rows is None else self.rows.to(device, non_blocking=True),
            answers=None if self.answers is None else self.answers.to(device, non_blocking=True),
            gold=self.gold.to(device, non_blocking=True),
            places=self.places,
        )

    def logits(self, scores: Tensor) -> Tensor:
        """Arrange scores of shape (R, C) so that what competes stands in one row, shape (A, K).

        Places without choice hold minus infinity.
        """
        if self.answers is None:
            return scores
        flat = torch.cat([scores.reshape(-1), scores.new_full((1,), -torch.inf)])
        return flat[self.answers]


def sequences_of(tokens: EncodedDataset, chosen: Indices) -> Indices:
    """Sequences of the chosen groups, shortest first (ties in the order of the groups)."""
    groups = tokens.groups
    found = np.concatenate([np.arange(groups[g], groups[g + 1]) for g in chosen])
    lengths = tokens.offsets[found + 1] - tokens.offsets[found]
    return found[np.argsort(lengths, kind="stable")]


def lay_out(tokens: EncodedDataset, sequences: Indices, ids: npt.NDArray[np.int64]) -> PackedBatch:
    """Lay sequences, which must be sorted by length, end to end; `ids` are rows of the table."""
    places = spans(tokens.offsets, sequences)
    lengths = (tokens.offsets[sequences + 1] - tokens.offsets[sequences]).tolist()
    return PackedBatch(
        ids=torch.from_numpy(ids),
        types=torch.from_numpy(tokens.types[places].astype(np.int64)),
        places=torch.from_numpy(np.concatenate([np.arange(length) for length in lengths])),
        runs=_runs(lengths),
    )


def spans(offsets: npt.NDArray[np.int64], chosen: Indices) -> Indices:
    """Numbers ``offsets[i]:offsets[i + 1]`` of the chosen, end to end."""
    return np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in chosen])


def collate(
    tokens: EncodedDataset, chosen: Indices, vocabulary: Vocabulary, columns: int
) -> TrainingBatch:
    """Gather the chosen groups of a set that is not scored over the vocabulary.

    Parameters
    ----------
    tokens : EncodedDataset
        The set.
    chosen : ndarray of int64
        Groups.
    vocabulary : Vocabulary
        What the model's embedding table holds.
    columns : int
        Scores a row, of the head.
    """
    sequences = sequences_of(tokens, chosen)
    places = spans(tokens.row_offsets, sequences)
    ids = tokens.ids[spans(tokens.offsets, sequences)]
    competing, gold = _competing(tokens, chosen, sequences, places, columns)
    return TrainingBatch(
        batch=lay_out(tokens, sequences, vocabulary.rows(ids)),
        rows=_rows(tokens, sequences, places) if len(tokens.rows) else None,
        answers=None if competing is None else torch.from_numpy(competing),
        gold=torch.from_numpy(gold.astype(np.int64)),
        places=places,
    )


def _rows(tokens: EncodedDataset, sequences: Indices, places: Indices) -> Tensor:
    """Places in the batch of the scored tokens."""
    counts = np.diff(tokens.row_offsets)[sequences]
    lengths = np.diff(tokens.offsets)[sequences]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    moved = np.repeat(starts - tokens.offsets[sequences], counts)
    return torch.from_numpy(tokens.rows[places] + moved)


def _competing(
    tokens: EncodedDataset, chosen: Indices, sequences: Indices, places: Indices, columns: int
) -> tuple[Indices | None, npt.NDArray[np.int32]]:
    """Which scores compete, and which of them is right: see `TrainingBatch`."""
    if tokens.over == "labels":
        return None, np.asarray(tokens.gold[places])
    if tokens.over == "group":
        units, bounds, sides = chosen, tokens.row_offsets[tokens.groups], 1
        places_of = np.ones(tokens.scored, dtype=np.int64)
    else:
        units, bounds, sides = sequences, tokens.row_offsets, 2
        places_of = tokens.arrays["places"]
    # The row of the batch that scores each row of the set.
    order = np.argsort(places, kind="stable")
    rows = spans(bounds, units)
    scored_by = order[np.searchsorted(places[order], rows)]
    # Row by row its places, one behind the other.
    counts = np.asarray(places_of[rows])
    before = np.cumsum(counts) - counts
    numbers = np.repeat(scored_by * columns - before, counts) + np.arange(counts.sum())
    of_unit = np.diff(np.append(before, counts.sum())[_firsts(bounds, units)])
    inside = np.arange(of_unit.max()) < of_unit[:, None]
    competing = np.full(inside.shape, -1)
    competing[inside] = numbers
    ends = [np.where(inside, competing + side * columns // sides, -1) for side in range(sides)]
    gold = np.asarray(tokens.gold[units]).reshape(-1)
    return np.stack(ends, axis=1).reshape(-1, inside.shape[1]), gold


def _firsts(bounds: npt.NDArray[np.int64], units: Indices) -> Indices:
    """Where the rows of each unit begin when they are laid end to end, and where the last end."""
    lengths = bounds[units + 1] - bounds[units]
    return np.concatenate([[0], np.cumsum(lengths)])


def mask(
    tokens: EncodedDataset,
    chosen: Indices,
    vocabulary: Vocabulary,
    generator: np.random.Generator,
) -> TrainingBatch:
    """Gather groups of running text, and mask 15 % of their tokens.

    Devlin et al. (2019), section 3.1: of the chosen tokens, at least one a batch, 80 % become
    the mask, 10 % a random token of the kept vocabulary, 10 % stay as they are.
    """
    sequences = sequences_of(tokens, chosen)
    places = spans(tokens.row_offsets, sequences)
    ids = vocabulary.rows(tokens.ids[spans(tokens.offsets, sequences)])
    rows = _rows(tokens, sequences, places).numpy()
    hidden = generator.random(len(rows)) < MASKED_SHARE
    if not hidden.any():
        hidden[generator.integers(len(rows))] = True
    rows, places = rows[hidden], places[hidden]
    right = ids[rows]
    fate = generator.random(len(rows))
    (mark,) = vocabulary.rows(np.asarray(tokens.arrays["mask"], dtype=np.int32))
    drawn = generator.integers(len(vocabulary), size=len(rows))
    ids = ids.copy()
    ids[rows] = np.where(fate < 0.8, mark, np.where(fate < 0.9, drawn, right))
    return TrainingBatch(
        batch=lay_out(tokens, sequences, ids),
        rows=torch.from_numpy(rows),
        answers=None,
        gold=torch.from_numpy(right),
        places=places,
    )


def _runs(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    values, counts = np.unique(lengths, return_counts=True)
    if list(lengths) != sorted(lengths):
        raise ValueError("the sequences of a batch must be sorted by length")
    return tuple((int(value), int(count)) for value, count in zip(values, counts, strict=True))
