"""Dot-and-whisker charts: degradation by language and recipe, effect of each recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crosscal.analysis import Estimate, Results
from crosscal.analysis.results import METRIC
from crosscal.report.characters import label, text_width
from crosscal.report.charts import canvas, markers
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.order import LanguageBlock, blocks
from crosscal.report.charts.palette import LIGHT
from crosscal.report.findings import language_name
from crosscal.report.numbers import direction_seen, level_percent, metric_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LANE, _MEAN_LANE, _HEADING = 11.0, 15.0, 28.0


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A heading (no estimates), or a language or mean with an estimate a recipe; y in pixels."""

    words: str
    top: float
    height: float
    estimates: tuple[Estimate, ...] = ()

    @property
    def is_mean(self) -> bool:
        return bool(self.estimates) and self.estimates[0].is_group

    def lane(self, i: int) -> float:
        """Return the y of the i-th estimate."""
        return self.top + 4.5 + (self.height - 9) * (i + 0.5) / len(self.estimates)


def dot_plot(results: Results, quantity: str) -> Chart | None:
    """Draw degradation, or the effect of recipes, with intervals."""
    estimates = results.find(quantity=quantity, metric=METRIC, scaling="none")
    if not estimates:
        return None
    english = language_name(results.baseline_language)
    title = (
        f"Calibration error beyond that in {english}, by language and recipe"
        if quantity == "degradation"
        else f"Change of the degradation against {results.baseline_recipe}, by language and recipe"
    )
    return Chart(
        name=quantity,
        kind=quantity,
        title=title,
        description=_describe(estimates, results),
        draw=lambda width: _draw(results, quantity, estimates, blocks(results), width),
    )


def overview(results: Results) -> Chart | None:
    """Draw the degradation of the means over groups alone; None without groups."""
    estimates = [
        e for e in results.find(quantity="degradation", metric=METRIC, scaling="none") if e.is_group
    ]
    if not estimates:
        return None
    english = language_name(results.baseline_language)
    means = [replace(b, languages=()) for b in blocks(results) if b.group is not None]
    return Chart(
        name="overview",
        kind="overview",
        title=f"Calibration error beyond that in {english}, means over the languages of a group",
        description="; ".join(
            f"{e.language}, {e.recipe}: {metric_number(e.value, METRIC, signed=True)} points"
            for e in estimates
        ),
        draw=lambda width: _draw(results, "degradation", estimates, means, width),
    )


def _describe(estimates: list[Estimate], results: Results) -> str:
    parts = []
    for recipe in dict.fromkeys(e.recipe for e in estimates):
        rows = [e for e in estimates if e.recipe == recipe and not e.is_group]
        above = sum(direction_seen(e) > 0 for e in rows)
        below = sum(direction_seen(e) < 0 for e in rows)
        parts.append(f"{recipe}: of {len(rows)} languages {above} above zero, {below} below")
    return (
        f"Dots are estimates in percentage points, lines {level_percent(results)} intervals. "
        + "; ".join(parts)
        + ". The numbers are in the data file of the same name."
    )


def _rows(
    results: Results, quantity: str, recipes: list[str], shown: Sequence[LanguageBlock]
) -> list[_Row]:
    """Return what stands in each line, from the top: headings, means over groups, languages."""
    rows: list[_Row] = []
    y = 0.0
    for block in shown:
        if block.heading:
            rows.append(_Row(words=label(block.heading, 40), top=y, height=_HEADING))
            y += _HEADING
        keys = [(code, language_name(code), False) for code in block.languages]
        if block.group is not None:
            keys.insert(0, (block.group, f"Mean of {len(results.groups[block.group])}", True))
        for key, name, is_mean in keys:
            estimates = [results.get(quantity, r, key, is_group=is_mean) for r in recipes]
            present = tuple(e for e in estimates if e is not None)
            if present:
                # Means have their value beside them, which needs the height of a line of text.
                height = (_MEAN_LANE if is_mean else _LANE) * len(present) + 9
                rows.append(_Row(words=label(name, 16), top=y, height=height, estimates=present))
                y += height
        y += 6
    return rows


def _draw(
    results: Results,
    quantity: str,
    estimates: list[Estimate],
    shown: Sequence[LanguageBlock],
    width: float,
) -> Figure:
    styles = markers.style_of(results.recipes, results.baseline_recipe)
    recipes = [r for r in styles if any(e.recipe == r for e in estimates)]
    rows = _rows(results, quantity, recipes, shown)
    handles = markers.recipe_handles([(r, styles[r]) for r in recipes])
    legend = markers.Legend(handles, width)
    head = legend.height + 24
    names = [row.words for row in rows if row.estimates]
    left = 22 + max(text_width(name, canvas.NORMAL) for name in names)
    across, down = width - left - 16, rows[-1].top + rows[-1].height + 6
    limits = canvas.padded(
        100 * min(0.0, *(min(e.low, e.value) for e in estimates)),
        100 * max(0.0, *(max(e.high, e.value) for e in estimates)),
    )
    limits = _with_room(limits, [e for e in estimates if e.is_group], across)
    figure = canvas.new_figure(width, head + down + 42)
    legend.draw(figure)
    axes = canvas.add_axes(figure, left, head, across, down)
    axes.set(xlim=limits, ylim=(down, 0), yticks=[])
    axes.grid(axis="x")
    canvas.set_ticks(axes.xaxis, limits, max(5, int(across / 70)), signed=quantity == "effect")
    axes.set_xlabel("percentage points", loc="right")
    axes.axvline(0, color=LIGHT["soft"], linewidth=1.2, zorder=1)
    _draw_names(axes, rows, -left / across)
    for recipe in recipes:
        _draw_recipe(axes, rows, recipe, styles[recipe])
    _draw_values(axes, rows, styles, (limits[1] - limits[0]) / across)
    _draw_sides(axes, quantity, results, limits, (left, across))
    return figure


def _draw_names(axes: Axes, rows: list[_Row], left: float) -> None:
    """Write the names of rows at the left edge, with a fine line above each."""
    to_edge = axes.get_yaxis_transform()  # x in widths of the axes, y in pixels
    for row in rows:
        middle = row.top + (row.height / 2 if row.estimates else 19)
        weight = "bold" if row.is_mean or not row.estimates else "normal"
        hue = LIGHT["ink"] if row.estimates else LIGHT["soft"]
        axes.text(left, middle, row.words, transform=to_edge, va="center", weight=weight, color=hue)
    tops = [row.top for row in rows if row.estimates]
    axes.hlines(
        tops, left, 1, transform=to_edge, colors=LIGHT["grid"], linewidth=1, clip_on=False, zorder=0
    )


def _draw_recipe(axes: Axes, rows: list[_Row], recipe: str, style: int) -> None:
    for is_mean, size, weight in ((False, 7.4, 1.6), (True, 9.6, 2.6)):
        lanes = [
            (row.lane(i), e)
            for row in rows
            for i, e in enumerate(row.estimates)
            if row.is_mean == is_mean and e.recipe == recipe
        ]
        axes.hlines(
            [y for y, _ in lanes],
            [100 * e.low for _, e in lanes],
            [100 * e.high for _, e in lanes],
            colors=markers.colour(style),
            linewidth=weight,
            capstyle="round",
            zorder=3,
        )
        points = [(100 * e.value, y) for y, e in lanes]
        filled = [direction_seen(e) != 0 for _, e in lanes]
        markers.plot(axes, points, style, size=size, filled=filled)


def _with_room(
    limits: tuple[float, float], means: list[Estimate], across: float
) -> tuple[float, float]:
    """Move the right end so that the value of each mean fits beside its interval."""
    low, high = limits
    for e in means:
        share = (text_width(metric_number(e.value, METRIC, signed=True), 12) + 4) / across
        high = max(high, (100 * max(e.high, e.value) - share * low) / (1 - share))
    return low, high


def _draw_values(axes: Axes, rows: list[_Row], styles: dict[str, int], pixel: float) -> None:
    """Write the value of each mean beside its interval."""
    for row in rows:
        for i, e in enumerate(row.estimates if row.is_mean else ()):
            axes.text(
                100 * max(e.high, e.value) + 7 * pixel,
                row.lane(i),
                metric_number(e.value, METRIC, signed=True),
                va="center",
                size=12,
                weight="bold",
                color=markers.colour(styles[e.recipe]),
            )


def _draw_sides(
    axes: Axes,
    quantity: str,
    results: Results,
    limits: tuple[float, float],
    extent: tuple[float, float],
) -> None:
    """Say above the zero line what lies on its two sides, in short where there is no room."""
    english = language_name(results.baseline_language)
    rest = f" than {english}" if quantity == "degradation" else " degradation"
    worse, better = ("worse", "better") if quantity == "degradation" else ("larger", "smaller")
    left, across = extent
    zero = -limits[0] / (limits[1] - limits[0]) * across
    for end in (rest, ""):
        more, less = f"{worse}{end} \u2192", f"\u2190 {better}{end}"
        fits = zero + 6 + text_width(more, canvas.SMALL) < across + 14
        if fits and zero - 6 - text_width(less, canvas.SMALL) > -left:
            break
    for words, shift, side in ((more, 6, "left"), (less, -6, "right")):
        axes.annotate(words, (0, 0), (shift, 9), "data", "offset points", ha=side, **canvas.NOTE)
