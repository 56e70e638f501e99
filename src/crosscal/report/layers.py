"""Retrieval accuracy by layer: which layer of an encoder brings translations together."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib import resources
from statistics import fmean
from typing import Any

from crosscal.exceptions import DataError
from crosscal.report.charts.axes import Scale, nice_ticks, vertical_axis
from crosscal.report.charts.dot_plot import NARROW, WIDE
from crosscal.report.charts.markers import colour_class, legend, marker
from crosscal.report.findings import language_name
from crosscal.report.numbers import number
from crosscal.report.svg import Drawing, Figure, clean, element, line, polyline, standalone, text

Row = Mapping[str, Any]
"""Keys ``language``, ``layer``, ``direction``, ``accuracy`` (a fraction) and ``n``."""

_COLUMNS = ("language", "layer", "direction", "accuracy", "n")

NAME = "retrieval-by-layer"
FILE = "layers.json"
_FORMAT = "crosscal-layers/1"

_LEFT, _TOP, _HEIGHT = 34.0, 28.0, 260.0
_NAMES = {"to-english": "to English", "from-english": "from English"}


@dataclass(frozen=True, kw_only=True)
class LayerSweep:
    """The layer sweep of one run.

    Attributes
    ----------
    study, target, recipe : str
    seed : int
    rows : sequence of mapping
        See `Row`.
    """

    study: str
    target: str
    recipe: str
    seed: int
    rows: Sequence[Row]

    def to_json(self) -> str:
        """Return indented JSON."""
        document = {"format": _FORMAT, **asdict(self)}
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, *, where: str) -> LayerSweep:
        """Read what `to_json` wrote.

        Parameters
        ----------
        text : str
        where : str
            The place named in errors.

        Raises
        ------
        DataError
            If it is something else.
        """
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


def sweep_files(sweep: LayerSweep) -> dict[str, str]:
    """Write a sweep as files.

    Parameters
    ----------
    sweep : LayerSweep

    Returns
    -------
    dict of str to str
        Path within a target's folder to content: ``layers.json``, the chart, and the rows as
        CSV, accuracy as a fraction.

    Raises
    ------
    DataError
        As `layer_means`.
    """
    figure = layer_figure(sweep.rows)
    style = (resources.files("crosscal.report") / "templates" / "chart.css").read_text("utf-8")
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row[name] for name in _COLUMNS} for row in sweep.rows)
    return {
        FILE: sweep.to_json(),
        f"figures/{NAME}.svg": standalone(figure.wide, figure, style=style),
        f"data/{NAME}.csv": stream.getvalue(),
    }


def layer_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the means of a sweep layer by layer, as tables show them.

    Parameters
    ----------
    rows : sequence of mapping
        A layer sweep; see `Row`.

    Returns
    -------
    list of dict
        Keys ``layer``, every direction's name, ``mean`` (of the directions), all fractions, and
        ``best``: whether no layer's mean is higher.

    Raises
    ------
    DataError
        As `layer_means`.
    """
    means = layer_means(rows)
    layers = sorted({layer for by_layer in means.values() for layer in by_layer})
    table: list[dict[str, Any]] = []
    for layer in layers:
        shares = {_name(direction): means[direction][layer] for direction in means}
        table.append({"layer": layer, **shares, "mean": fmean(shares.values())})
    highest = max(row["mean"] for row in table)
    return [{**row, "best": row["mean"] == highest} for row in table]


def layer_means(rows: Sequence[Row]) -> dict[str, dict[int, float]]:
    """Average accuracy over languages.

    Parameters
    ----------
    rows : sequence of mapping
        A layer sweep; see `Row`.

    Returns
    -------
    dict of str to dict of int to float
        By direction, in the order they come in, and layer, ascending: the unweighted mean over
        the languages, a fraction.

    Raises
    ------
    DataError
        If there are no rows, a row is there twice, or a direction lacks a language in a layer.
    """
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


def layer_figure(rows: Sequence[Row]) -> Figure:
    """Draw accuracy against layer: a line a direction for the mean, a faint one a language.

    Parameters
    ----------
    rows : sequence of mapping
        A layer sweep; see `Row`.

    Returns
    -------
    Figure
        From 0 to 100 per cent.

    Raises
    ------
    DataError
        As `layer_means`.
    """
    means = layer_means(rows)
    languages = list(dict.fromkeys(row["language"] for row in rows))
    best = [
        f"{_name(direction)} layer {layer} is best, with {number(100 * by_layer[layer])} % of the "
        f"translations found on average over {len(languages)} languages"
        for direction, by_layer in means.items()
        for layer in [max(by_layer, key=lambda layer: by_layer[layer])]
    ]
    counts = [int(row["n"]) for row in rows]
    asked = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return Figure(
        name=NAME,
        kind="layers",
        title="Translations found, by layer of the encoder",
        description=(
            f"One strong line a direction, for the mean over languages, and one faint line a "
            f"language; {asked} sentences each. {'; '.join(best)}. Layer 0 is the embeddings."
        ),
        wide=_draw(rows, means, WIDE),
        narrow=_draw(rows, means, NARROW),
    )


def _draw(rows: Sequence[Row], means: Mapping[str, Mapping[int, float]], width: float) -> Drawing:
    layers = sorted({layer for by_layer in means.values() for layer in by_layer})
    styles = {direction: place for place, direction in enumerate(means, start=1)}
    entries = [(_name(direction), style) for direction, style in styles.items()]
    body, height = legend(entries, x=0, y=0, width=width)
    top = height + _TOP
    # A single layer has no width of its own.
    first, last = (layers[0], layers[-1]) if len(layers) > 1 else (layers[0] - 1, layers[0] + 1)
    x = Scale(low=first, high=last, start=_LEFT + 12, end=width - 22)
    y = Scale(low=0, high=100, start=top + _HEIGHT, end=top)
    body += text("found, %", 0, top - 14, class_="note")
    body += vertical_axis(y, nice_ticks(0, 100, 6), left=_LEFT, right=width - 10)
    every = max(1, round(len(layers) * 26 / (width - _LEFT)))
    for layer in layers[::every]:
        body += text(str(layer), x(layer), y.start + 18, class_="tick", text_anchor="middle")
    body += line(_LEFT, y.start, width - 10, y.start, "rule")
    body += text("layer", width - 10, y.start + 36, class_="note", text_anchor="end")
    body += _languages(rows, x, y)
    # Labels of the best layers keep out of each other's way: the highest above, others below.
    highest = max(means, key=lambda direction: max(means[direction].values()))
    for direction, by_layer in means.items():
        colour = colour_class(styles[direction])
        points = [(x(layer), y(100 * share)) for layer, share in by_layer.items()]
        body += polyline(points, f"curve {colour}")
        body += "".join(marker(styles[direction], *point, 3.6) for point in points)
        layer = max(by_layer, key=lambda layer: by_layer[layer])
        below = -9 if direction == highest else 20
        place = x(layer), y(100 * by_layer[layer]) + below
        value = number(100 * by_layer[layer])
        body += text(value, *place, class_=f"value {colour}", text_anchor="middle")
    return Drawing(width=width, height=y.start + 42, body=body)


def _languages(rows: Sequence[Row], x: Scale, y: Scale) -> str:
    """Draw a faint line for each language and direction, with its name on hover."""
    curves: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        key = row["direction"], row["language"]
        curves.setdefault(key, []).append((row["layer"], row["accuracy"]))
    body = ""
    for (direction, language), points in curves.items():
        name = escape(clean(f"{language_name(language)}, {_name(direction)}"), quote=False)
        curve = polyline([(x(layer), y(100 * share)) for layer, share in sorted(points)], "grid")
        body += element("g", element("title", name), curve)
    return body


def _name(direction: str) -> str:
    return _NAMES.get(direction, direction)


def _uneven(direction: str, layer: int, what: str) -> DataError:
    return DataError(
        what, where=f"layer sweep: {direction}, layer {layer}", remedy="Give every language once"
    )
