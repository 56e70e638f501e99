"""Several scores of the same rows made one: ensembles of seeds, and of dropout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from crosscal.tasks.tokens import TokenSet

Floats = npt.NDArray[np.float32]


def mean_scores(tokens: TokenSet, scores: Sequence[Floats]) -> Floats:
    """Average the probabilities that several models give.

    Parameters
    ----------
    tokens : TokenSet
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


def log_shares(tokens: TokenSet, scores: Floats) -> npt.NDArray[np.float64]:
    """Return log-probabilities within what competes, shape (rows, outputs)."""
    values = scores.astype(np.float64)
    if tokens.over == "labels":
        return np.asarray(values - logsumexp(values, axis=1, keepdims=True))
    bounds = tokens.row_offsets
    if tokens.over == "group":
        bounds = bounds[tokens.groups]
    counts = np.diff(bounds)
    highest = np.maximum.reduceat(values, bounds[:-1])
    values -= np.repeat(highest, counts, axis=0)
    totals = np.add.reduceat(np.exp(values), bounds[:-1])
    return np.asarray(values - np.repeat(np.log(totals), counts, axis=0))
