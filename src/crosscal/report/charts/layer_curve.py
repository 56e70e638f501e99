"""Retrieval accuracy by layer, as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosscal.report.characters import label
from crosscal.report.charts import canvas, markers
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.palette import LIGHT
from crosscal.report.charts.render import HOVER
from crosscal.report.findings import language_name
from crosscal.report.layers import NAME, direction_name, layer_means
from crosscal.report.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]
Means = Mapping[str, Mapping[int, float]]

_LEFT, _HEIGHT = 40.0, 260.0


def layer_curve(rows: Rows) -> Chart:
    """Draw accuracy against layer: a line a direction for the mean, a faint one a language."""
    means = layer_means(rows)
    languages = list(dict.fromkeys(row["language"] for row in rows))
    best = [
        f"{direction_name(direction)} layer {layer} is best, with {number(100 * by_layer[layer])} "
        f"% of the translations found on average over {len(languages)} languages"
        for direction, by_layer in means.items()
        for layer in [max(by_layer, key=lambda layer: by_layer[layer])]
    ]
    counts = [int(row["n"]) for row in rows]
    size = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return Chart(
        name=NAME,
        kind="layers",
        title="Translations found, by layer of the encoder",
        description=(
            f"One strong line a direction, for the mean over languages, and one faint line a "
            f"language; {size} sentences each. {'; '.join(best)}. Layer 0 is the embeddings."
        ),
        draw=lambda width: _draw(rows, means, width),
    )


def _draw(rows: Rows, means: Means, width: float) -> Figure:
    layers = sorted({layer for by_layer in means.values() for layer in by_layer})
    styles = {direction: style for style, direction in enumerate(means, start=1)}
    entries = [(direction_name(direction), style) for direction, style in styles.items()]
    legend = markers.Legend(markers.recipe_handles(entries), width)
    top, across = legend.height + 28, width - _LEFT - 20
    figure = canvas.new_figure(width, top + _HEIGHT + 42)
    legend.draw(figure)
    axes = canvas.add_axes(figure, _LEFT, top, across, _HEIGHT)
    # A single layer has no width of its own.
    edge = 0.02 * (layers[-1] - layers[0]) or 1
    axes.set(xlim=(layers[0] - edge, layers[-1] + edge), ylim=(0, 100))
    axes.grid(axis="y")
    canvas.set_ticks(axes.yaxis, (0, 100), 6)
    axes.set_xticks(layers[:: max(1, round(len(layers) * 26 / across))])
    axes.set_xlabel("layer", loc="right")
    canvas.write_above(axes, "found, %", _LEFT, 12, **canvas.NOTE)
    _draw_languages(axes, rows)
    size = min(7.2, max(3.0, 0.7 * across / len(layers)))
    _draw_means(axes, means, styles, size)
    return figure


def _draw_languages(axes: Axes, rows: Rows) -> None:
    """Draw a faint line for each language and direction, with its name on hovering."""
    curves: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in rows:
        key = row["direction"], row["language"]
        curves.setdefault(key, []).append((row["layer"], 100 * row["accuracy"]))
    for (direction, language), points in curves.items():
        name = label(f"{language_name(language)}, {direction_name(direction)}", 60)
        line = zip(*sorted(points), strict=True)
        axes.plot(*line, color=LIGHT["faint"], linewidth=0.7, zorder=1, gid=f"{HOVER}{name}")


def _draw_means(axes: Axes, means: Means, styles: Mapping[str, int], size: float) -> None:
    # Labels of the best layers keep out of each other's way: the highest above, others below.
    highest = max(means, key=lambda direction: max(means[direction].values()))
    for direction, by_layer in means.items():
        hue = markers.colour(styles[direction])
        points = [(layer, 100 * share) for layer, share in by_layer.items()]
        axes.plot(*zip(*points, strict=True), color=hue, zorder=3)
        markers.plot(axes, points, styles[direction], size=size, filled=[True] * len(points))
        best = max(points, key=lambda point: point[1])
        above = direction == highest
        axes.annotate(
            number(best[1]),
            best,
            (0, 9 if above else -9),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            weight="bold",
            color=hue,
            zorder=5,
        )
