"""The noise floor: the calibration error a perfectly calibrated model would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crosscal.calibration.binning import Bins, Edges, Scheme, make_bins
from crosscal.calibration.checks import check_confidence
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Numbers drawn at once; bounds memory at 32 MB whatever the number of rows.
_BLOCK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class NoiseFloor:
    """Calibration errors under perfect calibration."""

    distribution: Floats  # (resamples,)

    @property
    def mean(self) -> float:
        """The noise floor itself."""
        return float(self.distribution.mean())

    def p_value(self, observed: float) -> float:
        """Return ``(1 + count) / (1 + resamples)``, count the samples with as large an error.

        Rows count as independent; with clusters take the p-values of `crosscal.analysis`.
        """
        # Sums in another order differ in the last bits; a tie must count as a tie.
        as_large = self.distribution >= observed - 1e-12
        return float((1 + as_large.sum()) / (1 + len(self.distribution)))


def noise_floor(
    confidence: ArrayLike,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    bins: int = 15,
    edges: Edges = "right",
    scheme: Scheme = "width",
) -> NoiseFloor:
    """Resample outcomes as if every confidence were right, and take the calibration error.

    Consistency resampling: ``correct_i ~ Bernoulli(confidence_i)``, independent between rows
    (Broecker and Smith, 2007; Vaicenavicius et al., 2019).
    """
    if resamples < 1:
        raise SettingsError(f"{resamples} resamples", where="resamples", remedy="give 1 or more")
    values = check_confidence(confidence)
    division = make_bins(values, bins=bins, edges=edges, scheme=scheme)
    step = max(1, _BLOCK // len(values))
    sizes = [min(step, resamples - done) for done in range(0, resamples, step)]
    parts = [
        calibrated_errors(values, [division], rng.random((size, len(values)))) for size in sizes
    ]
    return NoiseFloor(distribution=np.concatenate(parts, axis=1)[0])


def calibrated_errors(
    confidence: Floats, divisions: Sequence[Bins], uniforms: NDArray[np.floating[Any]]
) -> Floats:
    """Return calibration errors of outcomes drawn from the confidences."""
    # Row i is right in a sample where its number is below its confidence; numbers drawn once serve
    # many sets of confidences.
    outcomes = (uniforms < confidence.astype(uniforms.dtype)).astype(np.float32)
    errors = np.empty((len(divisions), len(uniforms)))
    for number, division in enumerate(divisions):
        index = division.index(confidence)
        # Counts stay exact in float32 up to 2^24 rows a bin.
        member = np.zeros((len(confidence), len(division)), dtype=np.float32)
        member[np.arange(len(confidence)), index] = 1.0
        hits = (outcomes @ member).astype(np.float64)
        expected = np.bincount(index, weights=confidence, minlength=len(division))
        errors[number] = np.abs(hits - expected).sum(axis=1) / len(confidence)
    return errors
