"""Retrieval accuracy by layer: which layer of an encoder brings translations together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import fmean
from typing import Any

from crosscal.errors import DataError
from crosscal.report.charts.axes import Scale, nice_ticks, vertical_axis
from crosscal.report.charts.dots import NARROW, WIDE
from crosscal.report.charts.marks import colour_class, legend, marker
from crosscal.report.findings import language_name
from crosscal.report.numbers import number
from crosscal.report.svg import Drawing, Figure, clean, element, line, polyline, text

Row = Mapping[str, Any]
"""Keys ``language``, ``layer``, ``direction``, ``accuracy`` (a fraction) and ``n``."""

_LEFT, _TOP, _HEIGHT = 34.0, 28.0, 260.0
_NAMES = {"to-english": "to English", "from-english": "from English"}


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
        name="retrieval-by-layer",
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
