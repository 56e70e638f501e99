"""How numbers are written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crosscal.analysis import Estimate
from crosscal.report.numbers import (
    direction_seen,
    duration,
    metric_number,
    number,
    short_interval,
)


@pytest.mark.parametrize(
    ("value", "signed", "said"),
    [(0.04, True, "0.0"), (-0.04, True, "0.0"), (-1.25, False, "−1.2"), (3.0, True, "+3.0")],
)
def test_number(value: float, signed: bool, said: str) -> None:
    assert number(value, signed=signed) == said


def test_units() -> None:
    assert metric_number(0.1234, "ece") == "12.3"
    assert metric_number(0.1234, "nll") == "0.123"


def test_interval_is_short_only_where_no_sign_is_near(row: Callable[..., Estimate]) -> None:
    assert short_interval(row("level", "a", "sw", 0.05, 0.01)) == "4.0–6.0"
    assert short_interval(row("effect", "a", "sw", 0.0, 0.01)) == "−1.0 to 1.0"


def test_touching_zero_is_not_seen(row: Callable[..., Estimate]) -> None:
    seen = [direction_seen(row("effect", "a", "sw", v, 0.01)) for v in (-0.02, 0.01, 0.02)]
    assert seen == [-1, 0, 1]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.2, "0.2 s"),
        (75, "75 s"),
        (600, "10 min"),
        (9000, "2 h 30 min"),
        (4.5e6, "1,250 h"),
    ],
)
def test_duration(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
