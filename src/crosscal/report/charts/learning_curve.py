"""Learning curves: what k examples of a language gain over the baseline's recalibration."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosscal.analysis.recalibration_transfer import RegimeEstimate, RegimeResults
from crosscal.report.characters import label
from crosscal.report.charts import canvas, markers
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.palette import LIGHT
from crosscal.report.findings import RICH, group_phrase, language_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "recalibration-curve"

_LEFT, _TOP, _PLOT_HEIGHT, _FOOT = 44.0, 54.0, 250.0, 52.0

# Curve or level line, and its style.
_CURVES = {"few-shot": 1, "few-shot-pooled": 2, "few-shot-prior": 3}
_LINES = {"oracle": 0, "leave-one-out": 4}

# Whiskers that reach further down than this many times the height above zero are cut.
_DEEPEST = 3.0


@dataclass(frozen=True)
class _Point:
    """Gain and its interval, in thousandths of a nat."""

    k: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, e: RegimeEstimate) -> _Point:
        return cls(e.k or 0, 1000 * e.value, 1000 * e.low, 1000 * e.high)


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One recipe and recalibrator: curves and level lines by regime."""

    title: str
    curves: dict[str, list[_Point]]
    levels: dict[str, _Point]


def curve_subject(results: RegimeResults) -> tuple[str, bool] | None:
    """Return the group or language that the curves are of: what the report's answer is about."""
    if results.groups:
        return (RICH if RICH in results.groups else next(iter(results.groups)), True)
    others = [code for code in results.languages if code != results.baseline_language]
    return (others[0], False) if others else None


def curve_subject_name(results: RegimeResults) -> str:
    """Return how a sentence speaks of the subject, "" if there is none."""
    subject = curve_subject(results)
    if subject is None:
        return ""
    return group_phrase(subject[0]) if subject[1] else language_name(subject[0])


def curve_rows(results: RegimeResults) -> list[RegimeEstimate]:
    """Return the estimates that the figure shows, of all groups or languages."""
    return [
        e
        for e in results.estimates
        if e.metric == "nll"
        and e.quantity == "gain"
        and e.regime in (*_CURVES, *_LINES, "english")
        and e.before in ("none", "english")
    ]


def learning_curve(results: RegimeResults | None) -> Chart | None:
    """Draw one panel a recipe and recalibrator."""
    subject = None if results is None else curve_subject(results)
    if results is None or subject is None:
        return None
    names = results.settings["recalibrators"]
    panels = [
        _Panel(
            title=recipe if len(names) == 1 else f"{recipe}, {name}",
            curves=curves,
            levels=_levels(results, recipe, name, subject),
        )
        for recipe in results.recipes
        for name in names
        if (curves := _curves(results, recipe, name, subject))
    ]
    if not panels:
        return None
    english = language_name(results.baseline_language)
    return Chart(
        name=NAME,
        kind="learning curve",
        title=f"Gain of k examples over the {english} fit",
        description=(
            f"In {curve_subject_name(results)}: NLL after recalibration fitted on {english} minus "
            "NLL after recalibration that has seen k examples of the language, in thousandths of "
            "a nat; above zero is better. "
            "Lines show the interval, which holds the draw of the examples. The numbers are in "
            "the data file of the same name."
        ),
        draw=lambda width: _draw(panels, width),
    )


def _gains(
    results: RegimeResults, recipe: str, recalibrator: str, subject: tuple[str, bool], **which: str
) -> list[_Point]:
    rows = results.find(
        quantity="gain",
        metric="nll",
        recipe=recipe,
        recalibrator=recalibrator,
        language=subject[0],
        is_group=subject[1],
        **which,
    )
    return [_Point.of(e) for e in rows]


def _curves(
    results: RegimeResults, recipe: str, recalibrator: str, subject: tuple[str, bool]
) -> dict[str, list[_Point]]:
    curves = {}
    for regime in _CURVES:
        points = _gains(results, recipe, recalibrator, subject, regime=regime, before="english")
        if points:
            start = _Point(0, 0.0, 0.0, 0.0)
            if regime == "few-shot":
                # Without examples nothing is recalibrated: what the English fit gained is lost.
                (gain,) = _gains(
                    results, recipe, recalibrator, subject, regime="english", before="none"
                )
                start = _Point(0, -gain.value, -gain.high, -gain.low)
            curves[regime] = [start, *points]
    return curves


def _levels(
    results: RegimeResults, recipe: str, recalibrator: str, subject: tuple[str, bool]
) -> dict[str, _Point]:
    rows = {
        regime: _gains(results, recipe, recalibrator, subject, regime=regime, before="english")
        for regime in _LINES
    }
    return {regime: points[0] for regime, points in rows.items() if points}


def _draw(panels: list[_Panel], width: float) -> Figure:
    columns = min(len(panels), max(1, int(width // 400)))
    plot = min(520.0, width / columns - _LEFT - 28)
    points = [p for panel in panels for curve in panel.curves.values() for p in curve]
    levels = [p for panel in panels for p in panel.levels.values()]
    high = max(1.0, *(p.high for p in points + levels))
    low = max(min(p.low for p in points), -_DEEPEST * high)
    limits = (1.05 * low, 1.08 * high)
    legend = markers.Legend(markers.recipe_handles([*_LINES.items(), *_CURVES.items()]), width)
    head = legend.height + 8
    cell = _TOP + _PLOT_HEIGHT + _FOOT
    figure = canvas.new_figure(width, head + cell * -(-len(panels) // columns))
    legend.draw(figure)
    for i, panel in enumerate(panels):
        row, column = divmod(i, columns)
        left = _LEFT + column * (plot + _LEFT + 28)
        top = head + row * cell + _TOP
        _draw_panel(canvas.add_axes(figure, left, top, plot, _PLOT_HEIGHT), panel, limits)
    return figure


def _draw_panel(axes: Axes, panel: _Panel, limits: tuple[float, float]) -> None:
    counts = sorted({p.k for curve in panel.curves.values() for p in curve})
    # Zero stands as far left of the least number as a factor of three is wide.
    least = next((k for k in counts if k), 1)
    place = {k: math.log(k or least / 3) for k in counts}
    first, last = math.log(least / 3), math.log(max(*counts, 3 * least))
    edge = 0.05 * (last - first)
    axes.set(xlim=(first - edge, last + edge), ylim=limits)
    axes.grid(axis="y")
    axes.set_xticks([*place.values()], [f"{k:,}" for k in counts])
    canvas.set_ticks(axes.yaxis, limits, 7)
    axes.set_xlabel("examples of the language", loc="right")
    canvas.write_above(axes, label(panel.title, 34), _LEFT, 32, weight="bold")
    canvas.write_above(axes, "gain in NLL, thousandths of a nat", _LEFT, 12, **canvas.NOTE)
    axes.axhline(0, color=LIGHT["soft"], linewidth=1.2, zorder=1)
    for regime, level in panel.levels.items():
        style = _LINES[regime]
        axes.axhline(level.value, color=markers.colour(style), zorder=2)
        markers.plot(axes, [(last + edge, level.value)], style, size=7.2, filled=[True])
    for i, (regime, curve) in enumerate(panel.curves.items()):
        shift = 0.012 * (i - 1) * (last - first)  # so that intervals do not hide each other
        _draw_curve(axes, curve, _CURVES[regime], {k: x + shift for k, x in place.items()})


def _draw_curve(axes: Axes, curve: list[_Point], style: int, place: dict[int, float]) -> None:
    bottom, top = axes.get_ylim()
    hue = markers.colour(style)
    inside = [p for p in curve if bottom <= p.value <= top]
    # Interrupted where a value lies below the panel.
    for p, following in itertools.pairwise(curve):
        if p in inside and following in inside:
            ends = [place[p.k], place[following.k]]
            axes.plot(ends, [p.value, following.value], color=hue, zorder=3)
    for p in curve:
        low, high = max(p.low, bottom), min(p.high, top)
        if high > low:
            axes.vlines(place[p.k], low, high, colors=hue, linewidth=1.6, zorder=3)
    points = [(place[p.k], p.value) for p in inside]
    filled = [p.low > 0 or p.high < 0 for p in inside]
    markers.plot(axes, points, style, size=7.6, filled=filled)
