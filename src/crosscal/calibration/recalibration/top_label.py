"""A new confidence for the chosen label, the rest shared among the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def replace_confidence(probabilities: Floats, confidence: Floats) -> Floats:
    """Give each row's first highest choice a new probability."""
    rows, top = np.arange(len(probabilities)), probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[rows, top] = 0.0
    total = others.sum(axis=1, keepdims=True)
    equal = np.full_like(others, 1.0 / (others.shape[1] - 1))
    equal[rows, top] = 0.0
    # The others share the rest in the proportion they had; one of them may come out higher.
    shares = np.where(total > 0, others / np.where(total > 0, total, 1.0), equal)
    result = shares * (1.0 - confidence)[:, None]
    result[rows, top] = confidence
    return np.asarray(result)
