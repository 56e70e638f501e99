"""Which true calibration errors could have shown the one observed.

A bootstrap of the plug-in calibration error counts the noise of the sample twice, and near
perfect calibration, where the absolute value has its kink, no shift mends that. So the question
is turned round. For each bootstrap noise e (one number a bin), look for the true excess that,
with this noise, shows exactly the error that was observed:

    norm(t m - e) = observed,   true error = t norm(m),   t >= 0

where m is the direction of the true excess, itself drawn: another replicate's excess, shrunken.
The norm is the sum of absolute values for ECE and its kin, the root of squares for RMSCE, the
largest for MCE. Where the noise alone exceeds what was observed, the true error is 0. The true
errors so drawn are a confidence (generalised fiducial) distribution: their quantiles bound an
interval, and because all languages and runs share the noise, so do those of any difference of
them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.estimation.norms import Norm

Floats = NDArray[np.float64]

# Newton's steps on a convex piecewise linear function end after at most as many as it has
# pieces; bins are few.
_MOST_STEPS = 100


def shifted_noise(noise: NDArray[Any]) -> NDArray[Any]:
    """Return another replicate's noise for each, for directions independent of the draw's own."""
    return np.roll(noise, len(noise) // 2, axis=0)


def true_errors(
    excess: Floats, noise: Floats, direction: Floats, norm: Norm
) -> tuple[Floats, Floats]:
    """Draw true errors of any norm, the least and the greatest that are compatible."""
    # They differ where the noise alone exceeds what was observed. Then the true error may be 0, or
    # so large, and so opposed to the noise, that less than either was seen. With few directions, as
    # in the kernel error, that is common, and without it intervals end too low.
    observed = float(norm(excess))
    length, alone = norm(direction), norm(-noise)
    least, greatest = np.zeros(len(noise)), np.zeros(len(noise))
    if observed <= 0:
        # Nothing was seen: what the noise alone would show may be there.
        return least, alone
    turned = np.flatnonzero(length > 0)
    if turned.size:
        root = _largest_root(direction[turned], -noise[turned], observed, norm)
        greatest[turned] = root * length[turned]
        least[turned] = np.where(alone[turned] < observed, greatest[turned], 0.0)
    return least, greatest


def _largest_root(direction: Floats, noise: Floats, observed: float, norm: Norm) -> Floats:
    """Return the largest t at which the norm of t direction + noise is `observed`, for each row."""
    # Convex in t, so Newton's steps from the right never pass the root. Where they come to rest
    # above `observed` there is none, and 0 is returned.
    alone, length = norm(-noise), norm(direction)
    root = np.asarray((observed + alone) / length, dtype=np.float64)
    # What rounding can make of a sum of terms that cancel.
    near = 1e-13 * observed + 1e-15 * (observed + 2.0 * alone)
    active = np.arange(len(root))
    for _ in range(_MOST_STEPS):
        at = root[active, None] * direction
        at += noise
        above = norm(at) - observed
        slope = norm.slope(at, direction)
        high = above > near[active]
        following = np.where(
            slope > 0, root[active] - above / np.where(slope > 0, slope, 1.0), -1.0
        )
        absent = high & (following < 0)
        root[active[absent]] = 0.0
        moving = high & ~absent
        root[active[moving]] = following[moving]
        if not moving.all():
            active, noise, direction = active[moving], noise[moving], direction[moving]
        if not active.size:
            break
    return root
