"""Which true calibration errors could have shown the one observed.

A bootstrap of the plug-in calibration error counts the noise of the sample twice, and near
perfect calibration, where the absolute value has its kink, no shift mends that. So the question
is turned round. For each bootstrap noise e (one number a bin), look for the true excess that,
with this noise, shows exactly the error that was observed:

    sum_b |t m_b + e_b| = observed,   true error = t sum_b |m_b|,   t >= 0

where m is the direction of the true excess, itself drawn: another replicate's excess, shrunken.
Where the noise alone exceeds what was observed, the true error is 0. The true errors so drawn are
a confidence (generalised fiducial) distribution: their quantiles bound an interval, and because
all languages and runs share the noise, so do those of any difference of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Newton's steps on a convex piecewise linear function end after at most as many as it has
# pieces; bins are few.
_MOST_STEPS = 100


def compatible_errors(excess: Floats, noise: Floats, shrinkage: Floats) -> Floats:
    """Draw true calibration errors that are compatible with the observed excess.

    Parameters
    ----------
    excess : ndarray of shape (bins,)
        Observed mean confidence minus accuracy of each bin, times its share of the rows.
    noise : ndarray of shape (replicates, bins)
        Bootstrap replicates of `excess` minus `excess`.
    shrinkage : ndarray of shape (bins, bins)
        From `shrinkage_matrix`.

    Returns
    -------
    ndarray of shape (replicates,)
        At least 0; draw r belongs to noise r.
    """
    observed = float(np.abs(excess).sum())
    # The direction takes its noise from another replicate, to be independent of the draw's own.
    direction = (excess + np.roll(noise, len(noise) // 2, axis=0)) @ shrinkage.T
    length = np.abs(direction).sum(axis=1)
    alone = np.abs(noise).sum(axis=1)
    solvable = np.flatnonzero((alone < observed) & (length > 0))
    errors = np.zeros(len(noise))
    if solvable.size:
        scale = _largest_root(direction[solvable], -noise[solvable], observed)
        errors[solvable] = scale * length[solvable]
    return errors


def _largest_root(direction: Floats, noise: Floats, observed: float) -> Floats:
    """Return the t > 0 at which sum |t direction + noise| is `observed`, for each row.

    The sum is convex in t and below `observed` at 0, so there is one root; Newton's steps
    from the right never pass it.
    """
    length = np.abs(direction).sum(axis=1)
    root = np.asarray((observed + np.abs(noise).sum(axis=1)) / length, dtype=np.float64)
    active = np.arange(len(root))
    for _ in range(_MOST_STEPS):
        at = noise[active] + root[active, None] * direction[active]
        above = np.abs(at).sum(axis=1) - observed
        slope = (np.sign(at) * direction[active]).sum(axis=1)
        moving = (above > 1e-13 * observed) & (slope > 0)
        active = active[moving]
        if not active.size:
            break
        root[active] -= above[moving] / slope[moving]
    return root
