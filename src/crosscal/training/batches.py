"""Which examples go through the encoder together, and in which order.

Batches have a budget of tokens. For training, lengths are sorted within
shuffled windows and the batches of a window shuffled again, so that a batch
holds nearly equal lengths without neighbouring batches being alike. For
prediction all examples are sorted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from crosscal.encoders.packing import Batch
from crosscal.encoders.vocabulary import Vocabulary
from crosscal.training.tokens import TokenSet

Indices = npt.NDArray[np.int64]


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


def collate(tokens: TokenSet, chosen: Indices, vocabulary: Vocabulary) -> Batch:
    """Lay the chosen examples, which must be sorted by length, end to end."""
    spans = [np.arange(tokens.offsets[i], tokens.offsets[i + 1]) for i in chosen]
    places = np.concatenate(spans)
    lengths = [len(span) for span in spans]
    return Batch(
        ids=torch.from_numpy(vocabulary.rows(tokens.ids[places])),
        types=torch.from_numpy(tokens.types[places].astype(np.int64)),
        places=torch.from_numpy(np.concatenate([np.arange(length) for length in lengths])),
        runs=_runs(lengths),
    )


def _runs(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    values, counts = np.unique(lengths, return_counts=True)
    if list(lengths) != sorted(lengths):
        raise ValueError("the examples of a batch must be sorted by length")
    return tuple((int(value), int(count)) for value, count in zip(values, counts, strict=True))
