"""Calibration error against accuracy, by language: how much of the one is the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosscal.analysis import Results
from crosscal.report.characters import label, text_width
from crosscal.report.charts import canvas, markers
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.order import language_order
from crosscal.report.charts.render import HOVER
from crosscal.report.findings import RICH, language_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_LEFT, _GUTTER, _TOP, _PLOT_HEIGHT, _FOOT = 34.0, 40.0, 52.0, 270.0, 46.0

Point = tuple[str, float, float]
"""A language, and its accuracy and calibration error in per cent."""

Box = tuple[float, float, float, float]
"""Left, lower, right and upper edge in pixels."""


def scatter_figure(results: Results) -> Chart | None:
    """Draw one panel a recipe, with shared axes."""
    panels = {r: _points(results, r) for r in results.recipes}
    panels = {recipe: points for recipe, points in panels.items() if points}
    if not panels:
        return None
    return Chart(
        name="ece-against-accuracy",
        kind="scatter",
        title="Calibration error against accuracy, by language",
        description=(
            "One panel a recipe, one point a language, labelled with its code. Where the points "
            "fall from the upper left to the lower right, the languages in which the model is "
            "wrong more often are those in which its confidence is further off. The numbers are "
            "in the data file of the same name."
        ),
        draw=lambda width: _draw(results, panels, width),
    )


def _points(results: Results, recipe: str) -> list[Point]:
    points = []
    for code in language_order(results):
        accuracy = results.get("level", recipe, code, metric="accuracy", is_group=False)
        error = results.get("level", recipe, code, is_group=False)
        if accuracy is not None and error is not None:
            points.append((code, 100 * accuracy.value, 100 * error.value))
    return points


def _draw(results: Results, panels: dict[str, list[Point]], width: float) -> Figure:
    columns = min(len(panels), max(1, int(width // 250)), 3)
    plot = min(400.0, (width - _LEFT + _GUTTER) / columns - _GUTTER - 8)
    every = [point for points in panels.values() for point in points]
    across = canvas.padded(min(a for _, a, _ in every), max(a for _, a, _ in every), 0.07)
    upwards = canvas.padded(min(e for _, _, e in every), max(e for _, _, e in every))
    styles = markers.style_of(results.recipes, results.baseline_recipe)
    cell = _TOP + _PLOT_HEIGHT + _FOOT
    rich = results.groups.get(RICH, ())
    legend = markers.Legend(_handles() if rich else [], width)
    head = legend.height if rich else 0
    figure = canvas.new_figure(width, head + cell * -(-len(panels) // columns))
    if rich:
        legend.draw(figure)
    for i, (recipe, points) in enumerate(panels.items()):
        row, column = divmod(i, columns)
        left = _LEFT + column * (plot + _GUTTER)
        axes = canvas.add_axes(figure, left, head + row * cell + _TOP, plot, _PLOT_HEIGHT)
        axes.set(xlim=across, ylim=upwards)
        axes.grid(True)
        canvas.set_ticks(axes.xaxis, across, max(4, int(plot / 45)))
        canvas.set_ticks(axes.yaxis, upwards, 7)
        axes.set_xlabel("accuracy, %", loc="right")
        hue = markers.colour(styles[recipe])
        canvas.write_above(axes, label(recipe, 28), _LEFT, 32, weight="bold", color=hue)
        canvas.write_above(axes, "ECE debiased, %", _LEFT, 12, **canvas.NOTE)
        filled = [code in rich or not rich for code, _, _ in points]
        spots = [(a, e) for _, a, e in points]
        markers.plot(axes, spots, styles[recipe], size=6.8, filled=filled)
        _label_points(axes, points, plot)
    return figure


def _handles() -> list[Line2D]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], label=RICH, **markers.look(0, 6.8)),
        Line2D([], [], label="others", **markers.look(0, 6.8, filled=False)),
    ]


def _label_points(axes: Axes, points: list[Point], plot: float) -> None:
    """Put a code beside each point, where it covers least; its name is shown on hovering."""
    spots = axes.transData.transform([(a, e) for _, a, e in points]) - axes.bbox.min
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots.tolist()]
    for (code, *point), (x, y) in zip(points, spots.tolist(), strict=True):
        words = label(code, 10)
        width = text_width(words, canvas.SMALL)
        # Right, left, above, below, then the corners: offsets of the lower left end of the text.
        offsets = [(6, -4), (-6 - width, -4), (-width / 2, 7), (-width / 2, -15), (5, 4), (5, -12),
                   (-5 - width, 4), (-5 - width, -12)]  # fmt: skip
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + 9) for dx, dy in offsets]
        costs = [
            sum(_overlap(box, other) for other in taken)
            + (1000.0 if box[0] < -4 or box[2] > plot + 12 else 0.0)
            for box in boxes
        ]
        best = costs.index(min(costs))
        taken.append(boxes[best])
        axes.annotate(
            words,
            (point[0], point[1]),
            offsets[best],
            textcoords="offset points",
            size=canvas.SMALL,
            zorder=5,
            gid=f"{HOVER}{label(language_name(code), 40)}",
        )


def _overlap(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
