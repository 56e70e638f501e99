"""Reliability diagrams: names of files, and what is in a panel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from matplotlib.colors import to_hex

from crosscal.analysis import Results
from crosscal.report.charts.canvas import chart_style
from crosscal.report.charts.chart import NARROW, WIDE
from crosscal.report.charts.markers import colour
from crosscal.report.charts.palette import LIGHT
from crosscal.report.charts.reliability import file_names, reliability_figures


def test_file_names_are_plain_and_different() -> None:
    names = file_names(["a/b", "a b", "../../etc/passwd", "中文", "任务", "x" * 200])
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,60}", name) for name in names.values())


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_bin_has_a_marker_filled_where_it_lies_outside_the_band(
    results: Results, width: float
) -> None:
    chart = reliability_figures(results)[1]
    with chart_style():
        axes = chart.draw(width).axes[0]
    bins = [b for b in results.reliability if b.scaling == "none" and b.recipe == chart.recipe]
    lines = [line for line in axes.lines if line.get_marker() != "None"]
    is_hollow = [line.get_mfc() == LIGHT["paper"] for line in lines for _ in line.get_xdata()]
    hollow, filled = is_hollow.count(True), is_hollow.count(False)
    outside = sum(not b.low <= b.accuracy <= b.high for b in bins)
    assert (hollow, filled) == (len(bins) - outside, outside)
    assert f"{len(bins)} bins in 15 languages; in {outside} of them" in chart.description
    height = axes.get_ylim()[0]
    assert all(0 <= x <= width for line in lines for x in line.get_xdata())
    assert all(0 <= y <= height for line in lines for y in line.get_ydata())


def test_panels_show_accuracy_by_confidence(build: Callable[..., Results]) -> None:
    results = build(languages=("en", "sw"), recipes=("direct",), grouped=False, scalings=("none",))
    (chart,) = reliability_figures(results)
    with chart_style():
        axes = chart.draw(WIDE).axes[0]
    diagonal = next(c for c in axes.collections if c.get_linestyle()[0][1] is not None)
    (left, low), (right, high) = diagonal.get_segments()[0]
    start = 0.3
    curves = next(c for c in axes.collections if to_hex(c.get_edgecolor()[0]) == colour(0))
    curve = curves.get_segments()[0]
    bins = [b for b in results.reliability if b.language == "en"]
    confidence = [start + (1 - start) * (x - left) / (right - left) for x in curve[:, 0]]
    accuracy = [start + (1 - start) * (y - low) / (high - low) for y in curve[:, 1]]
    assert confidence == pytest.approx([b.confidence for b in bins])
    assert accuracy == pytest.approx([b.accuracy for b in bins])


def test_no_bins_no_figure(build: Callable[..., Results]) -> None:
    assert reliability_figures(build(languages=("en", "sw"), scalings=("none",)), "english") == []
