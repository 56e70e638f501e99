"""Several scores of the same rows made one: ensembles of seeds, and of dropout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from crosscal.tasks.families.tokens import EncodedDataset

Floats = npt.NDArray[np.float32]


def mean_scores(tokens: EncodedDataset, scores: Sequence[Floats]) -> Floats:
    """Average the probabilities that several models give.

    Parameters
    ----------
    tokens : EncodedDataset
        What was scored.
    scores : sequence of ndarray of float32, shape (rows, outputs)
        Of each model.

    Returns
    -------
    ndarray of float32, shape (rows, outputs)
        Logarithms of the mean probabilities (Lakshminarayanan et al. 2017), each a share of what
        competes: of the labels of a row, the rows of a group, the starts or ends of a sequence.
    """
    logs = np.stack([log_shares(tokens, each) for each in scores])
    mean = logsumexp(logs, axis=0) - np.log(len(scores))
    return np.asarray(mean, dtype=np.float32)


def log_shares(tokens: EncodedDataset, scores: Floats) -> npt.NDArray[np.float64]:
    """Return log-probabilities within what competes, shape (rows, outputs)."""
    values = scores.astype(np.float64)
    if tokens.over == "labels":
        return np.asarray(values - logsumexp(values, axis=1, keepdims=True))
    bounds, sides = tokens.row_offsets, 2
    there = np.ones((len(values), 1), dtype=np.bool_)
    if tokens.over == "group":
        bounds, sides = bounds[tokens.groups], 1
    else:
        there = np.arange(values.shape[1] // 2) < tokens.arrays["places"][:, None]
    values = values.reshape(len(values), sides, -1)
    counted = np.where(there[:, None, :], values, -np.inf)
    highest = np.maximum.reduceat(counted.max(axis=2), bounds[:-1])
    counts = np.diff(bounds)
    values -= np.repeat(highest, counts, axis=0)[:, :, None]
    counted -= np.repeat(highest, counts, axis=0)[:, :, None]
    totals = np.add.reduceat(np.exp(counted).sum(axis=2), bounds[:-1])
    shares = values - np.repeat(np.log(totals), counts, axis=0)[:, :, None]
    return np.asarray(shares.reshape(scores.shape))
