"""Vectors, one a row, in blocks: brought to unit length, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from crosscal.exceptions import DataError, SettingsError

Floats = npt.NDArray[np.float32]


@runtime_checkable
class Blocks(Protocol):
    """Blocks of rows that can be gone through again and again, as a list of arrays can."""

    def __len__(self) -> int:
        """Return the number of blocks."""

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """Start from the first block."""


Rows = npt.NDArray[Any] | Blocks
"""Vectors, one a row: an array, which may be a `numpy.memmap`, or blocks of them."""
Stream = Rows | Iterable[npt.NDArray[Any]]
"""The same, or blocks that can be read only once."""


def unit_rows(rows: npt.ArrayLike, numbers: Sequence[int], *, name: str = "rows") -> Floats:
    """Divide rows by their lengths."""
    array = np.asarray(rows)
    if array.ndim != 2 or array.shape[1] == 0 or array.dtype.kind not in "fiu":
        raise DataError(
            f"vectors of shape {array.shape} and type {array.dtype}",
            where=name,
            remedy="Give real numbers in shape (rows, dimensions)",
        )
    with np.errstate(over="ignore"):
        double = array.astype(np.float32).astype(np.float64)
    # Zero for zero rows, NaN or infinity for the others that have no direction.
    squares = (double * double).sum(axis=1)
    bad = ~(np.isfinite(squares) & (squares > 0))
    if bad.any():
        worst = int(bad.argmax())
        what = "zero" if squares[worst] == 0 else "NaN or infinite in float32"
        raise DataError(
            f"row {numbers[worst]} is {what}",
            where=name,
            remedy="Embed that sentence again or leave it out",
        )
    unit: Floats = (double / np.sqrt(squares)[:, None]).astype(np.float32)
    return unit


def parts(rows: Stream) -> Iterable[npt.NDArray[Any]]:
    """Return the blocks of rows: an array is one."""
    return (np.atleast_1d(rows),) if isinstance(rows, np.ndarray) else rows


def unit_blocks(rows: Stream, block: int, name: str) -> Iterator[tuple[int, Floats]]:
    """Yield the number of the first row, and the unit rows, of one block after another."""
    start = 0
    for part in parts(rows):
        for begin in range(0, len(part), block):
            some = part[begin : begin + block]
            yield start, unit_rows(some, range(start, start + len(some)), name=name)
            start += len(some)
    if start == 0:
        raise DataError("there are no rows", where=name, remedy="Give at least one vector")


def check_block(block: int) -> None:
    """Raise SettingsError unless a block has a row."""
    if block < 1:
        raise SettingsError(f"blocks of {block} rows", where="block", remedy="Give 1 or more")
