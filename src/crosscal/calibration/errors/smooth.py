"""Smooth calibration error: residuals smoothed over confidence instead of put into bins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from crosscal.calibration.checks import check_confidence, check_correct
from crosscal.calibration.rows import row_parts
from crosscal.calibration.sample_weights import of_some_weight
from crosscal.exceptions import SettingsError

Floats = NDArray[np.float64]

# Bandwidths below this are not tried; with ten halvings of [0, 1] the least tried is 2 / 1024.
_LEAST_BANDWIDTH = 0.001
_HALVINGS = 10

# A given bandwidth below this would need a grid of millions of points.
_LEAST_GIVEN = 1e-4

# Added to the density, so that regions without rows count for nearly nothing.
_FLOOR = 1e-4


def smooth_ece(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    bandwidth: float | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """Return the smooth calibration error (smECE).

    The residuals confidence minus correct are smoothed over confidence by a Gaussian kernel
    reflected at 0 and 1; the error is the integral of the absolute smoothed residual. With no
    bandwidth given it is the one at which error and bandwidth are equal (`smooth_bandwidth`). In
    [0, 1]. Biased upwards as every plug-in error is. Blasiok and Nakkiran (2023), "Smooth ECE",
    definition of smECE. Agrees with the package relplot 1.0.3 to 1e-9, where rows at exactly 0 or 1
    weigh half: a model whose confidences are saturated looks better or worse than it is.
    `kernel_error` and the binned errors know no such ends.

    Parameters
    ----------
    bandwidth : float, optional
        Standard deviation of the kernel, 1e-4 to 1.
    weights : array of shape (n,), optional
        How many cases each row stands for, in any unit.
    """
    # Kept of relplot: its grids (max(2000, 20 / bandwidth) / 2 + 1 points for the kernel, max(200,
    # 10 / bandwidth) for the integral), linear splitting of rows between grid points, density floor
    # of 1e-4, ten halvings; and two oddities: the kernel lies half a grid step off where the number
    # of points is even, and reflection does not double the end points of the grid, so that rows
    # within a grid step of 0 or 1 (0.001) weigh less than the others.
    residuals = _Residuals.of(confidence, correct, weights)
    if bandwidth is None:
        return residuals.error(residuals.bandwidth())
    if not _LEAST_GIVEN <= bandwidth <= 1:
        raise SettingsError(
            f"bandwidth is {bandwidth}", where="bandwidth", remedy="give a number from 1e-4 to 1"
        )
    return residuals.error(bandwidth)


def smooth_bandwidth(
    confidence: ArrayLike, correct: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Return the bandwidth that `smooth_ece` chooses: a multiple of 1/1024, 2/1024 to 1.

    The least at which the error is not above the bandwidth, found by ten halvings of [0, 1].
    """
    return _Residuals.of(confidence, correct, weights).bandwidth()


def smooth_fit(
    confidence: ArrayLike, correct: ArrayLike, *, weights: ArrayLike | None = None
) -> tuple[float, float]:
    """Return the bandwidth of `smooth_bandwidth`, and the error at it, for the work of one."""
    residuals = _Residuals.of(confidence, correct, weights)
    bandwidth = residuals.bandwidth()
    return bandwidth, residuals.error(bandwidth)


def split_on_grid(confidence: Floats, values: Floats, points: int) -> Floats:
    """Split values linearly between the two points of a grid on [0, 1] next to each confidence."""
    lower, higher = np.zeros(points), np.zeros(points - 1)
    for rows in row_parts(len(confidence)):
        position = confidence[rows] * (points - 1)
        # 1 falls at the end of the last interval, not at the start of one beyond it.
        below = np.minimum(position.astype(np.intp), points - 2)
        upper = (position - below) * values[rows]
        # One by one in the order of rows, as if these were not parts.
        np.add.at(lower, below, values[rows] - upper)
        np.add.at(higher, below, upper)
    lower[1:] += higher
    return lower


@dataclass
class _Residuals:
    """Residuals, and the spectra of their grids, which serve many bandwidths."""

    confidence: Floats
    residual: Floats
    count: Floats
    spectra: dict[int, NDArray[np.complex128]] = field(default_factory=dict)

    @classmethod
    def of(cls, confidence: ArrayLike, correct: ArrayLike, weights: ArrayLike | None) -> _Residuals:
        values = check_confidence(confidence)
        residual = values - check_correct(correct, len(values))
        own, (values, residual) = of_some_weight(weights, values, residual)
        if own is None:
            return cls(values, residual, np.ones_like(residual))
        return cls(values, own * residual, own)

    def bandwidth(self) -> float:
        if self.error(1.0) > 1.0:
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if middle < _LEAST_BANDWIDTH or middle < self.error(middle):
                low = middle
            else:
                high = middle
        return high

    def error(self, bandwidth: float) -> float:
        points = max(2000, round(20 / bandwidth)) // 2 + 1
        smoothed = _smoothed(self._spectrum(points), points, bandwidth)
        at = np.linspace(0.0, points - 1, max(round(10 / bandwidth), 200))
        below = np.minimum(at.astype(np.intp), points - 2)
        share = at - below
        residual, density = smoothed[:, below] * (1 - share) + smoothed[:, below + 1] * share
        return float(np.abs(residual).sum() / (density + _FLOOR).sum())

    def _spectrum(self, points: int) -> NDArray[np.complex128]:
        """Return the transforms of residuals and of counts on the grid, reflected."""
        if points not in self.spectra:
            grid = np.stack(
                [
                    split_on_grid(self.confidence, values, points)
                    for values in (self.residual, self.count)
                ]
            )
            self.spectra[points] = fft.rfft(np.concatenate([grid, grid[:, -2:0:-1]], axis=1))
        return self.spectra[points]


def _smoothed(spectrum: NDArray[np.complex128], points: int, bandwidth: float) -> Floats:
    """Convolve with the kernel; on the reflected grid this is one product of spectra."""
    offset = np.arange(points)
    # Reaches half the unit interval to either side, so one reflection suffices.
    distance = offset / (points - 1) - 0.5
    kernel = np.exp(-0.5 * (distance / bandwidth) ** 2) / (np.sqrt(2 * np.pi) * bandwidth)
    period = 2 * points - 2
    placed = np.zeros(period)
    placed[(offset + points // 2 - points + 1) % period] = kernel
    product = spectrum * np.conj(fft.rfft(placed))
    return np.asarray(fft.irfft(product, n=period, axis=1)[:, :points])
