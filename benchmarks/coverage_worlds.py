"""Simulated models whose truth is integrated numerically, for ``coverage.py``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri
from simulated_worlds import grid_excess, smooth_error

from crosscal.calibration import make_bins

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECOND = 0.6  # share of the remaining probability that the second of three choices gets
POINTS = 40_000  # of the integration
BINS = make_bins([0.5])


class World:
    """A model in a language: where its confidence lies, and how accurate it then is.

    Confidence is ``least + (0.999 - least) expit(centre + spread z)``, z standard normal. It is the
    highest of three probabilities from 0.375 on; with the usual least, 0.34, hardly ever not.
    """

    def __init__(
        self,
        centre: float,
        spread: float,
        accuracy: Callable[[Floats], Floats],
        least: float = 0.34,
    ) -> None:
        self.centre, self.spread, self.accuracy, self.least = centre, spread, accuracy, least
        grid = self.confidence(ndtri((np.arange(POINTS) + 0.5) / POINTS))
        self.truth = truths(grid, accuracy(grid))

    def confidence(self, z: Floats) -> Floats:
        """Return confidences at standard normal numbers."""
        share = expit(self.centre + self.spread * z)
        return np.asarray(self.least + (0.999 - self.least) * share)


def truths(c: Floats, a: Floats) -> dict[str, float]:
    """Return every metric at infinite data, from equally likely confidences and accuracies."""
    p2, p3 = SECOND * (1 - c), (1 - SECOND) * (1 - c)
    wrong = SECOND * np.log(p2) + (1 - SECOND) * np.log(p3)
    rest = SECOND * p2 + (1 - SECOND) * p3
    square = c**2 + p2**2 + p3**2 + 1 - 2 * (a * c + (1 - a) * rest)
    width = np.bincount(BINS.index(c), weights=c - a, minlength=len(BINS)) / len(c)
    heavy = make_bins(c, scheme="mass")
    mass = np.bincount(heavy.index(c), weights=c - a, minlength=len(heavy)) / len(c)
    ece = float(np.abs(width).sum())
    return {
        "accuracy": float(a.mean()),
        "nll": float(-(a * np.log(c) + (1 - a) * wrong).mean()),
        "brier": float(square.mean()),
        "gap": float((c - a).mean()),
        "ece": ece,
        "ece_debiased": ece,
        "ece_mass": float(np.abs(mass).sum()),
        "smooth_ece": _smooth_limit(c, a),
    }


def _smooth_limit(c: Floats, a: Floats) -> float:
    """Return the smooth error at infinite data: where it equals its bandwidth."""
    if not np.abs(grid_excess(c, a, 513)).any():
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if smooth_error(c, a, middle) < middle else (middle, high)
    return smooth_error(c, a, high)


def _recalibrated(a: float, b: float) -> Callable[[Floats], Floats]:
    return lambda c: np.asarray(expit(a + b * logit(c)))


WORLDS = {
    "99 %, calibrated": World(6.0, 1.5, lambda c: c),
    "97 %, calibrated": World(4.0, 1.7, lambda c: c),
    "95 %, overconfident": World(4.6, 1.5, lambda c: c - 0.03 * (c > 0.5)),
    "94 %, calibrated": World(3.2, 1.7, lambda c: c),
    "86 %, calibrated": World(2.0, 1.7, lambda c: c),
    "86 %, underconfident": World(1.2, 1.6, _recalibrated(0.5, 1.1)),
    "78 %, overconfident": World(2.0, 1.7, _recalibrated(0.0, 0.6)),
    "74 %, crossing": World(1.3, 1.7, _recalibrated(0.3, 0.6)),
    "59 %, offset": World(0.0, 1.2, lambda c: c - 0.08),
    "35 %, offset": World(-2.8, 0.8, lambda c: c - 0.08, least=0.38),
}
# English, two languages; under the first recipe, then under the second.
STUDIES = {
    "99 to 94 %": (
        "99 %, calibrated",
        "97 %, calibrated",
        "95 %, overconfident",
        "97 %, calibrated",
        "95 %, overconfident",
        "94 %, calibrated",
    ),
    "94 to 78 %": (
        "94 %, calibrated",
        "86 %, calibrated",
        "78 %, overconfident",
        "94 %, calibrated",
        "86 %, underconfident",
        "74 %, crossing",
    ),
    "86 to 59 %": (
        "86 %, underconfident",
        "78 %, overconfident",
        "74 %, crossing",
        "86 %, calibrated",
        "74 %, crossing",
        "59 %, offset",
    ),
    "59 to 35 %": (
        "59 %, offset",
        "35 %, offset",
        "59 %, offset",
        "74 %, crossing",
        "59 %, offset",
        "35 %, offset",
    ),
}


def simulate(
    worlds: Sequence[World], n: int, size: int, rng: np.random.Generator
) -> list[tuple[Floats, Ints]]:
    """Draw probabilities and gold of several models on the same items, in clusters of a size."""
    clusters = -(-n // size)
    share_z, share_u = (0.3, 0.2) if size > 1 else (0.0, 0.0)

    def latent(share: float) -> Floats:
        own = np.sqrt(0.3) * rng.normal(size=n)
        return np.sqrt(share) * np.repeat(rng.normal(size=clusters), size)[:n] + own

    shared_z, shared_u = latent(share_z), latent(share_u)
    gold = rng.integers(0, 3, n)
    drawn = []
    for world in worlds:
        z = shared_z + np.sqrt(0.7 - share_z) * rng.normal(size=n)
        u = shared_u + np.sqrt(0.7 - share_u) * rng.normal(size=n)
        c = world.confidence(z)
        right = ndtr(u) < world.accuracy(c)
        rank = np.where(right, 0, np.where(rng.random(n) < SECOND, 1, 2))
        ranked = np.stack([c, SECOND * (1 - c), (1 - SECOND) * (1 - c)], axis=1)
        # Turn each row so that the gold choice gets the probability of its rank.
        place = (np.arange(3) - gold[:, None] + rank[:, None]) % 3
        drawn.append((np.take_along_axis(ranked, place, 1), gold))
    return drawn
