"""Scales and axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crosscal.report.numbers import number
from crosscal.report.svg import line, text


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear map from values to pixels.

    Attributes
    ----------
    low, high : float
        Values at the ends.
    start, end : float
        Pixels there; `start` above `end` for an upward axis.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def padded(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """Widen a range by a share of its width at both ends; an empty one by half a unit."""
    pad = (high - low) * share if high - low > 1e-9 else 0.5
    return low - pad, high + pad


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values, evenly spaced, within a range.

    Parameters
    ----------
    low, high : float
        `low` below `high`.
    most : int
        Ticks at most, at least 2.

    Returns
    -------
    list of float
        Increasing; multiples of 1, 2 or 5 times a power of ten.
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def tick_label(value: float, ticks: list[float], *, signed: bool = False) -> str:
    """Write a tick with as many decimals as its step needs."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else abs(value) or 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return number(value, digits=digits, signed=signed)


def horizontal_axis(
    scale: Scale, ticks: list[float], *, top: float, bottom: float, signed: bool = False
) -> str:
    """Draw vertical grid lines and the values beneath them; the line at zero is stronger."""
    body = ""
    for value in ticks:
        x = scale(value)
        body += line(x, top, x, bottom, "zero" if value == 0 else "grid")
        words = tick_label(value, ticks, signed=signed)
        body += text(words, x, bottom + 16, class_="tick", text_anchor="middle")
    return body


def vertical_axis(scale: Scale, ticks: list[float], *, left: float, right: float) -> str:
    """Draw horizontal grid lines and the values left of them."""
    body = ""
    for value in ticks:
        y = scale(value)
        body += line(left, y, right, y, "grid")
        words = tick_label(value, ticks)
        body += text(words, left - 6, y + 4, class_="tick", text_anchor="end")
    return body
