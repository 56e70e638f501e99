"""What a scorer takes and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class OutcomeRows:
    """What a figure is the mean of: outcomes from 0 to 1, and the cluster of each.

    An accuracy is a mean over units. So is F1, over everything that was predicted (is it right?)
    and everything that is right (was it predicted?); see `crosscal.metrics.overlap.overlap_rows`.
    """

    values: NDArray[np.float64]  # (m,)
    cluster: NDArray[np.intp]  # (m,): place in `MetricInput.clusters`

    @property
    def figure(self) -> float:
        """The mean, 0 of nothing."""
        return float(self.values.mean()) if len(self.values) else 0.0


@dataclass(frozen=True, kw_only=True)
class MetricValues:
    """A task's metrics on one language of one split, as fractions."""

    official: dict[str, float]  # as the benchmark's own evaluator computes them, by metric
    sound: dict[str, float]  # what one should believe
    # At the threshold that suits these very units best: a bound, not a result.
    oracle: dict[str, float] = field(default_factory=dict)
    n: int  # units scored: pairs, questions, words or sentences
    # What the headline metrics are means of: by kind (official, sound), then by metric.
    rows: dict[str, dict[str, OutcomeRows]] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class MetricInput:
    """The predictions of one language of one split, columns beyond the required ones included.

    Attributes
    ----------
    table : pyarrow.Table
        Rows of a valid prediction table in its order, at least one.
    language : str
    choices : tuple of str or None
        The choices common to all units.
    threshold : float or None
        Fixed beforehand, on training or English development data; for scorers that need one.
    where : str
        The file or object named in errors.
    """

    table: pa.Table
    language: str
    choices: tuple[str, ...] | None = None
    threshold: float | None = None
    where: str = "predictions"

    @classmethod
    def of(
        cls,
        predictions: Predictions,
        *,
        language: str,
        split: str,
        threshold: float | None = None,
    ) -> MetricInput:
        """Take one language of one split out of a prediction table."""
        table = predictions.table
        selected = pc.and_(pc.equal(table["language"], language), pc.equal(table["split"], split))
        rows = table.filter(selected)
        if rows.num_rows == 0:
            raise DataError(
                f"no predictions for language {language!r} in split {split!r}",
                where=predictions.where,
                remedy=f"The splits are {', '.join(predictions.splits)}",
            )
        return cls(
            table=rows.combine_chunks(),
            language=language,
            choices=predictions.provenance.choices,
            threshold=threshold,
            where=predictions.where,
        )

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.table.num_rows)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Scores, shape (n, k); -inf for choices that a unit does not have."""
        column = self.table["scores"]
        counts = np.asarray(pc.list_value_length(column))
        selected = np.arange(counts.max()) < counts[:, None]
        padded = np.full(selected.shape, -np.inf)
        padded[selected] = np.asarray(pc.list_flatten(column), dtype=np.float64)
        return padded

    @cached_property
    def gold(self) -> NDArray[np.int64]:
        """Index of each unit's right choice, -1 if it is not among them; shape (n,)."""
        return np.asarray(self.table["gold"], dtype=np.int64)

    @property
    def clusters(self) -> list[str]:
        """Ids of the clusters, in the order in which they begin."""
        return list(self._clusters.dictionary.to_pylist())

    @property
    def cluster(self) -> NDArray[np.intp]:
        """Place of each unit's cluster in `clusters`, shape (n,)."""
        return np.asarray(self._clusters.indices, dtype=np.intp)

    @cached_property
    def _clusters(self) -> pa.DictionaryArray:
        return self.table["cluster_id"].combine_chunks().dictionary_encode()

    def texts(self, name: str) -> list[str]:
        """Return a required column of text, as ``unit_id``."""
        return list(self.table[name].to_pylist())

    def text_lists(self, name: str) -> list[list[str]]:
        """Return an extra column that holds a list of texts for each unit."""
        return self._lists(name, "texts", lambda item: isinstance(item, str))

    def number_lists(self, name: str) -> list[list[float]]:
        """Return an extra column that holds a list of finite numbers for each unit."""
        return self._lists(
            name, "finite numbers", lambda item: isinstance(item, float) and isfinite(item)
        )

    def _lists(self, name: str, kind: str, fits: Callable[[object], bool]) -> list[Any]:
        location = f"{self.where}: column {name!r}"
        remedy = f"Give a list of {kind} for each unit; it may be empty"
        if name not in self.table.column_names:
            raise DataError("column is missing", where=location, remedy=remedy)
        values: list[Any] = self.table[name].to_pylist()
        for row, value in enumerate(values):
            if not isinstance(value, list) or not all(fits(item) for item in value):
                raise DataError(
                    f"not a list of {kind}: {value!r}",
                    where=f"{location}, row {row} of {self.language}",
                    remedy=remedy,
                )
        return values

    def own_choices(self) -> list[list[str]]:
        """Return column ``choices``: each unit's own choices, in the order of its scores."""
        choices = self.text_lists("choices")
        counts = np.asarray(pc.list_value_length(self.table["scores"]))
        for row, (texts, count) in enumerate(zip(choices, counts, strict=True)):
            if len(texts) != count:
                raise DataError(
                    f"{len(texts)} choices with {count} scores",
                    where=f"{self.where}: column 'choices', row {row} of {self.language}",
                    remedy="Give one score for each choice",
                )
        return choices
