"""Calibration of any number of predictions in bounded memory, mergeable across workers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import make_bins
from crosscal.calibration.checks import (
    as_array,
    check_gold,
    check_probabilities,
    check_scores,
)
from crosscal.calibration.notion import to_probabilities
from crosscal.calibration.proper import Given, brier_rows, nll_rows
from crosscal.calibration.streaming.exact_sums import ExactSums, ExactTotal
from crosscal.calibration.streaming.fine_histogram import Approximation, FineHistogram
from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]

FORMAT = "crosscal-accumulator/1"

# Rows looked at together; sums over so many are exact (see `exact_sums`).
_CHUNK = 65_536


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """What an accumulator has seen, as numbers."""

    n: int
    # exact: accuracy, nll (absent if a right choice was unknown, infinite if one had
    # probability 0), brier, confidence, gap, ece, mce, rmsce_width, overconfidence,
    # underconfidence, classwise_ece
    measures: Mapping[str, float]
    # from a fine histogram: ece_mass, smooth_ece, auroc (absent without right or without
    # wrong rows)
    approximate: Mapping[str, Approximation]


class CalibrationAccumulator:
    """Sums over predictions from which calibration can be told.

    Sums are exact (`exact_sums`): however rows are split into updates and accumulators, and in
    whatever order these are merged, the state is the same to the last bit. The result differs
    from that of the functions on all rows by rounding alone (about 1e-16).

    Parameters
    ----------
    classes : int
        Columns of the values, at least 2.
    bins : int
        Of equal width, with edges as in `make_bins`.
    cells : int
        Of the fine histogram, at least 100. Memory is about 40 bytes a cell, 32 bytes a class
        and bin.
    given : {"scores", "probabilities"}
    """

    def __init__(
        self, classes: int, *, bins: int = 15, cells: int = 65_536, given: Given = "scores"
    ) -> None:
        for what, number, least in (("classes", classes, 2), ("cells", cells, 100)):
            if not isinstance(number, int | np.integer) or number < least:
                raise SettingsError(
                    f"{number} {what}",
                    where=what,
                    remedy=f"give a whole number, {least} or more",
                )
        if given not in ("scores", "probabilities"):
            raise SettingsError(
                f"values given as {given!r}", where="given", remedy="say scores or probabilities"
            )
        self.classes, self.bins, self.cells, self.given = classes, bins, cells, given
        self._division = make_bins([0.5], bins=bins)
        self._n = self._unknown = 0
        self._nll = self._brier = ExactTotal()
        self._top = _Binned.zeros(bins)
        self._each = _Binned.zeros(classes * bins)
        self._fine = FineHistogram.zeros(cells)

    @property
    def n(self) -> int:
        """Rows seen."""
        return self._n

    def update(self, values: ArrayLike, gold: ArrayLike) -> CalibrationAccumulator:
        """Add rows."""
        array, right = as_array(values, "values"), as_array(gold, "gold")
        if array.ndim != 2 or array.shape[1] != self.classes or right.shape != array.shape[:1]:
            raise DataError(
                f"values have shape {array.shape} and gold {right.shape}, for {self.classes} "
                "classes",
                where="update",
                remedy="give a column for each class and one gold index for each row",
            )
        if len(array):
            # All rows at once, so that an error names the row that was given.
            (check_scores if self.given == "scores" else check_probabilities)(array)
            check_gold(right, array.shape, absent=True)
        parts = [
            _Part.of(array[start : start + _CHUNK], right[start : start + _CHUNK], self.given)
            for start in range(0, len(array), _CHUNK)
        ]
        for part in parts:
            self._add(part)
        return self

    def _add(self, part: _Part) -> None:
        self._n += len(part.gold)
        self._unknown += int((part.gold < 0).sum())
        self._nll = self._nll.plus(part.nll)
        self._brier = self._brier.plus(part.brier)
        self._top = self._top.plus(
            self._division.index(part.confidence), part.confidence, part.correct
        )
        self._fine = self._fine.plus(part.confidence, part.correct)
        for number in range(self.classes):
            column = part.probabilities[:, number]
            index = self._division.index(column) + number * self.bins
            self._each = self._each.plus(index, column, part.gold == number)

    def merge(self, other: CalibrationAccumulator) -> CalibrationAccumulator:
        """Add all that another accumulator has seen, and return self."""
        if self._settings() != other._settings():
            raise SettingsError(
                f"accumulators differ: {self._settings()} and {other._settings()}",
                where="merge",
                remedy="make all accumulators with the same settings",
            )
        self._n, self._unknown = self._n + other._n, self._unknown + other._unknown
        self._nll, self._brier = self._nll + other._nll, self._brier + other._brier
        self._top, self._each = self._top + other._top, self._each + other._each
        self._fine = self._fine + other._fine
        return self

    def __add__(self, other: CalibrationAccumulator) -> CalibrationAccumulator:
        return CalibrationAccumulator(**self._settings()).merge(self).merge(other)

    def result(self) -> Streamed:
        """Return the measures of all rows seen."""
        if not self._n:
            raise DataError("no rows", where="result", remedy="call update first")
        n, top = self._n, self._top
        sums = top.sums.floats()
        excess = (sums - top.right) / n
        filled = top.count > 0
        gap = np.abs(sums - top.right)[filled] / top.count[filled]
        confidence, accuracy = float(sums.sum() / n), float(top.right.sum() / n)
        classwise = np.abs(self._each.sums.floats() - self._each.right).sum() / n / self.classes
        measures = {
            "accuracy": accuracy,
            **({} if self._unknown else {"nll": self._nll.mean(n)}),
            "brier": self._brier.mean(n),
            "confidence": confidence,
            "gap": confidence - accuracy,
            "ece": float(np.abs(excess).sum()),
            "mce": float(gap.max()),
            "rmsce_width": float(np.sqrt((top.count[filled] / n) @ gap**2)),
            "overconfidence": float(np.maximum(excess, 0).sum()),
            "underconfidence": float(np.maximum(-excess, 0).sum()),
            "classwise_ece": float(classwise),
        }
        return Streamed(n=n, measures=measures, approximate=self._fine.measures(self.bins))

    def to_json(self) -> str:
        """Return the state as text, to be sent to another process."""
        document = {
            "format": FORMAT,
            "settings": self._settings(),
            "n": self._n,
            "unknown": self._unknown,
            "nll": [str(self._nll.units), self._nll.infinite],
            "brier": [str(self._brier.units), self._brier.infinite],
            "top": self._top.to_lists(),
            "each": self._each.to_lists(),
            "fine": self._fine.to_lists(),
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> CalibrationAccumulator:
        """Read what `to_json` wrote."""
        try:
            document = json.loads(text)
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']!r}")
            made = cls(**document["settings"])
            made._n, made._unknown = int(document["n"]), int(document["unknown"])
            made._nll, made._brier = (
                ExactTotal(units=int(document[name][0]), infinite=int(document[name][1]))
                for name in ("nll", "brier")
            )
            made._top = _Binned.from_lists(document["top"], made.bins)
            made._each = _Binned.from_lists(document["each"], made.classes * made.bins)
            made._fine = FineHistogram.from_lists(document["fine"], made.cells)
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, SettingsError) as error:
            raise DataError(
                f"not the state of an accumulator: {error}",
                where="from_json",
                remedy="give what to_json wrote",
            ) from error
        return made

    def _settings(self) -> dict[str, Any]:
        return {
            "classes": self.classes,
            "bins": self.bins,
            "cells": self.cells,
            "given": self.given,
        }


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Rows of an update, checked."""

    probabilities: Floats
    gold: NDArray[np.int64]
    confidence: Floats
    correct: NDArray[np.bool_]
    nll: Floats
    brier: Floats

    @classmethod
    def of(cls, values: NDArray[Any], gold: NDArray[Any], given: Given) -> _Part:
        probabilities = to_probabilities(values, given=given)
        right = check_gold(gold, probabilities.shape, absent=True)
        known = right >= 0
        wide = np.asarray(values, dtype=np.float64)
        return cls(
            probabilities=probabilities,
            gold=right,
            confidence=probabilities.max(axis=1),
            correct=wide.argmax(axis=1) == right,
            nll=nll_rows(wide[known], right[known], given=given) if known.any() else np.empty(0),
            brier=brier_rows(wide, right, given=given),
        )


@dataclass(frozen=True, kw_only=True)
class _Binned:
    """Count, sum of probabilities and count of hits in each bin."""

    count: NDArray[np.int64]
    right: NDArray[np.int64]
    sums: ExactSums

    @classmethod
    def zeros(cls, size: int) -> _Binned:
        none = np.zeros(size, dtype=np.int64)
        return cls(count=none, right=none, sums=ExactSums.zeros(size))

    def plus(self, index: NDArray[np.intp], values: Floats, right: NDArray[np.bool_]) -> _Binned:
        size = len(self.count)
        return _Binned(
            count=self.count + np.bincount(index, minlength=size),
            right=self.right + np.bincount(index[right], minlength=size),
            sums=self.sums.plus(index, values),
        )

    def __add__(self, other: _Binned) -> _Binned:
        return _Binned(
            count=self.count + other.count,
            right=self.right + other.right,
            sums=self.sums + other.sums,
        )

    def to_lists(self) -> list[list[int]]:
        arrays = (self.count, self.right, self.sums.high, self.sums.low)
        return [each.tolist() for each in arrays]

    @classmethod
    def from_lists(cls, lists: list[list[int]], size: int) -> _Binned:
        count, right, high, low = (np.array(each, dtype=np.int64) for each in lists)
        if any(each.shape != (size,) for each in (count, right, high, low)):
            raise ValueError("arrays of another length")
        return cls(count=count, right=right, sums=ExactSums(high=high, low=low))
