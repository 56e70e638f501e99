"""A steadier guess at each bin's true miscalibration than the bin's own.

The absolute value in the calibration error turns noise into error: a bin whose confidences are
right still shows ``|noise|``. How much depends on where the bin's *true* excess lies, and the
observed excess is a poor guess at that exactly when the noise matters. The other bins know
more: excess confidence changes smoothly with confidence. So each bin is shrunk towards a line
fitted through all bins, by as much as the bins' scatter around the line is explained by noise
alone (empirical Bayes; random-effects meta-regression with the moment estimator of DerSimonian
and Laird, 1986).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

# A line needs two bins, the scatter around it one more, and one to spare.
_LEAST_BINS = 4

# Of a bin's accuracy; a smaller variance means nothing and would overflow the weights.
_LEAST_VARIANCE = 1e-12


def shrinkage_matrix(excess: Floats, variance: Floats, confidence: Floats, share: Floats) -> Floats:
    """Return the matrix that shrinks the excess of the bins: ``shrunken = matrix @ excess``.

    All arguments have shape (bins,): the observed excess (mean confidence minus accuracy) times
    share, the sampling variance of that product, mean confidence, and share of the rows. Bins
    without rows or variance keep their value; with fewer than four bins in use it is the identity.
    """
    matrix = np.eye(len(excess))
    used = np.flatnonzero((share > 0) & (variance > 0))
    if len(used) < _LEAST_BINS:
        return matrix
    y = excess[used] / share[used]
    v = np.maximum(variance[used] / share[used] ** 2, _LEAST_VARIANCE)
    between = _variance_between(y, v, confidence[used])
    weight = 1.0 / (v + between)
    line = _line_matrix(weight, confidence[used])
    scatter = (between * weight)[:, None] * (np.eye(len(used)) - line)
    matrix[np.ix_(used, used)] = share[used][:, None] * (line + scatter) / share[used]
    return matrix


def _line_matrix(weight: Floats, x: Floats) -> Floats:
    """Return the matrix that turns values into those of their weighted least squares line."""
    mean, slope = _components(weight, x)
    return np.outer(np.ones_like(x), mean) + np.outer(_centred(weight, x), slope)


def _components(weight: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return the weights of the values in the line's mean and in its slope."""
    around = _centred(weight, x)
    square = float(weight @ around**2)
    slope = weight * around / square if square > 0 else np.zeros_like(x)
    return weight / weight.sum(), slope


def _centred(weight: Floats, x: Floats) -> Floats:
    return np.asarray(x - (weight @ x) / weight.sum())


def _variance_between(y: Floats, v: Floats, x: Floats) -> float:
    """Return the variance of the true values around the line that noise does not explain."""
    weight = 1.0 / v
    residual = y - _line_matrix(weight, x) @ y
    homogeneity = float(weight @ residual**2)
    spare = len(y) - 2
    mean, slope = _components(weight, x)
    # Trace of the matrix whose quadratic form `homogeneity` is.
    scale = float(weight.sum() - weight @ mean - weight @ (slope * _centred(weight, x)))
    return max(0.0, (homogeneity - spare) / scale) if scale > 0 else 0.0


def folded_normal_mean(mean: Floats, variance: Floats) -> Floats:
    """Return E|X| for X normal with these means and variances (0 allowed), elementwise."""
    sd = np.sqrt(variance)
    ratio = np.divide(mean, sd, out=np.full_like(sd, np.inf), where=sd > 0)
    bump = sd * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * ratio**2)
    return np.asarray(bump + np.where(sd > 0, mean * (1.0 - 2.0 * ndtr(-ratio)), np.abs(mean)))
