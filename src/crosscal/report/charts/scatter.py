"""Calibration error against accuracy, by language: how much of the one is the other."""

from __future__ import annotations

import math

from crosscal.analysis import Estimate, Results
from crosscal.report.charts.axes import Scale, nice_ticks, padded, tick_label, vertical_axis
from crosscal.report.charts.dot_plot import NARROW, WIDE
from crosscal.report.charts.markers import colour_class, marker, style_of
from crosscal.report.charts.order import language_order
from crosscal.report.findings import RICH, language_name, one
from crosscal.report.svg import Drawing, Figure, element, line, shorten, text, text_width

_LEFT, _TOP, _PLOT_HEIGHT = 34.0, 46.0, 240.0
_CELL_HEIGHT = _TOP + _PLOT_HEIGHT + 50.0

Point = tuple[str, Estimate, Estimate]


def scatter_figure(results: Results) -> Figure | None:
    """Draw one panel a recipe, with shared axes.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Figure or None
        None without levels.
    """
    points = {r: _points(results, r) for r in results.recipes}
    points = {recipe: found for recipe, found in points.items() if found}
    if not points:
        return None
    return Figure(
        name="ece-against-accuracy",
        kind="scatter",
        title="Calibration error against accuracy, by language",
        description=(
            "One panel a recipe, one point a language, labelled with its code. Where the points "
            "fall from the upper left to the lower right, the languages in which the model is "
            "wrong more often are those in which its confidence is further off. The numbers are "
            "in the data file of the same name."
        ),
        wide=_draw(results, points, WIDE, min(3, len(points))),
        narrow=_draw(results, points, NARROW, 1),
    )


def _points(results: Results, recipe: str) -> list[Point]:
    found = []
    for code in language_order(results):
        accuracy = one(results, "level", recipe, code, metric="accuracy", is_group=False)
        error = one(results, "level", recipe, code, is_group=False)
        if accuracy is not None and error is not None:
            found.append((code, accuracy, error))
    return found


def _draw(results: Results, points: dict[str, list[Point]], width: float, columns: int) -> Drawing:
    every = [p for found in points.values() for p in found]
    cell = width / columns if columns > 1 else min(width, 420.0)
    across = padded(
        100 * min(a.value for _, a, _ in every), 100 * max(a.value for _, a, _ in every), 0.07
    )
    up = padded(100 * min(e.value for _, _, e in every), 100 * max(e.value for _, _, e in every))
    styles = style_of(results.recipes, results.baseline_recipe)
    body = ""
    for i, (recipe, found) in enumerate(points.items()):
        panel = _panel(
            results, recipe, found, style=styles[recipe], across=across, up=up, cell=cell
        )
        x, y = (i % columns) * cell, (i // columns) * _CELL_HEIGHT
        body += element("g", panel, transform=f"translate({x:g} {y:g})")
    height = math.ceil(len(points) / columns) * _CELL_HEIGHT
    return Drawing(width=cell * columns, height=height, body=body)


def _panel(
    results: Results,
    recipe: str,
    points: list[Point],
    *,
    style: int,
    across: tuple[float, float],
    up: tuple[float, float],
    cell: float,
) -> str:
    x = Scale(low=across[0], high=across[1], start=_LEFT, end=cell - 22)
    y = Scale(low=up[0], high=up[1], start=_TOP + _PLOT_HEIGHT, end=_TOP)
    body = text(shorten(recipe, 28), 0, 14, class_=f"label strong {colour_class(style)}")
    body += vertical_axis(y, nice_ticks(*up, 7), left=x.start, right=x.end)
    ticks = nice_ticks(*across, max(5, int((cell - _LEFT) / 45)))
    body += line(x.start, y.start, x.end, y.start, "rule")
    for value in ticks:
        words = tick_label(value, ticks)
        body += line(x(value), y.start, x(value), y.start + 4, "rule")
        body += text(words, x(value), y.start + 18, class_="tick", text_anchor="middle")
    body += text("accuracy, %", x.end, y.start + 36, class_="note", text_anchor="end")
    body += text("ECE debiased, %", 0, _TOP - 10, class_="note")
    rich = results.groups.get(RICH, ())
    taken: list[tuple[float, float, float, float]] = []
    spots = [(code, x(100 * a.value), y(100 * e.value)) for code, a, e in points]
    taken += [(px - 4, py - 4, px + 4, py + 4) for _, px, py in spots]
    for code, px, py in spots:
        body += marker(style, px, py, 4.0, filled=code in rich or not rich)
        label, place = _place(code, px, py, taken, x.end + 18)
        taken.append(place)
        body += label
    return body


def _place(
    code: str, x: float, y: float, taken: list[tuple[float, float, float, float]], right: float
) -> tuple[str, tuple[float, float, float, float]]:
    """Put a label beside its point where it covers least of what is there."""
    label = shorten(code, 10)
    width, height = text_width(label, 12), 11.0
    offsets = [(7, 4), (-7 - width, 4), (-width / 2, -8), (-width / 2, 16), (6, -5), (6, 13),
               (-6 - width, -5), (-6 - width, 13)]  # fmt: skip

    def box(dx: float, dy: float) -> tuple[float, float, float, float]:
        return (x + dx, y + dy - height + 2, x + dx + width, y + dy + 1)

    def covered(b: tuple[float, float, float, float]) -> float:
        overlap = sum(
            max(0.0, min(b[2], t[2]) - max(b[0], t[0]))
            * max(0.0, min(b[3], t[3]) - max(b[1], t[1]))
            for t in taken
        )
        return overlap + (1000.0 if b[2] > right or b[0] < _LEFT - 4 else 0.0)

    best = min(offsets, key=lambda offset: covered(box(*offset)))
    place = box(*best)
    # The name on hover, for those who do not know the code.
    name = element("title", language_name(code).replace("&", "&amp;").replace("<", "&lt;"))
    words = text(label, x + best[0], y + best[1], class_="code")
    return words.replace("</text>", f"{name}</text>"), place
