"""The prediction table: scored choices for each unit, and which choice is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.provenance import Provenance
from crosscal.predictions.validation import COLUMNS, ORDER, validate


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The predictions of one language and split as arrays, in the order of the table.

    Attributes
    ----------
    scores : ndarray of float64, shape (n, k)
        Minus infinity where a unit has fewer choices.
    gold : ndarray of int64, shape (n,)
        Index of the right choice, -1 if it is not among them.
    unit_ids, cluster_ids : ndarray of str, shape (n,)
    """

    scores: NDArray[np.float64]
    gold: NDArray[np.int64]
    unit_ids: NDArray[np.str_]
    cluster_ids: NDArray[np.str_]


class Predictions:
    """All predictions of one run (recipe and seed), validated.

    Parameters
    ----------
    provenance : Provenance
    table : pyarrow.Table
        Columns ``unit_id, cluster_id, language, split`` (string), ``scores`` (list of float32)
        and ``gold`` (int32), rows sorted by (split, language, unit_id); further columns are
        kept untouched.
    where : str
        The file or object named in errors.
    """

    def __init__(
        self, provenance: Provenance, table: pa.Table, *, where: str = "predictions"
    ) -> None:
        validate(table, provenance.choices, where=where)
        self._provenance = provenance
        self._table = table.cast(_canonical(table.schema)).combine_chunks()
        self._where = where

    @property
    def provenance(self) -> Provenance:
        """What made the predictions."""
        return self._provenance

    @property
    def table(self) -> pa.Table:
        """The table itself."""
        return self._table

    @property
    def where(self) -> str:
        """The file or object these predictions came from, for messages."""
        return self._where

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        p = self._provenance
        return f"Predictions({p.recipe!r}, seed={p.seed}, task={p.task!r}, rows={len(self)})"

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits, sorted."""
        return tuple(sorted(pc.unique(self._table["split"]).to_pylist()))

    def languages(self, split: str) -> tuple[str, ...]:
        """Return the languages of a split, sorted; none if the split is not there."""
        selected = pc.equal(self._table["split"], split)
        return tuple(sorted(pc.unique(self._table["language"].filter(selected)).to_pylist()))

    def check_parallel(self, split: str) -> None:
        """Raise DataError unless every language of the split has the same units and clusters."""
        validate(self._table, self._provenance.choices, parallel=split, where=self._where)

    def select(self, *, language: str, split: str) -> Slice:
        """Return one language of one split as arrays."""
        selected = pc.and_(
            pc.equal(self._table["language"], language), pc.equal(self._table["split"], split)
        )
        rows = self._table.filter(selected).combine_chunks()
        if rows.num_rows == 0:
            raise DataError(
                f"no predictions for language {language!r} in split {split!r}",
                where=self._where,
                remedy=f"the splits are {list(self.splits)}, with languages "
                f"{ {s: list(self.languages(s)) for s in self.splits} }",
            )
        counts = np.asarray(pc.list_value_length(rows["scores"]))
        scores = np.full((rows.num_rows, int(counts.max())), -np.inf)
        scores[np.arange(scores.shape[1]) < counts[:, None]] = pc.list_flatten(rows["scores"])
        return Slice(
            scores=scores,
            gold=np.asarray(rows["gold"], dtype=np.int64),
            unit_ids=_text(rows["unit_id"]),
            cluster_ids=_text(rows["cluster_id"]),
        )

    @classmethod
    def from_arrays(
        cls,
        provenance: Provenance,
        *,
        unit_ids: Sequence[str] | NDArray[Any],
        cluster_ids: Sequence[str] | NDArray[Any],
        languages: Sequence[str] | NDArray[Any],
        splits: Sequence[str] | NDArray[Any],
        scores: ArrayLike | Sequence[ArrayLike],
        gold: ArrayLike,
        extra: Mapping[str, Any] | None = None,
    ) -> Predictions:
        """Build predictions from columns in any row order; they are sorted by code point.

        Parameters
        ----------
        provenance : Provenance
        unit_ids, cluster_ids, languages, splits : sequence of str, length n
        scores : array of shape (n, k), or n sequences of possibly different length
            Rounded to float32.
        gold : array of int, shape (n,)
        extra : mapping of str to column, optional
            Further columns, anything pyarrow can turn into an array of length n.
        """
        arrays = {
            "unit_id": unit_ids,
            "cluster_id": cluster_ids,
            "language": languages,
            "split": splits,
            "scores": scores,
            "gold": gold,
        }
        columns = {name: _column(name, arrays[name], kind) for name, kind in COLUMNS.items()}
        for name, values in (extra or {}).items():
            if name in columns:
                raise DataError(
                    "extra column has the name of a required one",
                    where=f"extra[{name!r}]",
                    remedy="rename it",
                )
            columns[name] = _column(name, values, None)
        sizes = {name: len(column) for name, column in columns.items()}
        if len(set(sizes.values())) != 1:
            raise DataError(
                f"columns have different lengths: {sizes}",
                where="Predictions.from_arrays",
                remedy="give one value per row in every column",
            )
        table = pa.table(columns)
        return cls(provenance, table.sort_by([(name, "ascending") for name in ORDER]))


def _canonical(schema: pa.Schema) -> pa.Schema:
    """Return the schema without metadata and with one name for the items of lists."""
    # Parquet says ``element``, Arrow ``item``: left so, a table rewritten would change its bytes.
    return pa.schema([pa.field(f.name, _canonical_type(f.type)) for f in schema])


def _canonical_type(kind: pa.DataType) -> pa.DataType:
    return pa.list_(_canonical_type(kind.value_type)) if pa.types.is_list(kind) else kind


def _text(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.asarray(column.to_pylist(), dtype=np.str_)


def _column(name: str, values: object, kind: pa.DataType | None) -> pa.Array:
    """Turn a column of anything into an Arrow array of the wanted type."""
    try:
        if name == "scores":
            return _score_lists(values)
        if isinstance(values, (pa.Array, pa.ChunkedArray)):
            array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
            return array if kind is None else array.cast(kind)
        if isinstance(values, np.ndarray):
            values = values.tolist()
        return pa.array(values, type=kind)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"column cannot be read: {error}",
            where=f"column {name!r}",
            remedy="give one value per row" + (f" of type {kind}" if kind else ""),
        ) from error


def _score_lists(values: object) -> pa.Array:
    if isinstance(values, np.ndarray) and values.ndim == 2:
        rows, width = values.shape
        offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
        flat = pa.array(values.astype(np.float32).ravel())
        return pa.ListArray.from_arrays(pa.array(offsets), flat)
    rows_given = cast(Iterable[ArrayLike], values)
    lists = [np.asarray(row, dtype=np.float32).ravel() for row in rows_given]
    return pa.array(lists, type=pa.list_(pa.float32()))
