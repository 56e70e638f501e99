"""Predictions that were stored as probabilities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.table import Predictions

# Sums of float32 probabilities over a few hundred choices stay within this.
# So far single ones may be from 0 and 1, too.
_TOLERANCE = 1e-3


def from_probabilities(predictions: Predictions) -> Predictions:
    """Turn a table whose scores are probabilities into one of log-probabilities.

    Probabilities must be from 0 to 1 and sum to 1 (both within 0.001); 0 counts as the smallest
    positive normal float32 (1.2e-38), since scores must be finite.
    """
    values, starts = _scores(predictions)
    beyond = (values < -_TOLERANCE) | (values > 1 + _TOLERANCE)
    outside = np.add.reduceat(beyond, starts).astype(bool)
    sums = np.add.reduceat(values, starts)
    off = np.abs(sums - 1) > _TOLERANCE
    shown = f"{values[beyond.argmax()]} is outside 0 to 1"
    for wrong, what in ((outside, shown), (off, "")):
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                what or f"probabilities sum to {float(sums[row])}, not 1",
                where=f"{predictions.where}: column 'scores', row {row}",
                remedy="normalise them, or give logits without --probabilities",
            )
    logs = np.log(np.maximum(values, np.finfo(np.float32).tiny)).astype(np.float32)
    offsets = pa.array(np.concatenate([starts, [len(values)]]).astype(np.int32))
    table = predictions.table.set_column(
        predictions.table.column_names.index("scores"),
        "scores",
        pa.ListArray.from_arrays(offsets, pa.array(logs)),
    )
    return Predictions(predictions.provenance, table, where=predictions.where)


def demand_logits(predictions: Predictions) -> None:
    """Raise DataError if the scores are probabilities, of which softmax would be false."""
    values, starts = _scores(predictions)
    beyond = (values < -_TOLERANCE) | (values > 1 + _TOLERANCE)
    off = np.abs(np.add.reduceat(values, starts) - 1) > _TOLERANCE
    if not beyond.any() and not off.any():
        raise DataError(
            "scores are in [0, 1] and sum to one in every row, as probabilities do",
            where=f"{predictions.where}: column 'scores'",
            remedy="give --probabilities",
        )


def _scores(predictions: Predictions) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return all scores in one row, and where those of each unit begin."""
    column = predictions.table["scores"].combine_chunks()
    counts = np.asarray(pc.list_value_length(column))
    values = np.asarray(pc.list_flatten(column), dtype=np.float64)
    return values, np.concatenate([[0], np.cumsum(counts)[:-1]])
