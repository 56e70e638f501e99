"""Student's factor for many numbers of clusters: nearly everywhere, exactly where it decides.

The factor ``sqrt(clusters / chi2)`` inverts an incomplete gamma function, which costs more than
all else that an interval of a mean needs. An interval ends at two of the draws: all others need
only be known to lie on either side of them. So the logarithm of the factor is taken from a
polynomial in the normal quantile of the same probability, and the inverse of draws alone that lie
so near an end that the polynomial's error could matter.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, ndtri

from crosscal.calibration.statistics.intervals import end_ranks

Floats = NDArray[np.float64]

RELATIVE_ERROR = 1e-6
"""Bound on that of `near_factor`; for 6 to 10 million clusters it is below 1e-9."""

FEWEST_CLUSTERS = 6
"""Of fewer the factor is too far from smooth."""

_DEGREE, _REACH = 16, 3.5


def exact_factor(clusters: float, uniform: Floats) -> Floats:
    """Return the factor for each uniform number."""
    return np.asarray(np.sqrt(clusters / chdtri(clusters - 1, uniform)))


def polynomials(uniform: Floats) -> Floats:
    """Return what `near_factor` needs of uniform numbers, whatever the number of clusters."""
    return chebvander(np.clip(ndtri(uniform) / _REACH, -1.0, 1.0), _DEGREE)


def near_factor(clusters: float, uniform: Floats, basis: Floats) -> Floats:
    """Return the factor to within `RELATIVE_ERROR`; `basis` is that of `polynomials`."""
    factor = np.exp(basis @ _coefficients(clusters))
    beyond = np.flatnonzero(np.abs(basis[:, 1]) >= 1.0)
    factor[beyond] = exact_factor(clusters, uniform[beyond])
    return factor


@lru_cache(maxsize=4096)  # groups of one size have the same
def _coefficients(clusters: float) -> Floats:
    """Return the coefficients of the logarithm, interpolated at Chebyshev's nodes."""
    nodes, inverse = _interpolation()
    return inverse @ np.log(exact_factor(clusters, ndtr(_REACH * nodes)))


@lru_cache(maxsize=1)
def _interpolation() -> tuple[Floats, Floats]:
    nodes: Floats = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    return nodes, np.asarray(np.linalg.inv(chebvander(nodes, _DEGREE)), dtype=np.float64)


def stretched_ends(
    deviation: Floats,
    mean: float,
    clusters: float,
    uniform: Floats,
    basis: Floats,
    level: float,
) -> Floats:
    """Return draws ``mean + factor * deviation``: exact where an interval of the level ends."""
    draws = deviation * near_factor(clusters, uniform, basis)
    slack = 4.0 * RELATIVE_ERROR * float(np.abs(draws).max()) + 1e-12
    draws += mean
    ranks = end_ranks(len(draws), level)
    ordered = np.partition(draws, ranks.ravel())[ranks]
    # What is exact differs from what is near by less than the slack, and so do their quantiles.
    near = np.zeros(len(draws), dtype=bool)
    for low, high in ordered:
        near |= (draws >= low - slack) & (draws <= high + slack)
    at = np.flatnonzero(near)
    exact = deviation[at]
    exact *= exact_factor(clusters, uniform[at])
    exact += mean
    draws[at] = exact
    return draws
