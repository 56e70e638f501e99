"""Retrieval accuracy by layer: which layer of an encoder brings translations together."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from crosscal.exceptions import DataError

Row = Mapping[str, Any]
"""Keys ``language``, ``layer``, ``direction``, ``accuracy`` (a fraction) and ``n``."""

_COLUMNS = ("language", "layer", "direction", "accuracy", "n")

NAME = "retrieval-by-layer"
FILE = "layers.json"
_FORMAT = "crosscal-layers/1"

_NAMES = {"to-english": "to English", "from-english": "from English"}


@dataclass(frozen=True, kw_only=True)
class LayerSweep:
    """The layer sweep of one run."""

    study: str
    target: str
    recipe: str
    seed: int
    rows: Sequence[Row]
    embedding: str = ""  # key of the stage whose vectors were compared

    @property
    def run(self) -> tuple[str, str, int]:
        """Target, recipe and seed."""
        return self.target, self.recipe, self.seed

    def to_json(self) -> str:
        """Return indented JSON."""
        document = {"format": _FORMAT, **asdict(self)}
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, *, where: str) -> LayerSweep:
        """Read what `to_json` wrote."""
        try:
            document = json.loads(text)
            if document.pop("format") != _FORMAT:
                raise ValueError
            return cls(**document)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"this is no layer sweep of format {_FORMAT!r}",
                where=where,
                remedy="Sweep again: crosscal layers STUDY",
            ) from error


def sweep_data(sweep: LayerSweep) -> dict[str, str]:
    """Return a sweep as JSON, and its rows as CSV, accuracy as a fraction: path to content."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row[name] for name in _COLUMNS} for row in sweep.rows)
    return {FILE: sweep.to_json(), f"data/{NAME}.csv": stream.getvalue()}


def layer_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the means of a sweep by layer: each direction, their ``mean``, whether ``best``."""
    means = layer_means(rows)
    layers = sorted({layer for by_layer in means.values() for layer in by_layer})
    table: list[dict[str, Any]] = []
    for layer in layers:
        shares = {direction_name(direction): means[direction][layer] for direction in means}
        table.append({"layer": layer, **shares, "mean": fmean(shares.values())})
    highest = max(row["mean"] for row in table)
    return [{**row, "best": row["mean"] == highest} for row in table]


def layer_means(rows: Sequence[Row]) -> dict[str, dict[int, float]]:
    """Average accuracy over languages, unweighted: by direction, and layer ascending."""
    cells: dict[str, dict[int, dict[str, float]]] = {}
    for row in rows:
        cell = cells.setdefault(row["direction"], {}).setdefault(row["layer"], {})
        if row["language"] in cell:
            raise _uneven(row["direction"], row["layer"], f"{row['language']} is there twice")
        cell[row["language"]] = row["accuracy"]
    if not cells:
        raise DataError("there are no rows", where="layer sweep", remedy="Sweep a language")
    for direction, layers in cells.items():
        every = {language for cell in layers.values() for language in cell}
        for layer, cell in layers.items():
            if missing := sorted(every - cell.keys()):
                raise _uneven(direction, layer, f"no accuracy for {', '.join(missing)}")
    return {
        direction: {layer: fmean(layers[layer].values()) for layer in sorted(layers)}
        for direction, layers in cells.items()
    }


def direction_name(direction: str) -> str:
    """Return what a direction is called in tables and charts."""
    return _NAMES.get(direction, direction)


def _uneven(direction: str, layer: int, what: str) -> DataError:
    return DataError(
        what, where=f"layer sweep: {direction}, layer {layer}", remedy="Give every language once"
    )
