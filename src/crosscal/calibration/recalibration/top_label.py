"""A new confidence for the chosen label, the rest shared among the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def replace_confidence(probabilities: Floats, confidence: Floats) -> Floats:
    """Give each row's first highest choice a new probability.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (n, k)
    confidence : ndarray of float64, shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n, k)
        Rows sum to 1. The other choices share the rest in the proportion they had, equally if
        they had nothing. If little is left to the chosen label, another one may come out higher.
    """
    rows, top = np.arange(len(probabilities)), probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[rows, top] = 0.0
    total = others.sum(axis=1, keepdims=True)
    equal = np.full_like(others, 1.0 / (others.shape[1] - 1))
    equal[rows, top] = 0.0
    shares = np.where(total > 0, others / np.where(total > 0, total, 1.0), equal)
    result = shares * (1.0 - confidence)[:, None]
    result[rows, top] = confidence
    return np.asarray(result)
