"""p-values adjusted for the number of comparisons made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crosscal.exceptions import DataError

Floats = NDArray[np.float64]


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Return p-values adjusted so that the family-wise error rate is controlled, in order.

    The i-th smallest of m becomes ``max over j <= i of min(1, (m - j + 1) p_(j))``. Rejecting
    what is at most alpha makes one or more false rejections with probability at most alpha,
    whatever the dependence between the tests. m may be 0. Holm (1979).

    Raises
    ------
    DataError
        None, NaN, or a number outside 0 to 1. A comparison that was not made has no place in
        the family: leave it out.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = _check(p_values)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    raised = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return _put_back(raised, order)


def benjamini_hochberg(p_values: Sequence[float] | Floats) -> Floats:
    """Return p-values adjusted so that the false discovery rate is controlled; errors as in `holm`.

    The i-th smallest of m becomes ``min over j >= i of min(1, m p_(j) / j)``. Of what is at
    most alpha, an expected share of at most alpha is falsely rejected, if the tests are
    independent or positively dependent. Benjamini and Hochberg (1995).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    values = _check(p_values)
    order = np.argsort(values, kind="stable")
    count = len(values)
    # The factor first: it is at least 1, and then no p-value falls by rounding.
    raised = values[order] * (count / np.arange(1, count + 1))
    lowest_above = np.minimum.accumulate(raised[::-1])[::-1]
    return _put_back(np.minimum(1.0, lowest_above), order)


def _put_back(ordered: Floats, order: NDArray[np.intp]) -> Floats:
    values = np.empty_like(ordered)
    values[order] = ordered
    return values


def _check(p_values: Sequence[float] | Floats) -> Floats:
    try:
        # None becomes NaN, and is named below.
        values = np.asarray(p_values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            "p-values are not numbers", where="p_values", remedy="give numbers from 0 to 1"
        ) from error
    if values.ndim != 1:
        raise DataError(
            f"p-values have shape {values.shape}",
            where="p_values",
            remedy="give one list of all comparisons of the family",
        )
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        number = int(wrong.argmax())
        raise DataError(
            f"p-value is {values[number]}",
            where=f"p_values, {number}",
            remedy="give numbers from 0 to 1, and leave out comparisons that were not made",
        )
    return values
