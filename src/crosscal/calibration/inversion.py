"""Which true calibration errors could have shown the one observed.

A bootstrap of the plug-in calibration error counts the noise of the sample twice, and near
perfect calibration, where the absolute value has its kink, no shift mends that. So the question
is turned round. For each bootstrap noise e (one number a bin), look for the true excess that,
with this noise, shows exactly the error that was observed:

    norm(t m + e) = observed,   true error = t norm(m),   t >= 0

where m is the direction of the true excess, itself drawn: another replicate's excess, shrunken.
The norm is the sum of absolute values for ECE and its kin, the root of squares for RMSCE, the
largest for MCE. Where the noise alone exceeds what was observed, the true error is 0. The true
errors so drawn are a confidence (generalised fiducial) distribution: their quantiles bound an
interval, and because all languages and runs share the noise, so do those of any difference of
them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.norms import Norm, Sum

Floats = NDArray[np.float64]

# Newton's steps on a convex piecewise linear function end after at most as many as it has
# pieces; bins are few.
_MOST_STEPS = 100


def compatible_errors(
    excess: Floats, noise: Floats, shrinkage: Floats | None, norm: Norm | None = None
) -> Floats:
    """Draw true calibration errors that are compatible with the observed excess.

    Parameters
    ----------
    excess : ndarray of shape (bins,)
        Observed mean confidence minus accuracy of each bin, times its share of the rows.
    noise : ndarray of shape (replicates, bins)
        Bootstrap replicates of `excess` minus `excess`.
    shrinkage : ndarray of shape (bins, bins), optional
        From `shrinkage_matrix`; without it nothing is shrunk.
    norm : Norm, optional
        By default the sum of absolute values.

    Returns
    -------
    ndarray of shape (replicates,)
        At least 0; draw r belongs to noise r.
    """
    measure: Norm = Sum() if norm is None else norm
    observed = float(measure(excess))
    # The direction takes its noise from another replicate, to be independent of the draw's own.
    direction = excess + np.roll(noise, len(noise) // 2, axis=0)
    if shrinkage is not None:
        direction = direction @ shrinkage.T
    length = measure(direction)
    solvable = np.flatnonzero((measure(-noise) < observed) & (length > 0))
    errors = np.zeros(len(noise))
    if solvable.size:
        scale = _largest_root(direction[solvable], -noise[solvable], observed, measure)
        errors[solvable] = scale * length[solvable]
    return errors


def _largest_root(direction: Floats, noise: Floats, observed: float, norm: Norm) -> Floats:
    """Return the t > 0 at which the norm of t direction + noise is `observed`, for each row.

    It is convex in t and below `observed` at 0, so there is one root; Newton's steps from the
    right never pass it.
    """
    root = np.asarray((observed + norm(-noise)) / norm(direction), dtype=np.float64)
    active = np.arange(len(root))
    for _ in range(_MOST_STEPS):
        at = noise + root[active, None] * direction
        above = norm(at) - observed
        slope = norm.slope(at, direction)
        moving = (above > 1e-13 * observed) & (slope > 0)
        root[active[moving]] -= above[moving] / slope[moving]
        if not moving.all():
            active, noise, direction = active[moving], noise[moving], direction[moving]
        if not active.size:
            break
    return root
