"""How numbers are written: one place for signs, digits, units and intervals."""

from __future__ import annotations

from crosscal.analysis import Estimate, Results

MINUS = "\N{MINUS SIGN}"
AS_IS = frozenset({"nll", "brier"})


def number(value: float, *, digits: int = 1, signed: bool = False) -> str:
    """Write a number with a true minus sign and without a negative zero."""
    text = f"{abs(value):.{digits}f}"
    if not any(c in "123456789" for c in text):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def metric_number(value: float, metric: str, *, signed: bool = False) -> str:
    """Write a metric's value: per cent or points, but NLL and Brier as they are."""
    if metric in AS_IS:
        return number(value, digits=3, signed=signed)
    return number(100 * value, signed=signed)


def interval(estimate: Estimate, *, signed: bool = False) -> str:
    """Write the interval of an estimate in words, in the unit of `metric_number`."""
    low, high = (
        metric_number(end, estimate.metric, signed=signed) for end in (estimate.low, estimate.high)
    )
    return f"{low} to {high}"


def short_interval(estimate: Estimate, *, signed: bool = False) -> str:
    """Write the interval as short as it stays readable: with a dash where no sign is near."""
    words = interval(estimate, signed=signed)
    return words if signed or MINUS in words else words.replace(" to ", "\N{EN DASH}")


def level_percent(results: Results) -> str:
    """Write the level of the intervals, as in ``95 %``."""
    return f"{100 * float(results.settings.get('level', 0.95)):g}\N{NO-BREAK SPACE}%"


def direction_seen(estimate: Estimate) -> int:
    """Return 1 or -1 if the interval lies wholly above or below zero, else 0."""
    if estimate.low > 0:
        return 1
    return -1 if estimate.high < 0 else 0


def duration(seconds: float | None) -> str:
    """Write a time as a person would."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes >= 6000:
        return f"{round(minutes / 60):,} h"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def data_size(count: float) -> str:
    """Write a number of bytes in kilobytes, megabytes or gigabytes."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
