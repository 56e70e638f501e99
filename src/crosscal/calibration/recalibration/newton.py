"""Newton's method for smooth convex functions that may have no minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]

# Added to the Hessian scaled to a diagonal of 1: only directions that change nothing feel it.
_RIDGE = 1e-12
# A step that moves no log-odds by more is the last one; convergence is quadratic by then.
_STILL = 1e-8
# Gains below this share are rounding. If log-odds then still move by _ASTRAY or more in one
# step, they run away: near a minimum, steps shrink with the gain.
_NOTHING = 1e-14
_ASTRAY = 0.1


class Convex(Protocol):
    """A convex function of parameters (p,)."""

    def value(self, at: Floats) -> float:
        """Return the function."""
        ...

    def derivatives(self, at: Floats) -> tuple[Floats, Floats]:
        """Return gradient (p,) and Hessian (p, p)."""
        ...

    def reach(self, step: Floats) -> float:
        """Return by how much a step changes any row's log-odds, at most."""
        ...


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """Where the search ended."""

    at: Floats  # (p,)
    value: float
    gradient: float  # largest absolute derivative
    n_iter: int
    # ``runaway``: the function still falls where the parameters go to infinity, and what is
    # left to fall is below rounding. ``steps``: there were not enough of them
    ending: Literal["minimum", "runaway", "steps"]


def minimise(function: Convex, start: Floats, *, max_iter: int = 200) -> Minimum:
    """Find the minimum of a convex function by damped Newton steps."""
    at, value = start, function.value(start)
    ending: Literal["minimum", "runaway", "steps"] = "steps"
    steps = 0
    gradient, hessian = function.derivatives(at)
    while steps < max_iter:
        steps += 1
        step = _newton_step(gradient, hessian)
        # Judged by the step: without a minimum the gradient vanishes too, but steps do not.
        stop = stopped(function, value, gradient, step)
        if stop == "runaway":
            ending = stop
            break
        moved = function.reach(step)
        length, following = _line_search(function, at, value, step, -float(gradient @ step) / 2)
        if length:
            at, value = at + length * step, following
            gradient, hessian = function.derivatives(at)
        if moved <= _STILL or not length:
            ending = stop or "steps"
            break
    largest = float(np.abs(gradient).max(initial=0.0))
    return Minimum(at=at, value=value, gradient=largest, n_iter=steps, ending=ending)


def stopped(
    function: Convex, value: float, gradient: Floats, step: Floats
) -> Literal["minimum", "runaway"] | None:
    """Return what the search has come to, judged by Newton's next step; None if it goes on."""
    if -float(gradient @ step) / 2 > _NOTHING * max(1.0, abs(value)):
        return None
    return "runaway" if function.reach(step) >= _ASTRAY else "minimum"


def _newton_step(gradient: Floats, hessian: Floats) -> Floats:
    scale = np.sqrt(np.diag(hessian))
    scale[scale == 0] = 1.0
    scaled = hessian / np.outer(scale, scale)
    ridge = _RIDGE
    while True:
        try:
            factor = cho_factor(scaled + ridge * np.eye(len(scale)), lower=True)
            break
        except np.linalg.LinAlgError:  # rounding made it indefinite
            ridge *= 10.0
    return np.asarray(-cho_solve(factor, gradient / scale) / scale)


def _line_search(
    function: Convex, at: Floats, value: float, step: Floats, gain: float
) -> tuple[float, float]:
    """Return the first of the lengths 1, 1/2, 1/4, ... that lowers the function, and its value."""
    length = 1.0
    while length > 1e-10:
        following = function.value(at + length * step)
        if following <= value - 1e-4 * length * gain + 1e-15 * abs(value):
            return length, following
        length /= 2
    return 0.0, value
