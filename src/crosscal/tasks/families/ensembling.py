"""Several scores of the same rows made one: ensembles of seeds, and of dropout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from crosscal.tasks.families.tokens import EncodedDataset

Floats = npt.NDArray[np.float32]


def mean_scores(dataset: EncodedDataset, scores: Sequence[Floats]) -> Floats:
    """Average the probabilities that several models give.

    Parameters
    ----------
    dataset : EncodedDataset
        What was scored.
    scores : sequence of ndarray of float32, shape (rows, outputs)
        Of each model.

    Returns
    -------
    ndarray of float32, shape (rows, outputs)
        Logarithms of the mean probabilities (Lakshminarayanan et al. 2017), each of a softmax
        over the labels of a row, the rows of a group, the starts or ends of a sequence.
    """
    logs = np.stack([log_probabilities(dataset, each) for each in scores])
    mean = logsumexp(logs, axis=0) - np.log(len(scores))
    return np.asarray(mean, dtype=np.float32)


def log_probabilities(dataset: EncodedDataset, scores: Floats) -> npt.NDArray[np.float64]:
    """Take the logarithm of each softmax, shape (rows, outputs)."""
    logits = scores.astype(np.float64)
    if dataset.softmax_over == "labels":
        return np.asarray(logits - logsumexp(logits, axis=1, keepdims=True))
    bounds, sides = dataset.row_offsets, 2
    exists = np.ones((len(logits), 1), dtype=np.bool_)
    if dataset.softmax_over == "group":
        bounds, sides = bounds[dataset.groups], 1
    else:
        # A token has fewer slots than the head has scores: the others belong to no softmax.
        exists = np.arange(logits.shape[1] // 2) < dataset.arrays["places"][:, None]
    logits = logits.reshape(len(logits), sides, -1)  # (rows, start or end, slots)
    competing = np.where(exists[:, None, :], logits, -np.inf)
    # logsumexp over the rows of a unit, of ragged number: the highest is taken off first.
    highest = np.maximum.reduceat(competing.max(axis=2), bounds[:-1])  # (units, sides)
    counts = np.diff(bounds)
    logits -= np.repeat(highest, counts, axis=0)[:, :, None]
    competing -= np.repeat(highest, counts, axis=0)[:, :, None]
    totals = np.add.reduceat(np.exp(competing).sum(axis=2), bounds[:-1])
    logs = logits - np.repeat(np.log(totals), counts, axis=0)[:, :, None]
    return np.asarray(logs.reshape(scores.shape))
