"""Models whose true calibration is known, and the true value of every calibration error.

Three classes. The confidence of the chosen one is ``0.4 + 0.6 expit(z)``, z normal with mean 2.0
and standard deviation 1.7 (mean confidence 0.88, as of a fine-tuned encoder on XNLI); the second
class gets 0.6 of the rest. The chosen class is right with probability ``accuracy(confidence)``;
if it is wrong, the second is right in 0.6 of the cases, as it should be. Classes are exchangeable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from crosscal.calibration import Bins
from crosscal.calibration.errors.adaptive import THRESHOLD
from crosscal.calibration.errors.kernel import BANDWIDTH

Floats = NDArray[np.float64]

CENTRE, SPREAD = 2.0, 1.7
SECOND = 0.6
POINTS = 40_000  # of the integration over confidence
FINE = 4000  # bins that stand for no bins
WIDTH = np.arange(1, 16) / 15
SHARED = 0.3  # of the latent variances of confidence and of correctness: the premise's part


@dataclass(frozen=True, kw_only=True)
class World:
    """Accuracy at each confidence, and what follows from it."""

    accuracy: Callable[[Floats], Floats]
    confidence: Floats = field(init=False)  # equally likely values
    right: Floats = field(init=False)

    def __post_init__(self) -> None:
        grid = ndtri((np.arange(POINTS) + 0.5) / POINTS)
        confidence = 0.4 + 0.6 * expit(CENTRE + SPREAD * grid)
        object.__setattr__(self, "confidence", confidence)
        object.__setattr__(self, "right", self.accuracy(confidence))

    def classes(self) -> tuple[Floats, Floats]:
        """Return equally likely probabilities of a class, and how often it is then right."""
        c, a = self.confidence, self.right
        given = np.concatenate([c, SECOND * (1 - c), (1 - SECOND) * (1 - c)])
        return given, np.concatenate([a, SECOND * (1 - a), (1 - SECOND) * (1 - a)])


def temperature(c: Floats, t: float) -> Floats:
    """Return the confidence at another temperature: the accuracy of a model sharpened by it."""
    powers = [np.power(p, 1 / t) for p in (c, SECOND * (1 - c), (1 - SECOND) * (1 - c))]
    return np.asarray(powers[0] / np.sum(powers, axis=0))


WORLDS = {
    "calibrated": World(accuracy=lambda c: c),
    "temperature 1.5": World(accuracy=lambda c: temperature(c, 1.5)),
    "S-shape": World(accuracy=lambda c: expit(0.9 + 0.5 * logit(c))),
    "offset 0.05": World(accuracy=lambda c: c - 0.05),
    "bump": World(accuracy=lambda c: c - 0.2 * np.exp(-(((c - 0.8) / 0.05) ** 2))),
}


def simulate(
    world: World, n: int, rng: np.random.Generator, *, clustered: bool
) -> tuple[Floats, NDArray[np.int64]]:
    """Draw probabilities (n, 3) and gold; if clustered, three rows share a premise's effects."""
    share = SHARED if clustered else 0.0
    premises = -(-n // 3)

    def latent() -> Floats:
        premise = np.repeat(rng.normal(size=premises), 3)[:n]
        return np.asarray(np.sqrt(share) * premise + np.sqrt(1 - share) * rng.normal(size=n))

    confidence = 0.4 + 0.6 * expit(CENTRE + SPREAD * latent())
    right = ndtr(latent()) < world.accuracy(confidence)
    rank = np.where(right, 0, np.where(rng.random(n) < SECOND, 1, 2))
    rest = 1 - confidence
    ranked = np.stack([confidence, SECOND * rest, (1 - SECOND) * rest], axis=1)
    order = rng.permuted(np.tile(np.arange(3), (n, 1)), axis=1)  # class of each rank
    probabilities = np.empty_like(ranked)
    np.put_along_axis(probabilities, order, ranked, axis=1)
    return probabilities, order[np.arange(n), rank].astype(np.int64)


def binned(given: Floats, right: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Return excess and share of each bin at infinite data."""
    index = Bins(upper=upper).index(given)
    size = len(upper)
    excess = np.bincount(index, weights=given - right, minlength=size) / len(given)
    return excess, np.bincount(index, minlength=size) / len(given)


def masses(given: Floats, bins: int = 15) -> Floats:
    """Return edges of bins of equal mass."""
    inner = np.quantile(given, np.arange(1, bins) / bins)
    return np.unique([*inner, 1.0])


def rms(excess: Floats, share: Floats) -> float:
    used = share > 0
    return float(np.sqrt((excess[used] ** 2 / share[used]).sum()))


def peak(excess: Floats, share: Floats) -> float:
    used = share > 0
    return float((np.abs(excess[used]) / share[used]).max())


def truths(world: World) -> dict[str, tuple[float, float]]:
    """Return each error at infinite data: with its bins, and of the calibration function.

    Equal where the error has no bins. ``ece_sweep`` chooses its bins by the sample: its first
    value is for infinitely many.
    """
    c, a = world.confidence, world.right
    given, right = world.classes()
    kept = given > THRESHOLD
    wide, heavy = binned(c, a, WIDTH), binned(c, a, masses(c))
    free = np.abs(c - a)
    fine = np.arange(1, FINE + 1) / FINE
    class_free = float(np.abs(binned(given, right, fine)[0]).sum())
    # Below the threshold nothing counts; what is above makes up the whole.
    above = float(np.abs(binned(given[kept], right[kept], fine)[0]).sum())
    signed = c - a
    plain = {
        "ece": (np.abs(wide[0]).sum(), free.mean()),
        "ece_debiased": (np.abs(wide[0]).sum(), free.mean()),
        "ece_mass": (np.abs(heavy[0]).sum(), free.mean()),
        "ece_sweep": (free.mean(), free.mean()),
        "rmsce": (rms(*heavy), np.sqrt((free**2).mean())),
        "rmsce_debiased": (rms(*heavy), np.sqrt((free**2).mean())),
        "mce": (peak(*wide), free.max()),
        "overconfidence": (np.maximum(wide[0], 0).sum(), np.maximum(signed, 0).mean()),
        "underconfidence": (np.maximum(-wide[0], 0).sum(), np.maximum(-signed, 0).mean()),
        "smooth_ece": (smooth_limit(c, a), free.mean()),
        "kernel_error": (kernel_limit(c, a),) * 2,
        "overconfident_errors": (((c >= 0.9) * (1 - a)).mean(),) * 2,
        "classwise_ece": (np.abs(binned(given, right, WIDTH)[0]).sum(), class_free),
        "ace": (np.abs(binned(given, right, masses(given))[0]).sum(), class_free),
        "tace": (np.abs(binned(given[kept], right[kept], masses(given[kept]))[0]).sum(), above),
        "square_ce_debiased": (rms(*heavy) ** 2, (free**2).mean()),
        "brier calibration": (rms(*wide) ** 2, (free**2).mean()),
        "corp brier": ((free**2).mean(),) * 2,
        "corp nll": (divergence(c, a),) * 2,
        **{name: (value,) * 2 for name, value in means(c, a).items()},
    }
    return {name: (float(b), float(u)) for name, (b, u) in plain.items()}


def means(c: Floats, a: Floats) -> dict[str, float]:
    """Return the measures that are means over rows."""
    p2, p3 = SECOND * (1 - c), (1 - SECOND) * (1 - c)
    wrong_log = SECOND * np.log(p2) + (1 - SECOND) * np.log(p3)
    rest = SECOND * p2 + (1 - SECOND) * p3
    square = c**2 + p2**2 + p3**2 + 1 - 2 * (a * c + (1 - a) * rest)
    return {
        "accuracy": float(a.mean()),
        "confidence": float(c.mean()),
        "gap": float((c - a).mean()),
        "nll": float(-(a * np.log(c) + (1 - a) * wrong_log).mean()),
        "brier": float(square.mean()),
    }


def divergence(c: Floats, a: Floats) -> float:
    """Return what recalibrating the confidence would win in NLL: mean KL of accuracy to it."""
    return float((a * np.log(a / c) + (1 - a) * np.log((1 - a) / (1 - c))).mean())


def grid_excess(c: Floats, a: Floats, points: int) -> Floats:
    """Return the excess split between the points of a grid on [0, 1]."""
    place = c * (points - 1)
    below = np.minimum(place.astype(int), points - 2)
    upper = (place - below) * (c - a) / len(c)
    lower = (c - a) / len(c) - upper
    sums = np.bincount(below, weights=lower, minlength=points)
    sums[1:] += np.bincount(below, weights=upper, minlength=points - 1)
    return np.asarray(sums)


def smooth_error(c: Floats, a: Floats, bandwidth: float) -> float:
    """Return the smooth error at infinite data and a bandwidth."""
    grid = np.linspace(0, 1, 513)
    excess = grid_excess(c, a, len(grid))
    kernel = sum(
        np.exp(-0.5 * (d / bandwidth) ** 2)
        for d in (grid[:, None] - grid, grid[:, None] + grid, 2 - grid[:, None] - grid)
    )
    return float(np.abs(excess @ (kernel / kernel.sum(axis=1, keepdims=True))).sum())


def smooth_limit(c: Floats, a: Floats) -> float:
    """Return the smooth error at infinite data: where it equals the bandwidth."""
    if not np.any(c != a):
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        if smooth_error(c, a, middle) < middle:
            high = middle
        else:
            low = middle
    return smooth_error(c, a, high)


def kernel_limit(c: Floats, a: Floats) -> float:
    excess = grid_excess(c, a, 513)
    grid = np.linspace(0, 1, 513)
    form = excess @ np.exp(-np.abs(grid[:, None] - grid) / BANDWIDTH) @ excess
    return float(np.sqrt(max(0.0, form)))
