"""Dots and whiskers: where they stand, and which are hollow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from crosscal.analysis import Results
from crosscal.report.charts.canvas import chart_style
from crosscal.report.charts.chart import NARROW, WIDE
from crosscal.report.charts.dot_plot import dot_plot
from crosscal.report.charts.palette import LIGHT

Build = Callable[..., Results]


def axes_of(results: Results, quantity: str = "degradation", width: float = WIDE):
    chart = dot_plot(results, quantity)
    assert chart is not None
    with chart_style():
        return chart.draw(width).axes[0]


def markers(axes):
    """Return x and face colour of every marker drawn."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    return [(x, line.get_markerfacecolor()) for line in lines for x in line.get_xdata()]


@pytest.mark.parametrize("quantity", ["degradation", "effect"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_estimate_has_its_dot_and_its_interval(
    results: Results, quantity: str, width: float
) -> None:
    axes = axes_of(results, quantity, width)
    estimates = results.find(quantity=quantity, metric="ece_debiased", scaling="none")
    assert sorted(x for x, _ in markers(axes)) == pytest.approx(
        sorted(100 * e.value for e in estimates)
    )
    whiskers = [
        tuple(segment[:, 0])
        for lines in axes.collections
        for segment in lines.get_segments()
        if lines.get_capstyle() == "round"
    ]
    ends = sorted((100 * e.low, 100 * e.high) for e in estimates)
    assert np.allclose(sorted(whiskers), ends)
    left, right = axes.get_xlim()
    assert all(left <= low and high <= right for low, high in whiskers)


def test_hollow_where_the_interval_holds_zero(build: Build) -> None:
    results = build(languages=("en", "sw"), recipes=("direct",), grouped=False)
    assert all(face != LIGHT["paper"] for _, face in markers(axes_of(results)))
    wider = replace(results, estimates=[replace(e, low=-1.0) for e in results.estimates])
    assert all(face == LIGHT["paper"] for _, face in markers(axes_of(wider)))


def test_means_have_their_value_beside_them(results: Results) -> None:
    words = [text.get_text() for text in axes_of(results).texts]
    means = [
        e
        for e in results.find(quantity="degradation", metric="ece_debiased", scaling="none")
        if e.is_group
    ]
    assert len(means) == 6
    assert all(f"+{100 * e.value:.1f}" in words for e in means)
    assert {"Morphologically rich", "Mean of 6", "Swahili", "worse than English →"} <= set(words)


def test_nothing_to_draw(build: Build) -> None:
    assert dot_plot(build(languages=("en",), grouped=False), "degradation") is None
