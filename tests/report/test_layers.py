"""Retrieval accuracy by layer, as means and as a chart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest

from crosscal.exceptions import DataError
from crosscal.report.layers import (
    LayerSweep,
    layer_figure,
    layer_means,
    layer_table,
    sweep_files,
)
from crosscal.report.svg import inline, standalone

DIRECTIONS = ("to-english", "from-english")


def sweep(
    layers: int = 13, languages: tuple[str, ...] = ("ar", "th", "sw")
) -> list[dict[str, Any]]:
    """Accuracy rises to the layer before the last, and is lower from English."""
    return [
        {
            "language": language,
            "layer": layer,
            "direction": direction,
            "accuracy": 0.1
            + 0.8 * min(layer, 2 * layers - 4 - layer) / layers
            - 0.05 * place
            + 0.01 * number,
            "n": 1000 - 100 * number,
        }
        for number, language in enumerate(languages, start=1)
        for layer in range(layers)
        for place, direction in enumerate(DIRECTIONS)
    ]


def test_means_by_hand() -> None:
    rows = [
        {"language": "ar", "layer": 3, "direction": "to-english", "accuracy": 0.5, "n": 10},
        {"language": "ur", "layer": 3, "direction": "to-english", "accuracy": 0.7, "n": 1000},
        {"language": "ar", "layer": 0, "direction": "to-english", "accuracy": 0.1, "n": 10},
        {"language": "ur", "layer": 0, "direction": "to-english", "accuracy": 0.2, "n": 1000},
    ]
    means = layer_means(rows)
    assert list(means["to-english"]) == [0, 3]
    assert means["to-english"] == pytest.approx({0: 0.15, 3: 0.6})


def test_figure_says_which_layer_is_best() -> None:
    figure = layer_figure(sweep())
    assert "to English layer 11 is best, with 79.7 % of the translations" in figure.description
    assert "from English layer 11 is best, with 74.7 %" in figure.description
    assert "700 to 900 sentences each" in figure.description
    assert figure.narrow.width < 360 < figure.wide.width
    for drawing in (figure.wide, figure.narrow):
        tree = ET.fromstring(inline(drawing, figure, ident="x"))
        titles = [title.text for title in tree.iter("title")]
        assert {"Arabic, to English", "Swahili, from English"} <= set(titles)
        values = [node.text for node in tree.iter("text") if "value" in node.get("class", "")]
        assert values == ["79.7", "74.7"]
        spots = [node.attrib for node in tree.iter("polyline") if "curve" in node.get("class", "")]
        assert [len(spot["points"].split()) for spot in spots] == [13, 13]
        for x, y in re.findall(r"([\d.]+),([\d.]+)", " ".join(s["points"] for s in spots)):
            assert 0 <= float(x) <= drawing.width
            assert 0 <= float(y) <= drawing.height
    assert layer_figure(sweep()) == figure


@pytest.mark.parametrize("layers", [1, 2, 25, 49])
def test_any_number_of_layers(layers: int) -> None:
    figure = layer_figure(sweep(layers))
    for drawing in (figure.wide, figure.narrow):
        tree = ET.fromstring(inline(drawing, figure, ident="x"))
        bottom = drawing.height - 42 + 18
        ticks = [n for n in tree.iter("text") if abs(float(n.get("y", 0)) - bottom) < 0.1]
        places = [float(node.get("x", 0)) for node in ticks]
        assert ticks[0].text == "0"
        assert all(b - a > 15 for a, b in pairwise(places))


def test_names_are_escaped() -> None:
    figure = layer_figure(sweep(languages=("<b>&", "ar")))
    ET.fromstring(standalone(figure.wide, figure, style=""))


def test_what_cannot_be_averaged() -> None:
    rows = sweep()
    with pytest.raises(DataError, match="to-english, layer 0: no accuracy for ar"):
        layer_means(rows[1:])
    with pytest.raises(DataError, match="to-english, layer 0: ar is there twice"):
        layer_means([*rows, rows[0]])
    with pytest.raises(DataError, match="there are no rows"):
        layer_figure([])


def test_table_marks_the_best_layer() -> None:
    table = layer_table(sweep(layers=5))
    means = layer_means(sweep(layers=5))
    assert [row["layer"] for row in table] == [0, 1, 2, 3, 4]
    for row in table:
        assert row["to English"] == means["to-english"][row["layer"]]
        assert row["from English"] == means["from-english"][row["layer"]]
        assert row["mean"] == pytest.approx((row["to English"] + row["from English"]) / 2)
    assert [row["layer"] for row in table if row["best"]] == [3]


def test_sweeps_are_read_back_and_other_files_refused() -> None:
    made = LayerSweep(study="s", target="t", recipe="r", seed=2, rows=sweep(layers=2))
    files = sweep_files(made)
    assert LayerSweep.from_json(files["layers.json"], where="x") == made
    assert files["data/retrieval-by-layer.csv"].count("\n") == 1 + len(made.rows)
    ET.fromstring(files["figures/retrieval-by-layer.svg"].encode())
    for text in (
        "",
        "[]",
        "{}",
        '{"format": "other/1"}',
        '{"format": "crosscal-layers/1", "a": 1}',
    ):
        with pytest.raises(DataError, match="no layer sweep") as caught:
            LayerSweep.from_json(text, where="the file")
        assert caught.value.where == "the file"
