"""What turns a vector of excesses into one error: lengths of vectors, and their slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.rows import row_sum

Floats = NDArray[np.float64]


def _sums(values: Floats) -> Floats:
    """Return the sums over the last axis."""
    return row_sum(values) if values.ndim == 2 else np.asarray(values.sum(axis=-1))


class Norm(Protocol):
    """A convex function of vectors that grows in proportion to them, 0 at 0."""

    # Called with (..., columns) it gives lengths (...); `slope` is the derivative of the length at
    # `at` in a direction, both (..., columns).

    def __call__(self, excess: Floats) -> Floats:
        """Return the lengths."""
        ...

    def slope(self, at: Floats, direction: Floats) -> Floats:
        """Return the derivatives."""
        ...


@dataclass(frozen=True)
class L1:
    """``sum |x|``, for vectors that carry their weights."""

    def __call__(self, excess: Floats) -> Floats:
        """Return the lengths."""
        return _sums(np.abs(excess))

    def slope(self, at: Floats, direction: Floats) -> Floats:
        """Return the derivatives."""
        step = np.sign(at)
        step *= direction  # large arrays are slow to make
        return _sums(step)


@dataclass(frozen=True)
class Positive:
    """``sum max(0, sign x)``: one direction only, so not a norm in the strict sense."""

    sign: float = 1.0

    def __call__(self, excess: Floats) -> Floats:
        """Return the lengths."""
        return _sums(np.maximum(self.sign * excess, 0.0))

    def slope(self, at: Floats, direction: Floats) -> Floats:
        """Return the derivatives."""
        return _sums(np.where(self.sign * at > 0, self.sign * direction, 0.0))


@dataclass(frozen=True)
class L2:
    """``sqrt(sum weight x^2)``."""

    weight: Floats

    def __call__(self, excess: Floats) -> Floats:
        """Return the lengths."""
        return np.asarray(np.sqrt(np.square(excess) @ self.weight))

    def slope(self, at: Floats, direction: Floats) -> Floats:
        """Return the derivatives."""
        length = self(at)
        product = (at * direction) @ self.weight
        return np.divide(product, length, out=np.zeros_like(length), where=length > 0)


@dataclass(frozen=True)
class Max:
    """``max weight |x|``."""

    weight: Floats

    def __call__(self, excess: Floats) -> Floats:
        """Return the lengths."""
        return np.asarray((np.abs(excess) * self.weight).max(axis=-1))

    def slope(self, at: Floats, direction: Floats) -> Floats:
        """Return the derivatives."""
        top = (np.abs(at) * self.weight).argmax(axis=-1)[..., None]
        step = np.take_along_axis(np.sign(at) * direction * self.weight, top, axis=-1)
        return np.asarray(step[..., 0])
