"""Calibration error against accuracy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from crosscal.analysis import Results
from crosscal.report.charts.canvas import chart_style
from crosscal.report.charts.chart import NARROW, WIDE
from crosscal.report.charts.scatter import scatter_figure


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_language_is_a_labelled_point_of_every_recipe(results: Results, width: float) -> None:
    chart = scatter_figure(results)
    assert chart is not None
    with chart_style():
        figure = chart.draw(width)
        figure.draw_without_rendering()
    assert len(figure.axes) == 3
    for recipe, axes in zip(results.recipes, figure.axes, strict=True):
        points = sorted(p for line in axes.lines for p in zip(*line.get_data(), strict=True))
        levels = {
            (e.language, e.metric): 100 * e.value
            for e in results.find(quantity="level", recipe=recipe, scaling="none")
            if not e.is_group
        }
        shown = [(levels[c, "accuracy"], levels[c, "ece_debiased"]) for c in results.languages]
        assert np.allclose(points, sorted(shown))
        codes = [text for text in axes.texts if text.get_text() in results.languages]
        assert sorted(t.get_text() for t in codes) == sorted(results.languages)
        boxes = [text.get_window_extent() for text in codes]
        overlaps = sum(a.overlaps(b) for a, b in combinations(boxes, 2))
        assert overlaps <= 4
