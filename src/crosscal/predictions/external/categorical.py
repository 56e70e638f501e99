"""Columns of words as numbers: groups, clusters, labels of anyone's files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.plain_text import plain_text
from crosscal.predictions.external.sources.table_source import TableSource

Tables = Mapping[str, pa.ChunkedArray]
Coded = tuple[NDArray[np.int64], list[str]]
"""Each row's number among a column's different values, and these as plain text."""


def codes(source: TableSource, name: str, column: pa.ChunkedArray) -> Coded:
    """Return each row's number among a column's different values, and these as plain text."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    demand_present(source, name, column)
    if pa.types.is_nested(column.type):
        raise DataError(
            "the column holds lists or records, not one value a row",
            where=f"{source.name}: column '{name}'",
            remedy="Give one value a row; of one-hot labels the index",
        )
    whole = column.dictionary_encode().unify_dictionaries()
    numbers = [np.asarray(chunk.indices, dtype=np.int64) for chunk in whole.chunks if len(chunk)]
    # 1 and "1.0", or é in one sign and in two, are one value.
    texts = [plain_text(value) for value in whole.chunk(0).dictionary.to_pylist()]
    order = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    merged = np.array([order[text] for text in texts], dtype=np.int64)
    return merged[np.concatenate(numbers)], list(order)


def sorted_codes(
    source: TableSource, name: str | None, columns: Mapping[str, pa.ChunkedArray]
) -> tuple[NDArray[np.int32] | None, tuple[str, ...]]:
    """Return each row's number among a column's sorted values as text, and these values."""
    if name is None:
        return None, ()
    indices, texts = codes(source, name, columns[name])
    order = sorted(range(len(texts)), key=lambda i: texts[i])
    rank = np.empty(len(texts), dtype=np.int32)
    rank[order] = np.arange(len(texts), dtype=np.int32)
    return rank[indices], tuple(texts[i] for i in order)


def demand_present(source: TableSource, name: str, column: pa.ChunkedArray) -> None:
    """Raise DataError at the first missing value of a column."""
    missing = pc.is_null(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        missing = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)
    elif not column.null_count:
        return
    rows = np.asarray(missing)
    if not rows.any():
        return
    row = int(rows.argmax())
    raise DataError(
        "value is missing",
        where=f"{source.name}: column '{name}', {source.locate(row)}",
        remedy="Fill it in or leave the row out",
    )


def coded(source: TableSource, name: str | None, columns: Tables) -> Coded | None:
    """Return the same as `codes`; None without a column, and where values are missing."""
    if name is None:
        return None
    try:
        return codes(source, name, columns[name])
    except DataError:
        return None
