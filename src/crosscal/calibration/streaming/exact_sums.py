"""Sums that do not depend on order: numbers are rounded once, then added as integers.

A number in [0, 1] is rounded to a multiple of 2^-53, which a float64 of at least 1/2 already is.
Its upper and lower half are integers below 2^27, whose sums are exact: first in float64 over
65,536 rows, then in 64-bit integers over up to 2^36 rows. So any split of the rows into parts,
in any order, gives the same sum to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

_HALF = float(1 << 26)
_UNIT = 1 << 53

# Numbers from here on have whole parts that could overflow together; they are added one by one.
_LARGE = float(1 << 26)


@dataclass(frozen=True, kw_only=True)
class ExactSums:
    """Sums of numbers in [0, 1], one for each of several places."""

    high: Longs  # (places,) In units of 2^-26 and 2^-53
    low: Longs

    @classmethod
    def zeros(cls, cells: int) -> ExactSums:
        """Return sums of nothing."""
        return cls(high=np.zeros(cells, dtype=np.int64), low=np.zeros(cells, dtype=np.int64))

    def plus(self, index: NDArray[np.intp], values: Floats) -> ExactSums:
        """Add at most 65,536 numbers in [0, 1], each at its place."""
        high = np.floor(values * _HALF)
        low = np.rint((values * _HALF - high) * (_HALF * 2))
        size = len(self.high)
        return ExactSums(
            high=self.high + np.bincount(index, weights=high, minlength=size).astype(np.int64),
            low=self.low + np.bincount(index, weights=low, minlength=size).astype(np.int64),
        )

    def __add__(self, other: ExactSums) -> ExactSums:
        return ExactSums(high=self.high + other.high, low=self.low + other.low)

    def floats(self) -> Floats:
        """Return the sums, each rounded once."""
        pairs = zip(self.high.tolist(), self.low.tolist(), strict=True)
        return np.array([((high << 27) + low) / _UNIT for high, low in pairs])


@dataclass(frozen=True, kw_only=True)
class ExactTotal:
    """The sum of numbers of at least 0, of any size."""

    units: int = 0  # in units of 2^-53, of any length
    infinite: int = 0  # how many were infinite

    def plus(self, values: Floats) -> ExactTotal:
        """Add at most 65,536 numbers."""
        finite = values[np.isfinite(values)]
        whole = np.floor(finite)
        part = ExactSums.zeros(1).plus(np.zeros(len(finite), dtype=np.intp), finite - whole)
        large = whole >= _LARGE
        units = (int(part.high[0]) << 27) + int(part.low[0])
        units += _UNIT * int(whole[~large].sum())
        units += _UNIT * sum(int(number) for number in whole[large].tolist())
        return ExactTotal(
            units=self.units + units, infinite=self.infinite + len(values) - len(finite)
        )

    def __add__(self, other: ExactTotal) -> ExactTotal:
        return ExactTotal(units=self.units + other.units, infinite=self.infinite + other.infinite)

    def mean(self, n: int) -> float:
        """Return the sum over n, rounded once; infinite if any number was."""
        return float("inf") if self.infinite else self.units / (_UNIT * n)
