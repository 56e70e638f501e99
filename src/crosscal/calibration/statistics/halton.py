"""Evenly spread points: the scrambled Halton sequence in two dimensions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BASES = (2, 3)
_BITS = 54  # digits beyond these change no float64


def scrambled_halton(points: int, rng: np.random.Generator) -> Floats:
    """Return points in [0, 1), shape (points, 2); Owen (2017), algorithm 1.

    Equal to the last bit to those of ``scipy.stats.qmc.Halton(2, rng=rng)``, without the second
    that importing `scipy.stats` takes.
    """
    (own,) = rng.spawn(1)
    orders = [_digit_orders(base, own) for base in _BASES]
    both = zip(_BASES, orders, strict=True)
    return np.stack([_van_der_corput(points, base, order) for base, order in both], axis=1)


def _digit_orders(base: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw an order of the digits for each place after the point, shape (places, base)."""
    places = math.ceil(_BITS / math.log2(base)) - 1
    orders = np.repeat(np.arange(base, dtype=np.int64)[None], places, axis=0)
    for order in orders:
        rng.shuffle(order)
    return orders


def _van_der_corput(points: int, base: int, orders: NDArray[np.int64]) -> Floats:
    """Mirror the digits of 0, 1, 2, ... at the point, each place in an order of its own."""
    rest, sequence, weight = np.arange(points), np.zeros(points), 1.0 / base
    for order in orders:
        rest, digit = np.divmod(rest, base)
        sequence += order[digit] * weight
        weight /= base
    return sequence
