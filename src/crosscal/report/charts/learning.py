"""Learning curves: what k examples of a language gain over the baseline's recalibration."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from crosscal.analysis.recalibration_transfer import RegimeEstimate, RegimeResults
from crosscal.report.charts.axes import Scale, nice_ticks, vertical_axis
from crosscal.report.charts.dot_plot import NARROW, WIDE
from crosscal.report.charts.markers import colour_class, legend, marker
from crosscal.report.findings import RICH, group_phrase, language_name
from crosscal.report.svg import Drawing, Figure, element, line, polyline, shorten, text

NAME = "recalibration-curve"

_LEFT, _TOP, _PLOT_HEIGHT = 44.0, 46.0, 250.0
_CELL_HEIGHT = _TOP + _PLOT_HEIGHT + 56.0

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


def learning_figure(results: RegimeResults | None) -> Figure | None:
    """Draw one panel a recipe and recalibrator.

    Parameters
    ----------
    results : RegimeResults or None

    Returns
    -------
    Figure or None
        None without few-shot regimes.
    """
    subject = None if results is None else curve_subject(results)
    if results is None or subject is None:
        return None
    panels = {
        (recipe, name): found
        for recipe in results.recipes
        for name in results.settings["recalibrators"]
        if (found := _curves(results, recipe, name, subject))
    }
    if not panels:
        return None
    where = curve_subject_name(results)
    english = language_name(results.baseline_language)
    return Figure(
        name=NAME,
        kind="learning curve",
        title=f"Gain of k examples over the {english} fit",
        description=(
            f"In {where}: NLL after recalibration fitted on {english} minus NLL after "
            "recalibration that has seen k examples of the language, in thousandths of a nat; "
            "above zero is better. "
            "Lines show the interval, which holds the draw of the examples. The numbers are in "
            "the data file of the same name."
        ),
        wide=_draw(results, panels, subject, WIDE, min(2, len(panels))),
        narrow=_draw(results, panels, subject, NARROW, 1),
    )


def _curves(
    results: RegimeResults, recipe: str, recalibrator: str, subject: tuple[str, bool]
) -> dict[str, list[_Point]]:
    place = {"language": subject[0], "is_group": subject[1], "metric": "nll", "recipe": recipe}
    found = {}
    for regime in _CURVES:
        rows = results.find(
            quantity="gain", regime=regime, before="english", recalibrator=recalibrator, **place
        )
        if rows:
            start = _Point(0, 0.0, 0.0, 0.0)
            if regime == "few-shot":
                (gain,) = results.find(
                    quantity="gain",
                    regime="english",
                    before="none",
                    recalibrator=recalibrator,
                    **place,
                )
                start = _Point(0, -1000 * gain.value, -1000 * gain.high, -1000 * gain.low)
            found[regime] = [start, *(_point(e) for e in rows)]
    return found


def _point(e: RegimeEstimate) -> _Point:
    return _Point(e.k or 0, 1000 * e.value, 1000 * e.low, 1000 * e.high)


def _draw(
    results: RegimeResults,
    panels: dict[tuple[str, str], dict[str, list[_Point]]],
    subject: tuple[str, bool],
    width: float,
    columns: int,
) -> Drawing:
    cell = width / columns if columns > 1 else min(width, 460.0)
    points = [p for curves in panels.values() for curve in curves.values() for p in curve]
    levels = {key: _levels(results, *key, subject) for key in panels}
    tops = [p.high for p in points] + [e.high for found in levels.values() for e in found.values()]
    high = max(1.0, *tops)
    low = max(min(p.low for p in points), -_DEEPEST * high)
    entries = [*_LINES.items(), *_CURVES.items()]
    head, height = legend(entries, x=0, y=0, width=cell * columns)
    body = head
    for i, ((recipe, name), curves) in enumerate(panels.items()):
        title = recipe if len(results.settings["recalibrators"]) == 1 else f"{recipe}, {name}"
        panel = _panel(title, curves, levels[recipe, name], (1.05 * low, 1.08 * high), cell)
        x, y = (i % columns) * cell, height + 8 + (i // columns) * _CELL_HEIGHT
        body += element("g", panel, transform=f"translate({x:g} {y:g})")
    rows = math.ceil(len(panels) / columns)
    return Drawing(width=cell * columns, height=height + 8 + rows * _CELL_HEIGHT, body=body)


def _levels(
    results: RegimeResults, recipe: str, recalibrator: str, subject: tuple[str, bool]
) -> dict[str, _Point]:
    found = {}
    for regime in _LINES:
        rows = results.find(
            quantity="gain",
            before="english",
            metric="nll",
            regime=regime,
            recipe=recipe,
            recalibrator=recalibrator,
            language=subject[0],
            is_group=subject[1],
        )
        if rows:
            found[regime] = _point(rows[0])
    return found


def _panel(
    title: str,
    curves: dict[str, list[_Point]],
    levels: dict[str, _Point],
    up: tuple[float, float],
    cell: float,
) -> str:
    numbers = sorted({p.k for curve in curves.values() for p in curve})
    left, right = _LEFT, cell - 22
    y = Scale(low=up[0], high=up[1], start=_TOP + _PLOT_HEIGHT, end=_TOP)
    # Zero stands as far left of the least number as a factor of three is wide.
    least = next((k for k in numbers if k), 1)
    ends = (math.log(least / 3), math.log(max(*numbers, 3 * least)))
    across = Scale(low=ends[0], high=ends[1], start=left + 16, end=right - 16)

    def x(k: int) -> float:
        return across(math.log(k) if k else ends[0])

    body = text(shorten(title, 34), 0, 14, class_="label strong")
    body += vertical_axis(y, nice_ticks(*up, 7), left=left, right=right)
    body += line(left, y(0), right, y(0), "zero")
    for k in numbers:
        words = f"{k:,}"
        body += text(words, x(k), y.start + 18, class_="tick", text_anchor="middle")
    body += text("gain in NLL, thousandths of a nat", 0, _TOP - 12, class_="note")
    body += text("examples of the language", right, y.start + 38, class_="note", text_anchor="end")
    for regime, level in levels.items():
        style = _LINES[regime]
        body += line(left, y(level.value), right, y(level.value), f"whisker {colour_class(style)}")
        body += marker(style, right, y(level.value), 3.6)
    for place, (regime, curve) in enumerate(curves.items()):
        body += _curve(curve, _CURVES[regime], x, y, up, shift=7.0 * (place - 1))
    return body


def _curve(
    curve: list[_Point],
    style: int,
    x: object,
    y: Scale,
    up: tuple[float, float],
    shift: float,
) -> str:
    assert callable(x)
    colour = colour_class(style)
    inside = [p for p in curve if up[0] <= p.value <= up[1]]
    body = ""
    # Interrupted where a value lies below the panel.
    for p, following in itertools.pairwise(curve):
        if p in inside and following in inside:
            ends = [(x(each.k) + shift, y(each.value)) for each in (p, following)]
            body += polyline(ends, f"curve {colour}")
    for p in curve:
        low, high = (min(max(v, up[0]), up[1]) for v in (p.low, p.high))
        if high > low:
            body += line(x(p.k) + shift, y(low), x(p.k) + shift, y(high), f"whisker {colour}")
    for p in inside:
        seen = p.low > 0 or p.high < 0
        body += marker(style, x(p.k) + shift, y(p.value), 3.8, filled=seen)
    return body
