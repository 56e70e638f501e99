"""Classes taken one by one: numbers of each class made into probabilities of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from crosscal.calibration.proper import log_softmax

Floats = NDArray[np.float64]


def normalise(marginals: Floats) -> Floats:
    """Divide each row by its sum."""
    total = marginals.sum(axis=1, keepdims=True)
    empty = total == 0  # every class is thought impossible: uniform, as in scikit-learn
    return np.where(empty, 1.0 / marginals.shape[1], marginals / np.where(empty, 1.0, total))


def log_pair(scores: Floats) -> tuple[Floats, Floats]:
    """Return log p and log(1 - p) of every class, both exact however sure the row is."""
    present = log_softmax(scores)
    absent = np.empty_like(present)
    for choice in range(scores.shape[1]):
        absent[:, choice] = logsumexp(np.delete(present, choice, axis=1), axis=1)
    return present, absent
