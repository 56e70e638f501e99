"""Axes in pixels, their ticks, and a style that leaves matplotlib as it was."""

from __future__ import annotations

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.report.charts.canvas import add_axes, chart_style, new_figure, padded, set_ticks


@settings(deadline=None)
@given(st.floats(-100, 100), st.floats(0, 100), st.integers(5, 20))
def test_ticks_are_few_round_and_inside(low: float, width: float, most: int) -> None:
    low, high = padded(low, low + width)
    axis = add_axes(new_figure(100, 100), 0, 0, 100, 100).xaxis
    axis.axes.set_xlim(low, high)
    set_ticks(axis, (low, high), most)
    ticks = axis.get_ticklocs()
    assert 1 <= len(ticks) <= most + 1
    assert all(low - 1e-6 <= t <= high + 1e-6 for t in ticks)
    labels = [text.get_text() for text in axis.get_ticklabels()]
    assert len(set(labels)) == len(labels) == len(ticks)


def test_ticks_have_true_signs_and_the_decimals_of_their_step() -> None:
    axis = add_axes(new_figure(100, 100), 0, 0, 100, 100).xaxis
    set_ticks(axis, (-1.1, 1.1), 5, signed=True)
    assert [t.get_text() for t in axis.get_ticklabels()] == ["−1.0", "−0.5", "0.0", "+0.5", "+1.0"]


def test_axes_are_placed_in_pixels_from_the_upper_left() -> None:
    figure = new_figure(200, 100)
    axes = add_axes(figure, 20, 10, 50, 30)
    assert axes.get_position().bounds == pytest.approx((0.1, 0.6, 0.25, 0.3))


def test_settings_of_matplotlib_are_left_alone() -> None:
    before = {k: v for k, v in matplotlib.rcParams.items() if k != "backend"}
    with matplotlib.rc_context({"lines.linewidth": 7, "text.parse_math": True}):
        with chart_style():
            assert matplotlib.rcParams["lines.linewidth"] == 1.6
            assert not matplotlib.rcParams["text.parse_math"]
        assert matplotlib.rcParams["lines.linewidth"] == 7
    assert {k: v for k, v in matplotlib.rcParams.items() if k != "backend"} == before
