"""Maximum, sum and chosen column of each row of an array that may have few columns.

numpy reduces along the last axis row by row, which for three columns costs more than the
arithmetic. Going column by column gives the same numbers to the last bit, because up to seven
columns numpy adds in order too.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# numpy adds eight or more neighbours in another order.
_FEW_COLUMNS = 7


def row_max(values: Floats) -> Floats:
    """Return the highest value of each row, shape (n,)."""
    if values.shape[1] > _FEW_COLUMNS:
        return np.asarray(values.max(axis=1))
    return np.asarray(reduce(np.maximum, values.T))


def row_sum(values: Floats) -> Floats:
    """Return the sum of each row, shape (n,)."""
    if values.shape[1] > _FEW_COLUMNS:
        return np.asarray(values.sum(axis=1))
    return np.asarray(reduce(np.add, values.T))


def row_argmax(values: Floats) -> NDArray[np.intp]:
    """Return the first column with the highest value of each row, shape (n,)."""
    if values.shape[1] > _FEW_COLUMNS:
        return np.asarray(values.argmax(axis=1))
    highest, first = values[:, 0], np.zeros(len(values), dtype=np.intp)
    for number, column in enumerate(values.T[1:], start=1):
        np.putmask(first, column > highest, number)
        highest = np.maximum(highest, column)
    return first
