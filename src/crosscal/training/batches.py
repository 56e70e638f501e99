"""Which groups of sequences go through the encoder together, and in which order.

Batches have a budget of tokens. For training, lengths are sorted within shuffled windows and the
batches of a window shuffled again, so that a batch holds nearly equal lengths without neighbouring
batches being alike. For prediction all examples are sorted once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def training_order(
    lengths: Indices,
    *,
    batch_tokens: int,
    window_batches: int,
    generator: np.random.Generator,
) -> list[Indices]:
    """Batches of one epoch: every example once, of near-equal length, shortest first."""
    shuffled = generator.permutation(len(lengths))
    window = max(1, int(window_batches * batch_tokens / lengths.mean()))
    batches: list[Indices] = []
    for start in range(0, len(shuffled), window):
        indices = shuffled[start : start + window]
        indices = indices[np.argsort(lengths[indices], kind="stable")]
        of_window = list(budgeted(indices, lengths, batch_tokens))
        batches.extend(of_window[i] for i in generator.permutation(len(of_window)))
    return batches


def prediction_order(lengths: Indices, *, batch_tokens: int) -> list[Indices]:
    """Batches over all examples, sorted by length once (ties in the given order)."""
    order = np.argsort(lengths, kind="stable")
    return list(budgeted(order, lengths, batch_tokens))


def budgeted(order: Indices, lengths: Indices, batch_tokens: int) -> Iterator[Indices]:
    """Cut an order into consecutive batches of at most `batch_tokens` tokens."""
    start = tokens = 0
    for position, length in enumerate(lengths[order]):
        if position > start and tokens + length > batch_tokens:
            yield order[start:position]
            start, tokens = position, 0
        tokens += int(length)
    if start < len(order):
        yield order[start:]
