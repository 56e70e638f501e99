"""Retrieval accuracy by layer, as a chart."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

from crosscal.exceptions import DataError
from crosscal.report.charts.canvas import chart_style
from crosscal.report.charts.chart import NARROW, WIDE
from crosscal.report.charts.layer_curve import layer_curve
from crosscal.report.charts.render import render
from crosscal.report.layers import layer_means
from tests.report.test_layers import DIRECTIONS, sweep


def test_description_says_which_layer_is_best() -> None:
    chart = layer_curve(sweep())
    assert "to English layer 11 is best, with 79.7 % of the translations" in chart.description
    assert "from English layer 11 is best, with 74.7 %" in chart.description
    assert "700 to 900 sentences each" in chart.description


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_means_are_drawn_and_their_best_is_labelled(width: float) -> None:
    chart, means = layer_curve(sweep()), layer_means(sweep())
    with chart_style():
        axes = chart.draw(width).axes[0]
    words = [text.get_text() for text in axes.texts]
    assert words == ["found, %", "79.7", "74.7"]
    drawn = [line.get_ydata() for line in axes.lines if line.get_marker() == "None"]
    assert len(drawn) == 2 * 3 + 2
    for direction, shares in zip(DIRECTIONS, drawn[-2:], strict=True):
        assert np.allclose(shares, [100 * v for v in means[direction].values()])
    assert axes.get_ylim() == (0, 100)


def test_languages_are_named_on_hovering() -> None:
    drawing = render(layer_curve(sweep()))
    for svg in (f"<b>{drawing.inline}</b>", drawing.files["retrieval-by-layer.svg"]):
        titles = {e.text for e in ET.fromstring(svg).iter() if e.tag.endswith("title")}
        assert {"Arabic, to English", "Swahili, from English"} <= titles
    assert render(layer_curve(sweep())) == drawing


@pytest.mark.parametrize("layers", [1, 2, 25, 49])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_any_number_of_layers(layers: int, width: float) -> None:
    with chart_style():
        axes = layer_curve(sweep(layers)).draw(width).axes[0]
    ticks = axes.get_xticklabels()
    assert ticks[0].get_text() == "0"
    pixels = [axes.transData.transform((tick.get_position()[0], 0))[0] for tick in ticks]
    assert all(b - a > 15 for a, b in pairwise(pixels))


def test_names_are_escaped() -> None:
    drawing = render(layer_curve(sweep(languages=("<b>&", "ar"))))
    ET.fromstring(f"<b>{drawing.inline}</b>")
    ET.fromstring(drawing.files["retrieval-by-layer.svg"])


def test_no_rows() -> None:
    with pytest.raises(DataError, match="there are no rows"):
        layer_curve([])
