"""Vector, matrix and Dirichlet scaling: an affine map of a row's scores."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.proper import Given, log_softmax, softmax
from crosscal.calibration.recalibration.base import Estimator
from crosscal.calibration.recalibration.softmax_loss import SoftmaxLoss, fit_softmax
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FAILURE = {
    "minimum": "",
    "runaway": "the scores tell classes apart without error, or a class is never right: the best "
    "weights are infinite",
    "steps": "the search ran out of steps",
}


class _Affine(Estimator):
    """``softmax(x @ weights_ + bias_)`` of scores or log-probabilities x."""

    weights_: Floats
    bias_: Floats
    n_iter_: int
    gradient_: float

    def predict_proba(self, values: ArrayLike) -> Floats:
        """Return probabilities (n, k), rows summing to 1."""
        return softmax(self._mapped(self._to_predict(values)) @ self.weights_ + self.bias_)

    @staticmethod
    def _mapped(scores: Floats) -> Floats:
        """Return what the map is of."""
        return scores

    def _learn(
        self,
        scores: Floats,
        gold: Ints,
        own: Floats | None,
        free: NDArray[np.bool_],
        penalty: Floats,
    ) -> str:
        """Fit the weights that are free and the bias; return what went wrong, if anything."""
        source, target = np.nonzero(free)
        k = scores.shape[1]
        minimum = fit_softmax(
            SoftmaxLoss(
                scores=self._mapped(scores),
                gold=gold,
                weights=own,
                source=source,
                target=target,
                penalty=np.concatenate([penalty[source, target], penalty[k]]),
            )
        )
        self.weights_ = np.zeros((k, k))
        self.weights_[source, target] = minimum.at[:-k]
        # Adding a number to all biases changes nothing; this choice is the smallest.
        self.bias_ = minimum.at[-k:] - minimum.at[-k:].mean()
        self.n_iter_, self.gradient_ = minimum.n_iter, minimum.gradient
        return _FAILURE[minimum.ending]


class VectorScaling(_Affine):
    """Multiply the scores of each class by a weight and add a bias, both of the class's own.

    Guo et al. (2017), section 4.2. Convex: 2 k parameters, fitted by Newton's steps. Of the scores
    as they are: a number added to all scores of a row counts.

    Attributes
    ----------
    weights_, bias_ : ndarray of shape (k, k) and (k,)
        Diagonal; sums to 0.
    gradient_ : float
        Largest absolute derivative of the mean NLL at the solution.
    converged_ : bool
        False, with a `ConvergenceWarning`, where no finite optimum exists (classes that the scores
        tell apart without error, or a class that is never right).
    """

    def __init__(self, *, given: Given = "scores") -> None:
        self.given = given

    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find weights and biases that minimise the mean NLL of values (n, k)."""
        scores, right, own = self._to_fit(values, y, sample_weight)
        k = scores.shape[1]
        free, penalty = np.eye(k, dtype=bool), np.zeros((k + 1, k))
        self._conclude(self._learn(scores, right, own, free, penalty))
        return self


class MatrixScaling(_Affine):
    """Map the scores by a matrix and add a bias, with a penalty on what is not the diagonal.

    Guo et al. (2017), section 4.2; the penalty is ODIR of Kull et al. (2019), section 3.2. Convex:
    k (k + 1) parameters, fitted by Newton's steps; with more than 64 classes by quasi-Newton steps
    (L-BFGS), which end less exactly.

    Parameters
    ----------
    off_diagonal : float
        Added to the mean NLL is this times the mean square of the weights off the diagonal.
    bias : float
        Likewise for the biases.

    Attributes
    ----------
    weights_ : ndarray of shape (k, k)
        Column j gives the new score of class j.
    n_iter_, gradient_, converged_
        As in `VectorScaling`. The diagonal is not penalised: on separable classes there is no
        optimum whatever the penalty.
    """

    def __init__(
        self, *, off_diagonal: float = 0.01, bias: float = 0.01, given: Given = "scores"
    ) -> None:
        self.off_diagonal = off_diagonal
        self.bias = bias
        self.given = given

    def fit(self, values: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the matrix and biases that minimise the penalised mean NLL of values (n, k)."""
        for name in ("off_diagonal", "bias"):
            if not 0 <= getattr(self, name) < np.inf:
                raise SettingsError(
                    f"a penalty of {getattr(self, name)}",
                    where=name,
                    remedy="give a finite number, 0 or more",
                )
        scores, right, own = self._to_fit(values, y, sample_weight)
        k = scores.shape[1]
        penalty = np.full((k + 1, k), self.bias / k)
        penalty[:k] = self.off_diagonal / (k * (k - 1)) * (1.0 - np.eye(k))
        self._conclude(self._learn(scores, right, own, np.ones((k, k), dtype=bool), penalty))
        return self


class DirichletCalibration(MatrixScaling):
    """Map the log-probabilities by a matrix and add a bias: Dirichlet calibration.

    As `MatrixScaling`, but of log-probabilities, so that a number added to all scores of a row does
    not count. For probabilities that follow a Dirichlet distribution within each class this is the
    true calibration map. Kull et al. (2019), "Beyond temperature scaling", equation 8 (linear
    parametrisation) with ODIR.
    """

    @staticmethod
    def _mapped(scores: Floats) -> Floats:
        return log_softmax(scores)
