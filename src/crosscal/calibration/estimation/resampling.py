"""One draw of clusters, shared by all sets of rows that are to be compared.

Everything random that an estimate needs lies here, drawn once, so that estimates of languages,
recipes and seeds on the same items are paired draw by draw, and so that every caller that asks
the same question gets the same numbers.

Three things go beyond counting how often each cluster is drawn:

*A virtual row.* Where outcomes hardly vary (25 of 25 right), resampling them shows no variance,
and an interval [1, 1] that holds the truth seldom. So each replicate has one row more, with an
exponential weight, right with a probability that is itself drawn from Beta(1/2, 1/2): for
independent rows and an accuracy this is nearly Jeffreys' interval. Where no outcome varies it is
the opposite of all that were seen, and the interval is nearly that of Clopper and Pearson; see
Brown, Cai and DasGupta (2001). Where rows of a cluster agree, the virtual row weighs as many rows
as one is worth. Between sets of rows on the same items, weights and probabilities correlate by
about a half, neither as if the same item were hard everywhere nor as if nothing were shared.

*Student's factor.* With few clusters their variance is known badly: deviations are stretched by
``sqrt(clusters / chi2)``, chi2 with clusters - 1 degrees of freedom, which turns normal draws
into Student's.

*Streams* for what else is drawn, told apart by purpose and by the set's name and number.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtr

from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST_REPLICATES = 100_000
"""Beyond this nothing is gained, and memory ends."""

MOST_UNITS = 10_000
"""Clusters (or batches of them) that are drawn at most."""

# Replicates drawn at once, on which the numbers depend; and units counted at once: few, so that
# they fit in a processor's cache.
_BLOCK, _COUNTED = 5, 50_000
_WEIGHTS, _VIRTUAL, _CALIBRATED = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class ClusterResampling:
    """One draw of clusters.

    Attributes
    ----------
    weights : ndarray of shape (replicates, units)
        How often each cluster (or batch of clusters) occurs in each replicate.
    uniform : ndarray of shape (replicates,)
        Behind Student's factor.
    shared : ndarray of shape (2, replicates)
        Standard normal: the part of the virtual row's weight and outcome that all sets share.
    entropy : tuple of int
        Names the streams of this draw.
    first, step : int
        Which replicates of the whole draw these are.
    """

    weights: Floats
    uniform: Floats
    shared: Floats
    entropy: tuple[int, ...]
    first: int = 0
    step: int = 1
    _factors: dict[float, Floats] = field(default_factory=dict, compare=False, repr=False)
    # of the set that was asked for last
    _virtual: dict[tuple[str, int], Floats] = field(default_factory=dict, compare=False, repr=False)

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.weights)

    def student(self, clusters: float) -> Floats:
        """Return Student's factor for so many clusters, shape (replicates,)."""
        if clusters not in self._factors:
            factor = np.sqrt(clusters / chdtri(clusters - 1, self.uniform))
            self._factors[clusters] = np.asarray(factor)
        return self._factors[clusters]

    def virtual_row(
        self, name: str, number: int = 0, *, mean: float | None = None
    ) -> tuple[Floats, Floats]:
        """Return weight and outcome of the virtual row of one set, both (replicates,).

        Parameters
        ----------
        name, number : str, int
            Of the set.
        mean : float, optional
            Of its outcomes: at 0 or 1 none varies.
        """
        if (name, number) not in self._virtual:
            stream = self._stream(_VIRTUAL, zlib.crc32(name.encode()), number)
            own = stream.standard_normal((self.first + self.step * self.replicates, 2))
            own = own[self.first :: self.step][: self.replicates].T
            weight, outcome = ndtr(np.sqrt(0.5) * (self.shared + own))
            outcome = np.sin(np.pi / 2 * outcome) ** 2  # Beta(1/2, 1/2)
            self._virtual.clear()
            self._virtual[name, number] = np.stack([-np.log1p(-weight), outcome])
        weight, outcome = self._virtual[name, number]
        if mean in (0.0, 1.0):
            outcome = np.full_like(outcome, 1.0 - mean)
        return weight, outcome

    def calibrated_stream(self) -> np.random.Generator:
        """Return the generator of calibrated outcomes: the same numbers for every set."""
        return self._stream(_CALIBRATED, self.first)

    def thin(self, number: int, of: int) -> ClusterResampling:
        """Return every so-manieth replicate, from a number on."""
        part = slice(number, None, of)
        return replace(
            self,
            weights=self.weights[part],
            uniform=self.uniform[part],
            shared=self.shared[:, part],
            first=self.first + number * self.step,
            step=self.step * of,
            _factors={count: each[part] for count, each in self._factors.items()},
            _virtual={},
        )

    def _stream(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([*self.entropy, *purpose])


def resample_clusters(
    clusters: int, replicates: int, *, entropy: Sequence[int]
) -> ClusterResampling:
    """Draw clusters with replacement.

    Parameters
    ----------
    clusters : int
        A single one cannot be resampled; its weights are 1 throughout.
    entropy : sequence of int
        At least 0: the seed, and what tells this draw from others of the same seed.

    Raises
    ------
    SettingsError
        Fewer than one cluster or replicate.
    """
    if clusters < 1 or replicates < 1:
        raise SettingsError(
            f"{clusters} clusters, {replicates} replicates",
            where="replicates",
            remedy="give 1 or more of each",
        )
    rng = np.random.default_rng([*entropy, _WEIGHTS])
    weights = _counts(clusters, replicates, rng) if clusters > 1 else np.ones((replicates, 1))
    return ClusterResampling(
        weights=weights,
        uniform=rng.random(replicates),
        shared=rng.standard_normal((2, replicates)),
        entropy=tuple(entropy),
    )


def given_weights(weights: ArrayLike, *, entropy: Sequence[int]) -> ClusterResampling:
    """Return the draw that has these weights, shape (replicates, clusters)."""
    drawn = np.asarray(weights, dtype=np.float64)
    if drawn.ndim != 2 or drawn.size == 0 or not (np.isfinite(drawn).all() and drawn.min() >= 0):
        raise DataError(
            f"weights have shape {drawn.shape}, or are negative or not finite",
            where="weights",
            remedy="give a row for each replicate, and a column for each cluster",
        )
    return replace(resample_clusters(1, len(drawn), entropy=entropy), weights=drawn)


def _counts(units: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Draw units with replacement, and count; shape (replicates, units)."""
    weights = np.empty((replicates, units))
    small = units <= np.iinfo(np.uint16).max  # numbers of 16 bits are drawn much faster
    together = _BLOCK * max(1, _COUNTED // (_BLOCK * units))
    for start in range(0, replicates, together):
        end = min(start + together, replicates)
        drawn = np.empty((end - start, units), dtype=np.intp)
        for first in range(0, end - start, _BLOCK):
            size = drawn[first : first + _BLOCK].shape
            kind = np.uint16 if small else np.int64
            drawn[first : first + _BLOCK] = rng.integers(0, units, size=size, dtype=kind)
        drawn += (np.arange(end - start) * units)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=drawn.size)
        weights[start:end] = counts.reshape(drawn.shape)
    return weights
