"""Rows that know who they are, and fits that know which rows they saw.

A recalibrator scored on rows that it was fitted on looks better than it is, and so does one that
was fitted on their translation: a premise seen in one language is seen in all. Therefore a fit
carries the rows and clusters it saw, and refuses to be applied to any of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration import softmax
from crosscal.exceptions import DataError
from crosscal.predictions import Slice

Floats = NDArray[np.float64]


class ScoreMap(Protocol):
    """What a fit here must do: of recalibrators, or of a temperature that is not fitted."""

    def fit(self, values: Any, gold: Any) -> Any:
        """Learn from scores of shape (n, k) and gold of shape (n,)."""

    def predict_proba(self, values: Any) -> Floats:
        """Return probabilities of shape (n, k)."""


class Identity:
    """The recalibrator that changes nothing."""

    converged_ = True
    temperature_ = 1.0

    def fit(self, values: ArrayLike, gold: ArrayLike) -> Identity:
        """Return self."""
        return self

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return the softmax of scores."""
        return softmax(values)


@dataclass(frozen=True, eq=False)
class Rows:
    """Scored choices, and which rows they are."""

    scores: Floats  # (n, k)
    gold: NDArray[np.int64]  # (n,)
    # languages, unit_ids, cluster_ids: (n,): A cluster's name means the same cluster in every
    # language and split
    languages: NDArray[np.str_]
    unit_ids: NDArray[np.str_]
    cluster_ids: NDArray[np.str_]

    @classmethod
    def of(cls, part: Slice, language: str) -> Rows:
        """Name the rows of one language."""
        return cls(
            scores=part.scores,
            gold=part.gold,
            languages=np.full(len(part.gold), language),
            unit_ids=part.unit_ids,
            cluster_ids=part.cluster_ids,
        )

    def __len__(self) -> int:
        return len(self.gold)

    def take(self, index: NDArray[Any]) -> Rows:
        """Return the rows at places, or where a mask is true."""
        return Rows(
            scores=self.scores[index],
            gold=self.gold[index],
            languages=self.languages[index],
            unit_ids=self.unit_ids[index],
            cluster_ids=self.cluster_ids[index],
        )

    @cached_property
    def names(self) -> list[tuple[str, str, str]]:
        """Language, unit and cluster of every row."""
        columns = (self.languages, self.unit_ids, self.cluster_ids)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    @cached_property
    def clusters(self) -> frozenset[str]:
        """Names of the clusters, whatever the language."""
        return frozenset(self.cluster_ids.tolist())


def pooled(parts: Sequence[Rows]) -> Rows:
    """Put rows one after the other; fewer choices are filled up with minus infinity."""
    width = max(part.scores.shape[1] for part in parts)
    padded = [
        np.pad(p.scores, ((0, 0), (0, width - p.scores.shape[1])), constant_values=-np.inf)
        for p in parts
    ]
    return Rows(
        scores=np.concatenate(padded),
        gold=np.concatenate([part.gold for part in parts]),
        languages=np.concatenate([part.languages for part in parts]),
        unit_ids=np.concatenate([part.unit_ids for part in parts]),
        cluster_ids=np.concatenate([part.cluster_ids for part in parts]),
    )


@dataclass(frozen=True)
class Fitted:
    """A recalibrator that has been fitted, and what it saw.

    Attributes
    ----------
    fitted_on : tuple of Rows
        All rows that it learnt from, with or without their gold.
    converged : bool
        False where the fit had no optimum, and another stands in for it.
    """

    recalibrator: ScoreMap
    fitted_on: tuple[Rows, ...]
    converged: bool = True

    def apply(self, rows: Rows) -> Floats:
        """Return probabilities of rows that were not fitted on.

        Raises
        ------
        DataError
            If a row was fitted on, or another row of its cluster, in whatever language.
        """
        for part in self.fitted_on:
            if not part.clusters.isdisjoint(rows.clusters):
                _refuse(rows, part)
        return np.asarray(self.recalibrator.predict_proba(rows.scores), dtype=np.float64)


def _refuse(rows: Rows, fitted_on: Rows) -> NoReturn:
    """Say which row would be scored by what was fitted on it or its cluster."""
    language, unit, cluster = next(name for name in rows.names if name[2] in fitted_on.clusters)
    also = next(name for name in fitted_on.names if name[2] == cluster)
    itself = (language, unit, cluster) in fitted_on.names
    raise DataError(
        f"unit {unit!r} in {language} would be scored by a recalibrator that was fitted on "
        + ("it" if itself else f"unit {also[1]!r} in {also[0]}, of the same cluster {cluster!r}"),
        where="recalibration",
        remedy="fit on other clusters than are scored, and give different clusters different "
        "names in all splits and languages",
    )


IDENTITY = Fitted(recalibrator=Identity(), fitted_on=())


def fit_rows(make: Callable[[], ScoreMap], rows: Rows, *, otherwise: Fitted) -> Fitted:
    """Fit on the rows whose right choice is among the choices.

    `otherwise` stands in where the fit has no optimum, or rows say too little for one: what would
    be used without them. The result is fitted on `rows` in either case, and on those of `otherwise`
    where that stands in.
    """
    known = rows if (rows.gold >= 0).all() else rows.take(rows.gold >= 0)
    recalibrator = make()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said by `converged`
            recalibrator.fit(known.scores, known.gold)
        converged = bool(getattr(recalibrator, "converged_", True))
    except DataError:
        converged = False
    if not converged:
        return Fitted(otherwise.recalibrator, (rows, *otherwise.fitted_on), converged=False)
    return Fitted(recalibrator, (rows,))
