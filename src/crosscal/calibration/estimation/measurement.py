"""What the engine returns: a value with draws of its truth, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosscal.calibration.statistics.intervals import quantile_interval
from crosscal.calibration.statistics.p_values import two_sided_tail, upper_tail
from crosscal.exceptions import DataError

Floats = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class PerfectCalibration:
    """What an error would be if every confidence were right.

    Attributes
    ----------
    observed : float
        What the samples are compared with.
    calibrated : ndarray of shape (samples,)
        Errors of outcomes drawn from the confidences, rows independent.
    noise : ndarray of shape (replicates,)
        Errors of the resampling's noise alone, which has the dependence of the data.
    dependent : bool
        Whether rows depend on each other, so that `noise` counts too.
    """

    observed: float
    calibrated: Floats
    noise: Floats
    dependent: bool

    def p_value(self) -> float:
        """Return the probability of an error at least as large; see `estimate_errors`."""
        # Outcomes are summed in single precision; a tie must count as a tie.
        least = self.observed - 1e-6 * abs(self.observed) - 1e-12
        nulls = (self.calibrated, self.noise) if self.dependent else (self.calibrated,)
        return max(upper_tail(null, least) for null in nulls if len(null))


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A measure of predictions, or a combination of such: a difference, a mean.

    Combinations are formed draw by draw, and are paired where both came from one resampling.

    Attributes
    ----------
    value : float
        The estimate.
    draws_low, draws_high : ndarray of shape (replicates,)
        Draws of the true value, the least and the greatest it can be. They differ where a
        calibration error may well be 0: a draw between 0 and the noise is too high if it is.
    span : (float, float)
        What the measure can be.
    inside : bool
        Whether the estimate lies within its interval by nature: a mean does, an error that is
        inflated by noise need not.
    noise_floor : float or None
        Of an error: its mean if every confidence were right.
    seed_scale, seed_shift : ndarray of shape (replicates,) or None
        Standard deviation of what trainings add to each draw, and what they add.
    """

    value: float
    draws_low: Floats
    draws_high: Floats
    span: Interval
    inside: bool = True
    noise_floor: float | None = None
    null: PerfectCalibration | None = None
    seed_scale: Floats | None = None
    seed_shift: Floats | None = None

    def __sub__(self, other: Measurement) -> Measurement:
        if len(self.draws_low) != len(other.draws_low):
            raise DataError(
                f"{len(self.draws_low)} and {len(other.draws_low)} draws",
                where="difference",
                remedy="measure both on one resampling",
            )
        return Measurement(
            value=self.value - other.value,
            draws_low=self.draws_low - other.draws_high,
            draws_high=self.draws_high - other.draws_low,
            span=(self.span[0] - other.span[1], self.span[1] - other.span[0]),
            inside=self.inside and other.inside,
        )

    @property
    def known(self) -> bool:
        """Whether there are draws at all, and all are numbers."""
        return bool(np.isfinite(self.draws_low).all() and np.isfinite(self.draws_high).all())

    def interval(self, level: float) -> Interval:
        """Return the interval of the true value, within what the measure can be."""
        draws = self.draws_low, self.draws_high
        if self.seed_shift is not None:
            least = draws[0] + self.seed_shift
            draws = least, least if draws[0] is draws[1] else draws[1] + self.seed_shift
        low, high = quantile_interval(*draws, level)
        if self.inside:
            low, high = min(low, self.value), max(high, self.value)
        bottom, top = self.span
        return min(max(low, bottom), top), min(max(high, bottom), top)

    def p_value(self) -> float:
        """Return the two-sided p-value of "the true value is 0"."""
        return two_sided_tail(self.draws_low, self.draws_high, self.seed_scale)

    def between_seeds(self, scale: Floats, normal: Floats) -> Measurement:
        """Return the measure as it stands for all trainings, not for those that were made."""
        return replace(self, seed_scale=scale, seed_shift=scale * normal)


def mean_measurement(measurements: Sequence[Measurement]) -> Measurement:
    """Return the unweighted mean of measurements of one kind."""
    if len(measurements) == 1:
        return measurements[0]
    floors = [m.noise_floor for m in measurements if m.noise_floor is not None]
    nulls = [m.null for m in measurements if m.null is not None]
    spans = np.array([m.span for m in measurements])
    return Measurement(
        value=float(np.mean([m.value for m in measurements])),
        draws_low=_mean([m.draws_low for m in measurements]),
        draws_high=_mean([m.draws_high for m in measurements]),
        span=(float(spans[:, 0].min()), float(spans[:, 1].max())),
        inside=all(m.inside for m in measurements),
        noise_floor=float(np.mean(floors)) if len(floors) == len(measurements) else None,
        null=_mean_null(nulls) if len(nulls) == len(measurements) else None,
    )


def _mean(parts: Sequence[Floats]) -> Floats:
    """Return the mean of arrays without stacking them."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total / len(parts)


def _mean_null(nulls: Sequence[PerfectCalibration]) -> PerfectCalibration:
    return PerfectCalibration(
        observed=float(np.mean([null.observed for null in nulls])),
        calibrated=_mean([null.calibrated for null in nulls]),
        noise=_mean([null.noise for null in nulls]),
        dependent=True,  # the same items in several languages or runs
    )


def pool_draws(
    drawn: Sequence[Measurement], *, level: float, finite_pool_factor: float = 1.0
) -> Measurement:
    """Put measurements on parts of the replicates together; the value is the mean over parts."""
    # Number d of D has the replicates d, d + D, d + 2 D, ...; whether an error may well be 0 is
    # decided on all of them together.
    if len(drawn) == 1:
        return drawn[0]
    values = np.array([one.value for one in drawn])
    shifts = (finite_pool_factor - 1.0) * (values - values.mean())
    low, high = (
        np.clip(
            _interleaved([ends + shift for ends, shift in zip(parts, shifts, strict=True)]),
            *drawn[0].span,
        )
        for parts in ([one.draws_low for one in drawn], [one.draws_high for one in drawn])
    )
    nulls = [one.null for one in drawn if one.null is not None]
    if nulls:
        as_large = np.mean([(null.noise >= null.observed).mean() for null in nulls])
        low = np.zeros_like(high) if as_large > (1 - level) / 2 else low
    floors = [one.noise_floor for one in drawn if one.noise_floor is not None]
    return replace(
        drawn[0],
        value=float(values.mean()),
        draws_low=low,
        draws_high=high,
        noise_floor=float(np.mean(floors)) if floors else None,
        null=_pooled_null(nulls),
    )


def _interleaved(parts: Sequence[Floats]) -> Floats:
    whole = np.empty(sum(map(len, parts)))
    for number, part in enumerate(parts):
        whole[number :: len(parts)] = part
    return whole


def _pooled_null(nulls: Sequence[PerfectCalibration]) -> PerfectCalibration | None:
    """Return the null of a mean over parts: each sample moved by what its part's error is off."""
    if not nulls:
        return None
    observed = float(np.mean([null.observed for null in nulls]))
    moved = [
        (null.calibrated + observed - null.observed, null.noise + observed - null.observed)
        for null in nulls
    ]
    return PerfectCalibration(
        observed=observed,
        calibrated=np.concatenate([calibrated for calibrated, _ in moved]),
        noise=np.concatenate([noise for _, noise in moved]),
        dependent=any(null.dependent for null in nulls),
    )
