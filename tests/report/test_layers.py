"""Retrieval accuracy by layer, as means and as a chart."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from crosscal.exceptions import DataError
from crosscal.report.files import sweep_files
from crosscal.report.layers import LayerSweep, layer_means, layer_table

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


def test_what_cannot_be_averaged() -> None:
    rows = sweep()
    with pytest.raises(DataError, match="to-english, layer 0: no accuracy for ar"):
        layer_means(rows[1:])
    with pytest.raises(DataError, match="to-english, layer 0: ar is there twice"):
        layer_means([*rows, rows[0]])
    with pytest.raises(DataError, match="there are no rows"):
        layer_means([])


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
    assert LayerSweep.from_json(files["layers.json"].decode(), where="x") == made
    assert files["data/retrieval-by-layer.csv"].count(b"\n") == 1 + len(made.rows)
    ET.fromstring(files["figures/retrieval-by-layer.svg"])
    assert files["figures/retrieval-by-layer.pdf"].startswith(b"%PDF")
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


def test_without_matplotlib_the_data_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    made = LayerSweep(study="s", target="t", recipe="r", seed=2, rows=sweep(layers=2))
    assert sorted(sweep_files(made)) == ["data/retrieval-by-layer.csv", "layers.json"]
    with pytest.raises(DataError, match="no accuracy for ar"):
        sweep_files(LayerSweep(study="s", target="t", recipe="r", seed=2, rows=sweep()[1:]))
