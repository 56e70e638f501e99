"""What every recalibrator is: scikit-learn's contract, and what it says of itself."""

from __future__ import annotations

import inspect
import sys
import warnings
from abc import abstractmethod
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import as_array, check_gold, check_probabilities, check_scores
from crosscal.calibration.proper import Given, softmax
from crosscal.calibration.sample_weights import check_weights, mean_one, weighted_mean
from crosscal.exceptions import ArrayError, SettingsError

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

    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from values (n, k) and the right choices (n,), each in 0 .. k-1.

        Weights, (n,), tell how many cases each row stands for.
        """
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
    """The part of the contract that does not depend on the method: a classifier of scikit-learn.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        What `predict` returns: 0 .. k-1, or the labels fitted on where those were no integers.
    n_features_in_ : int
        Columns of the values fitted on, one a class.
    n_rows_ : int
        Rows fitted on.
    """

    needs_common_choices: ClassVar[bool] = True
    keeps_accuracy: ClassVar[bool] = False

    given: Given
    converged_: bool
    classes_: NDArray[Any]
    n_features_in_: int
    n_rows_: int

    @abstractmethod
    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from values (n, k), the right class of each row, and weights of rows if any."""

    @abstractmethod
    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""

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

    def predict(self, values: ArrayLike) -> NDArray[Any]:
        """Return each row's class of highest probability, the first of equal ones; shape (n,)."""
        top = self.predict_proba(values).argmax(axis=1)
        # Rows with choices of their own may have more of them than the rows fitted on.
        return top if self.classes_.dtype.kind in "iu" else np.asarray(self.classes_[top])

    def score(
        self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy, as scikit-learn's classifiers do."""
        right = (self.predict(values) == np.asarray(y)).astype(np.float64)
        weights = None if sample_weight is None else check_weights(sample_weight, len(right))
        return weighted_mean(right, weights)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, which alone asks, that this is a classifier."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            # Of numbers that are no scores of the classes, nothing good comes.
            classifier_tags=ClassifierTags(poor_score=True),
            transformer_tags=TransformerTags() if hasattr(self, "transform") else None,
            # Negative infinity says that a row lacks a choice, which is not what the tag means.
            input_tags=InputTags(positive_only=self.given == "probabilities"),
        )

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({settings})"

    def _to_fit(
        self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Floats, Ints, Floats | None]:
        """Return checked scores, gold and weights of mean 1; rows of weight 0 are left out."""
        scores = self._scores(values)
        self.classes_, right = _classes_of(y, scores.shape)
        absent = np.isneginf(scores[np.arange(len(right)), right])
        if absent.any():
            row = int(absent.argmax())
            raise ArrayError(
                f"the right choice, {right[row]}, has a score of minus infinity",
                where=f"gold, row {row}",
                remedy="leave out units whose right choice is not among the choices",
            )
        self.n_rows_, self.n_features_in_ = scores.shape
        if sample_weight is None:
            return scores, right, None
        weights = check_weights(sample_weight, len(right))
        kept = weights > 0
        self.n_rows_ = int(kept.sum())
        return scores[kept], right[kept], mean_one(weights[kept], self.n_rows_)

    def _to_predict(self, values: ArrayLike) -> Floats:
        """Return checked scores to predict from."""
        if not hasattr(self, "converged_"):
            raise _not_fitted()(
                f"{type(self).__name__} is not fitted",
                where="predict_proba",
                remedy="call fit(values, gold) first",
            )
        shape = () if hasattr(values, "toarray") else as_array(values, "values").shape
        if self.needs_common_choices and len(shape) == 2 and shape[1] != self.n_features_in_:
            raise ArrayError(
                f"X has {shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input: rows have {shape[1]} choices, "
                f"those fitted on had {self.n_features_in_}",
                where="values",
                remedy="fit and predict over the same classes",
            )
        return self._scores(values)

    def _scores(self, values: ArrayLike) -> Floats:
        _check_table(values)
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
            raise ArrayError(
                f"a score is beyond {MOST:g}, and its square beyond float64",
                where=f"scores, row {row}",
                remedy="give smaller scores, and minus infinity where a choice does not exist",
            )
        if self.needs_common_choices and np.isneginf(scores).any():
            row = int(np.isneginf(scores).any(axis=1).argmax())
            raise ArrayError(
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


def _check_table(values: Any) -> None:
    """Refuse what is no table of classes, in the words that scikit-learn's users know."""
    problem, shape = "", ()
    if hasattr(values, "toarray"):
        problem = "sparse input is not supported"
    else:
        values = as_array(values, "values")
        shape = values.shape
    if values.dtype.kind == "c":
        problem = "Complex data not supported"
    elif len(shape) == 1:
        problem = "Reshape your data: one dimension"
    elif len(shape) == 2 and shape[1] < 2:
        problem = f"{shape[1]} feature(s) (shape={shape}) while a minimum of 2 is required"
    if problem:
        raise ArrayError(
            problem,
            where="values",
            remedy="give a row for each unit and a column for each of two or more classes",
        )


def _classes_of(y: ArrayLike | None, shape: tuple[int, ...]) -> tuple[NDArray[Any], Ints]:
    """Return the classes in the order of the columns, and the column of each row's right one."""
    if y is None:
        raise ArrayError(
            "this requires y to be passed, but the target y is None",
            where="fit",
            remedy="give the right class of each row",
        )
    labels = as_array(y, "gold")
    if labels.dtype.kind == "O":
        labels = as_array(labels.tolist(), "gold")
    if labels.dtype.kind == "f":
        _demand_whole(labels)
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "USb":
        return np.arange(shape[1]), check_gold(labels, shape)
    # In scikit-learn, columns stand in the order of the sorted labels.
    names, index = np.unique(labels, return_inverse=True)
    if len(names) != shape[1]:
        raise ArrayError(
            f"{len(names)} different labels ({', '.join(map(str, names[:8]))}) for {shape[1]} "
            "columns of values",
            where="gold",
            remedy=f"give the index of each row's right column, 0 to {shape[1] - 1}",
        )
    return names, check_gold(index.reshape(labels.shape), shape)


def _demand_whole(labels: NDArray[Any]) -> None:
    wrong = labels != np.floor(labels)  # NaN too
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise ArrayError(
            f"Unknown label type: continuous ({labels.ravel()[row]})",
            where=f"gold, row {row}",
            remedy="give the index of each row's right class",
        )


def _not_fitted() -> type[SettingsError]:
    """Return the error of an estimator that is not fitted: scikit-learn's too, where that is."""
    if sys.modules.get("sklearn") is None:
        return SettingsError
    from sklearn.exceptions import NotFittedError

    return type("NotFitted", (SettingsError, NotFittedError), {})
