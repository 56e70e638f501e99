"""What every recalibrator is: scikit-learn's contract, and what it says of itself."""

from __future__ import annotations

import inspect
import warnings
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_gold, check_probabilities, check_scores
from crosscal.calibration.proper import Given, softmax
from crosscal.exceptions import DataError, SettingsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A probability of 0 has no logarithm; none is taken to be smaller than this (2^-52).
FLOOR = float(np.finfo(np.float64).eps)

# Fits square the scores. What is larger is a mask, which minus infinity should be.
MOST = 1e150


class ConvergenceWarning(UserWarning):
    """There is no best value of what is fitted, or the search did not reach it."""


class Recalibrator(Protocol):
    """A map from scores to probabilities, learnt from rows whose right choice is known.

    Attributes
    ----------
    given : {"scores", "probabilities"}
        What the values are, in `fit` and in `predict_proba`. Scores are logits or log-scores,
        within 1e150 of 0 or minus infinity; others raise DataError. Of probabilities the logarithm
        is taken where a method needs scores, none of them smaller than 2^-52.
    needs_common_choices : bool
        True if column j must be the same class in all rows. False if rows may have choices of their
        own, and different numbers of them (scores of minus infinity fill up).
    keeps_accuracy : bool
        True if the order of a row's choices never changes, so that accuracy cannot.
    converged_ : bool
        After `fit`: False, with a `ConvergenceWarning`, where what was looked for does not exist or
        was not reached.
    """

    given: Given
    needs_common_choices: ClassVar[bool]
    keeps_accuracy: ClassVar[bool]
    converged_: bool

    def fit(self, values: ArrayLike, gold: ArrayLike) -> Self:
        """Learn from values (n, k) and the right choices (n,), each in 0 .. k-1."""
        ...

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters."""
        ...

    def set_params(self, **params: Any) -> Self:
        """Set parameters."""
        ...


class Estimator:
    """The part of the contract that does not depend on the method."""

    needs_common_choices: ClassVar[bool] = True
    keeps_accuracy: ClassVar[bool] = False

    given: Given
    converged_: bool
    n_choices_: int

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, for scikit-learn's ``clone``."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Self:
        """Set parameters and return self; raise ValueError for an unknown one."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"unknown parameter {name!r}; there are {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({settings})"

    def _to_fit(self, values: ArrayLike, gold: ArrayLike) -> tuple[Floats, Ints]:
        """Return checked scores and gold to fit on."""
        scores = self._scores(values)
        right = check_gold(gold, scores.shape)
        absent = np.isneginf(scores[np.arange(len(right)), right])
        if absent.any():
            row = int(absent.argmax())
            raise DataError(
                f"the right choice, {right[row]}, has a score of minus infinity",
                where=f"gold, row {row}",
                remedy="leave out units whose right choice is not among the choices",
            )
        self.n_choices_ = scores.shape[1]
        return scores, right

    def _to_predict(self, values: ArrayLike) -> Floats:
        """Return checked scores to predict from."""
        if not hasattr(self, "converged_"):
            raise SettingsError(
                f"{type(self).__name__} is not fitted",
                where="predict_proba",
                remedy="call fit(values, gold) first",
            )
        scores = self._scores(values)
        if self.needs_common_choices and scores.shape[1] != self.n_choices_:
            raise DataError(
                f"rows have {scores.shape[1]} choices, those fitted on had {self.n_choices_}",
                where="values",
                remedy="fit and predict over the same classes",
            )
        return scores

    def _scores(self, values: ArrayLike) -> Floats:
        if self.given == "probabilities":
            return np.log(np.maximum(check_probabilities(values), FLOOR))
        if self.given != "scores":
            raise SettingsError(
                f"unknown kind of values {self.given!r}",
                where="given",
                remedy="say scores or probabilities",
            )
        scores = check_scores(values)
        far = np.isfinite(scores) & (np.abs(scores) > MOST)
        if far.any():
            row = int(far.any(axis=1).argmax())
            raise DataError(
                f"a score is beyond {MOST:g}, and its square beyond float64",
                where=f"scores, row {row}",
                remedy="give smaller scores, and minus infinity where a choice does not exist",
            )
        if self.needs_common_choices and np.isneginf(scores).any():
            row = int(np.isneginf(scores).any(axis=1).argmax())
            raise DataError(
                f"a choice is absent (minus infinity), and {type(self).__name__} learns of each "
                "class by itself",
                where=f"scores, row {row}",
                remedy="give every row all classes, or take a temperature",
            )
        return scores

    def _probabilities(self, values: ArrayLike, scores: Floats) -> Floats:
        """Return probabilities: those given, untouched, or the softmax of the scores."""
        # Not exp(log(p)): equal probabilities must stay equal, to the bit.
        return check_probabilities(values) if self.given == "probabilities" else softmax(scores)

    def _conclude(self, failure: str) -> None:
        """Set `converged_`; warn of a failure. To be called from `fit` itself."""
        self.converged_ = not failure
        if failure:
            warnings.warn(
                f"{type(self).__name__}: {failure}; converged_ is False",
                ConvergenceWarning,
                stacklevel=3,
            )
