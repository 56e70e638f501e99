"""Recalibrators of one confidence at a time: that of each class, or that of the chosen label."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.recalibration.base import Estimator
from crosscal.calibration.recalibration.one_vs_rest import log_pair, normalise
from crosscal.calibration.recalibration.top_label import replace_confidence
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
About = Literal["class-wise", "top-label"]


class ConfidenceMap(Protocol):
    """A dataclass of numbers that replaces a confidence c, given c, log c and log(1 - c)."""

    def __call__(self, confidence: Floats, present: Floats, absent: Floats) -> Floats:
        """Return the new confidences, shape (n,)."""
        ...


class MarginalCalibration(Estimator):
    """The part of the contract of methods that know one confidence and one outcome."""

    map_kind: ClassVar[type]  # of `maps_`

    notion: About
    maps_: list[ConfidenceMap]

    @abstractmethod
    def _learn(
        self,
        confidence: Floats,
        present: Floats,
        absent: Floats,
        outcome: Floats,
        weights: Floats | None,
    ) -> tuple[ConfidenceMap, str]:
        """Return the map learnt from c, log c, log(1 - c), outcomes, weights, and what failed."""

    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from values (n, k) and the right choices (n,)."""
        if self.notion not in ("class-wise", "top-label"):
            raise SettingsError(
                f"unknown notion {self.notion!r}",
                where="notion",
                remedy="say class-wise or top-label",
            )
        scores, right, weights = self._to_fit(values, y, sample_weight)
        probability = self._probabilities(values, scores)
        present, absent = log_pair(scores)
        if self.notion == "top-label":
            rows, top = np.arange(len(scores)), probability.argmax(axis=1)
            about = [
                (
                    probability[rows, top],
                    present[rows, top],
                    absent[rows, top],
                    (top == right).astype(np.float64),
                )
            ]
        else:
            about = [
                (probability[:, c], present[:, c], absent[:, c], (right == c).astype(np.float64))
                for c in self._classes(scores.shape[1])
            ]
        learnt = [self._learn(*each, weights) for each in about]
        self.maps_ = [each for each, _ in learnt]
        self._conclude("; ".join(dict.fromkeys(failure for _, failure in learnt if failure)))
        return self

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""
        scores = self._to_predict(values)
        probability = self._probabilities(values, scores)
        present, absent = log_pair(scores)
        if self.notion == "top-label":
            rows, top = np.arange(len(scores)), probability.argmax(axis=1)
            (learnt,) = self.maps_
            confidence = learnt(probability[rows, top], present[rows, top], absent[rows, top])
            return replace_confidence(probability, confidence)
        marginals = [
            learnt(probability[:, c], present[:, c], absent[:, c])
            for c, learnt in zip(self._classes(scores.shape[1]), self.maps_, strict=True)
        ]
        if len(marginals) == 1:
            return np.column_stack([1.0 - marginals[0], marginals[0]])
        return normalise(np.column_stack(marginals))

    @staticmethod
    def _classes(k: int) -> range:
        return range(1, 2) if k == 2 else range(k)
