"""A temperature for events: fitted on their own outcomes, on other rows than it is used for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from crosscal.analysis.events.event import Floats, RawEvents
from crosscal.calibration import ConvergenceWarning
from crosscal.exceptions import DataError

# Log temperatures that are tried before the search narrows: cosines need about -4, logits 0.
_GRID = np.arange(-10.0, 8.01, 0.5)
# Log odds that a shift may add; scores of 1 at the lowest temperature are 22,026.
_MOST_SHIFT = 1e6
# A wrong event of confidence 1 costs 36 nats, not infinitely many.
_LEAST = float(np.finfo(np.float64).eps)
_PRECISION = 1e-7


def fit_temperature(parts: Sequence[RawEvents]) -> tuple[float, float]:
    """Find the temperature, and the shift if the events have one, that suit outcomes best.

    It minimises the mean of ``-y log c - (1 - y) log(1 - c)`` over pooled events, where c is the
    confidence of the event and y its outcome: the best of a grid, then narrowed down between its
    neighbours. `crosscal.calibration.TemperatureScaling` looks at the probability of the right
    choice instead, and must leave out units without one; here they count. The shift is 0 unless the
    events are `shifted`.

    Raises
    ------
    DataError
        No events.

    Warns
    -----
    ConvergenceWarning
        The best temperature is at an end of the grid: all events are right, none is, or the
        scores say nothing.
    """
    outcomes = np.concatenate([part.correct for part in parts]) if parts else np.empty(0)
    if not len(outcomes):
        raise DataError(
            "there are no events to fit a temperature on",
            where="temperature",
            remedy="Use the scores as they are, or predict rows to fit on",
        )

    def loss(log_temperature: float, shift: float) -> float:
        temperature = float(np.exp(log_temperature))
        return _cross_entropy(np.concatenate(_at(parts, temperature, shift)), outcomes)

    def best_shift(log_temperature: float) -> float:
        if not parts[0].shifted:
            return 0.0
        temperature, mean = float(np.exp(log_temperature)), float(outcomes.mean())

        def excess(shift: float) -> float:  # the slope of the loss in the shift
            return float(np.mean(np.concatenate(_at(parts, temperature, shift)))) - mean

        return float(brentq(excess, -_MOST_SHIFT, _MOST_SHIFT, xtol=1e-9))

    def profile(log_temperature: float) -> float:
        return loss(log_temperature, best_shift(log_temperature))

    losses = np.array([profile(float(value)) for value in _GRID])
    start = int(losses.argmin())
    if start in (0, len(_GRID) - 1):
        warnings.warn(
            f"the best temperature is {np.exp(_GRID[start]):.3g} or beyond: the events say no more",
            ConvergenceWarning,
            stacklevel=3,
        )
        return float(np.exp(_GRID[start])), best_shift(float(_GRID[start]))
    optimum = minimize_scalar(
        profile,
        bounds=(float(_GRID[start - 1]), float(_GRID[start + 1])),
        method="bounded",
        options={"xatol": _PRECISION},
    )
    best = float(optimum.x) if optimum.fun <= losses[start] else float(_GRID[start])
    return float(np.exp(best)), best_shift(best)


def _at(parts: Sequence[RawEvents], temperature: float, shift: float) -> list[Floats]:
    return [part.confidence_at(temperature, shift) for part in parts]


def _cross_entropy(confidence: Floats, outcomes: Floats) -> float:
    sure = np.clip(confidence, _LEAST, 1.0 - _LEAST)
    return float(-(outcomes * np.log(sure) + (1.0 - outcomes) * np.log1p(-sure)).mean())
