"""Quantiles of counts, without the second that importing `scipy.stats` takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrik


def binomial_quantile(share: ArrayLike, n: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
    """Return the least count k with ``P(X <= k) >= share``, X binomial; arguments broadcast."""
    # Where p is 0, nothing can be solved for, and no count is more than 0.
    found = np.nan_to_num(np.ceil(bdtrik(share, n, p)))
    below = np.maximum(found - 1.0, 0.0)  # rounding may have made it one too many
    return np.asarray(np.where(bdtr(below, n, p) >= np.asarray(share), below, found))
