"""The CORP curve and decomposition if every confidence were right: noise floor and band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.checks import check_confidence
from crosscal.calibration.decomposition.corp import ProperScore, decompose, rising_shares
from crosscal.calibration.errors.noise import NoiseFloor
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Numbers in the curves of a consistency band, which bounds its memory at 32 MB.
_BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class ConsistencyBand:
    """Where the reliability curve would lie if every confidence were right."""

    # (m,) pointwise: at each confidence, `level` of the curves lie between low and high
    confidence: Floats
    low: Floats
    high: Floats


def corp_noise_floor(
    confidence: ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    score: ProperScore = "brier",
) -> NoiseFloor:
    """Return the miscalibration that `corp_decomposition` shows if every confidence is right.

    Its mean is the floor, its `p_value` a test of perfect calibration. Rows count as independent.
    """
    level, n = _levels(confidence)
    errors = [
        decompose(level, n, hits, score).miscalibration
        for hits in _calibrated_hits(level, n, rng, resamples)
    ]
    return NoiseFloor(distribution=np.array(errors))


def consistency_band(
    confidence: ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.9,
    points: int = 500,
) -> ConsistencyBand:
    """Return where the reliability curve would lie if every confidence were right.

    Outcomes are drawn from the confidences, which are held fixed, and the curve is fitted anew.
    Rows count as independent. Dimitriadis, Gneiting and Jordan (2021), who also draw the
    confidences anew; with them fixed the band belongs to the rows at hand, as the noise floor does.

    Parameters
    ----------
    points : int
        At least 2. With more distinct confidences than this, as many of them, evenly spaced by
        rank.
    """
    if not 0 < level < 1 or points < 2:
        raise SettingsError(
            f"level is {level}, points is {points}",
            where="consistency_band",
            remedy="give a level between 0 and 1, and 2 or more points",
        )
    levels, n = _levels(confidence)
    count = min(points, len(levels), max(2, _BLOCK // max(resamples, 1)))
    shown = np.unique(np.linspace(0, len(levels) - 1, count).round().astype(np.intp))
    curves = [
        rising_shares(n, hits / n)[shown] for hits in _calibrated_hits(levels, n, rng, resamples)
    ]
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return ConsistencyBand(confidence=levels[shown], low=low, high=high)


def _levels(confidence: ArrayLike) -> tuple[Floats, Floats]:
    """Return the distinct confidences and their rows."""
    level, n = np.unique(check_confidence(confidence), return_counts=True)
    return level, n.astype(np.float64)


def _calibrated_hits(
    level: Floats, n: Floats, rng: np.random.Generator, resamples: int
) -> Iterator[Floats]:
    """Draw how many rows of each confidence are right if it is true, `resamples` times."""
    if resamples < 1:
        raise SettingsError(f"{resamples} resamples", where="resamples", remedy="give 1 or more")
    for _ in range(resamples):
        yield rng.binomial(n.astype(np.int64), level).astype(np.float64)
