"""A steadier guess at each bin's true miscalibration than the bin's own.

The absolute value in the calibration error turns noise into error: a bin whose confidences are
right still shows ``|noise|``. How much depends on where the bin's *true* excess lies, and the
observed excess is a poor guess at that exactly when the noise matters. Neighbouring bins know
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


def shrunken_excess(
    excess: Floats, variance: Floats, confidence: Floats, share: Floats
) -> Floats:
    """Return each bin's excess (confidence minus accuracy, times share), shrunk.

    Parameters
    ----------
    excess, variance : ndarray of shape (bins,)
        Observed excess times share, and the sampling variance of that product.
    confidence : ndarray of shape (bins,)
        Mean confidence of the bin.
    share : ndarray of shape (bins,)
        Share of the rows; bins with share 0 are returned as they are.

    Returns
    -------
    ndarray of shape (bins,)
        With fewer than four bins in use there is nothing to learn from, and the observed
        values are returned.
    """
    used = (share > 0) & (variance > 0)
    if used.sum() < 4:
        return excess.copy()
    y = excess[used] / share[used]
    v = variance[used] / share[used] ** 2
    design = np.stack([np.ones_like(y), confidence[used]], axis=1)
    between = _variance_between(y, v, design)
    weight = 1.0 / (v + between)
    # A tiny ridge keeps two equal mean confidences from making the fit singular.
    normal = design.T @ (design * weight[:, None]) + 1e-12 * weight.sum() * np.eye(2)
    line = design @ np.linalg.solve(normal, design.T @ (weight * y))
    shrunken = excess.copy()
    shrunken[used] = (line + between * weight * (y - line)) * share[used]
    return shrunken


def _variance_between(y: Floats, v: Floats, design: Floats) -> float:
    """Return the variance of the true values around the line that noise does not explain."""
    weight = 1.0 / v
    weighted = design * weight[:, None]
    inverse = np.linalg.pinv(design.T @ weighted)
    residual = y - design @ (inverse @ (weighted.T @ y))
    homogeneity = float(weight @ residual**2)
    spare = len(y) - design.shape[1]
    scale = float(weight.sum() - np.trace(inverse @ (weighted.T @ weighted)))
    return max(0.0, (homogeneity - spare) / scale) if scale > 0 else 0.0


def folded_normal_mean(mean: Floats, variance: Floats) -> Floats:
    """Return E|X| for X normal with these means and variances (0 allowed), elementwise."""
    sd = np.sqrt(variance)
    ratio = np.divide(mean, sd, out=np.full_like(sd, np.inf), where=sd > 0)
    bump = sd * np.sqrt(2.0 / np.pi) * np.exp(-0.5 * ratio**2)
    return np.asarray(bump + mean * (1.0 - 2.0 * ndtr(-ratio)))
