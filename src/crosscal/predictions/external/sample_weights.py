"""How many cases each row of anyone's file stands for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.sources.table_source import TableSource
from crosscal.predictions.external.values import values_from_columns

Floats = NDArray[np.float64]


def weights_of(
    source: TableSource, name: str | None, tables: dict[str, pa.ChunkedArray]
) -> Floats | None:
    """Return the weights, (n,), 0 or more and some above; None without a column of them."""
    if name is None:
        return None
    weights = values_from_columns(source, [name], [tables[name]])[:, 0].astype(np.float64)
    where = f"{source.name}: column '{name}'"
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"the weight is {weights[row]}",
            where=f"{where}, {source.locate(row)}",
            remedy="Give how many cases the row stands for, a number from 0 up, or leave it out",
        )
    if not weights.any():
        raise DataError(
            "all weights are zero",
            where=where,
            remedy="Name another column, or leave out --weights",
        )
    return weights
