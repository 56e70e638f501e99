"""Reliability diagrams as small multiples: one panel a language, one figure a recipe."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from crosscal.analysis import ReliabilityBin, Results
from crosscal.calibration.evaluation.results import DiagramBin
from crosscal.report.charts.axes import Scale
from crosscal.report.charts.markers import colour_class, marker, style_of
from crosscal.report.charts.order import language_order
from crosscal.report.findings import language_name, one
from crosscal.report.numbers import metric_number
from crosscal.report.svg import Drawing, Figure, element, line, polygon, polyline, shorten, text

_WIDE_COLUMNS, _NARROW_COLUMNS = 5, 2
CELL = 172.0
_PLOT, _BARS, _HEAD = 128.0, 22.0, 54.0
CELL_HEIGHT = _HEAD + _PLOT + _BARS + 34.0

Bins = dict[str, list[ReliabilityBin]]
PanelBin = ReliabilityBin | DiagramBin


def reliability_figures(results: Results, scaling: str = "none") -> list[Figure]:
    """Draw one figure for each recipe.

    Parameters
    ----------
    results : Results
    scaling : {"none", "english"}

    Returns
    -------
    list of Figure
        The baseline's first; recipes without bins are left out.
    """
    rows = [b for b in results.reliability if b.scaling == scaling]
    styles = style_of(results.recipes, results.baseline_recipe)
    names = file_names([r for r in styles if any(b.recipe == r for b in rows)])
    after = "" if scaling == "none" else "-after-temperature"
    return [
        _figure(
            results,
            rows,
            recipe,
            style=styles[recipe],
            name=f"reliability-{stem}{after}",
            scaling=scaling,
        )
        for recipe, stem in names.items()
    ]


def file_names(recipes: list[str]) -> dict[str, str]:
    """Return for each recipe a part of a file name: plain letters and digits, all different."""
    taken: dict[str, str] = {}
    for number, recipe in enumerate(recipes):
        stem = re.sub(r"[^a-z0-9]+", "-", recipe.lower()).strip("-")[:40]
        plain = stem and stem not in taken.values()
        taken[recipe] = stem if plain else f"{stem or 'recipe'}-{number}"
    return taken


def _figure(
    results: Results,
    rows: list[ReliabilityBin],
    recipe: str,
    *,
    style: int,
    name: str,
    scaling: str,
) -> Figure:
    own, base = _by_language(rows, recipe), _by_language(rows, results.baseline_recipe)
    ghosts = base if recipe != results.baseline_recipe else {}
    outside = sum(not b.low <= b.accuracy <= b.high for bins in own.values() for b in bins)
    total = sum(len(bins) for bins in own.values())
    order = [code for code in language_order(results) if code in own]
    tallest = max(b.n for b in rows)
    start = math.floor(10 * min(b.lower for b in rows) + 1e-9) / 10
    start = min(start, 0.9)

    def draw(columns: int, cell: float) -> Drawing:
        body = ""
        for i, code in enumerate(order):
            x, y = (i % columns) * cell, (i // columns) * CELL_HEIGHT
            drawn = panel(
                own[code],
                ghosts.get(code, []),
                name=shorten(language_name(code), 18),
                numbers=_numbers(results, recipe, code, scaling),
                style=style,
                start=start,
                tallest=tallest,
            )
            body += element("g", drawn, transform=f"translate({x:g} {y:g})")
        used = min(columns, len(order))
        height = math.ceil(len(order) / columns) * CELL_HEIGHT
        return Drawing(width=max(used * cell, 320.0), height=height, body=body)

    moment = "" if scaling == "none" else ", after the English temperature"
    return Figure(
        name=name,
        kind="reliability" if scaling == "none" else "reliability, scaled",
        recipe=recipe,
        title=f"Reliability under {recipe}{moment}: accuracy by confidence, one panel a language",
        description=(
            f"{total} bins in {len(order)} languages; in {outside} of them accuracy lies outside "
            "the band expected of right confidences. Points below the diagonal are overconfident. "
            "The numbers are in the data file of the same name."
        ),
        wide=draw(_WIDE_COLUMNS, CELL),
        narrow=draw(_NARROW_COLUMNS, CELL),
    )


def _by_language(rows: list[ReliabilityBin], recipe: str) -> Bins:
    found: Bins = {}
    for row in rows:
        if row.recipe == recipe:
            found.setdefault(row.language, []).append(row)
    return {code: sorted(bins, key=lambda b: b.index) for code, bins in found.items()}


def panel(
    bins: Sequence[PanelBin],
    ghost: Sequence[PanelBin],
    *,
    name: str,
    numbers: list[str],
    style: int,
    start: float,
    tallest: int,
) -> str:
    """Draw one panel, of the size ``CELL`` by ``CELL_HEIGHT``; `ghost` are the baseline's bins."""
    x = Scale(low=start, high=1.0, start=30, end=30 + _PLOT)
    y = Scale(low=0.0, high=1.0, start=_HEAD + _PLOT, end=_HEAD)
    body = text(name, 30, 14, class_="label strong")
    for i, words in enumerate(numbers):
        body += text(words, 30, 30 + 14 * i, class_="small")
    body += _frame(x, y, start)
    band = [(x(b.confidence), y(b.high)) for b in bins]
    band += [(x(b.confidence), y(b.low)) for b in reversed(bins)]
    body += polygon(band, "band") if len(bins) > 1 else ""
    body += line(x(start), y(start), x(1.0), y(1.0), "diagonal")
    if len(ghost) > 1:
        body += polyline([(x(b.confidence), y(b.accuracy)) for b in ghost], "ghost")
    if len(bins) > 1:
        points = [(x(b.confidence), y(b.accuracy)) for b in bins]
        body += polyline(points, f"curve {colour_class(style)}")
    for b in bins:
        inside = b.low <= b.accuracy <= b.high
        body += marker(style, x(b.confidence), y(b.accuracy), 2.7, filled=not inside)
    floor = _HEAD + _PLOT + _BARS
    for b in bins:
        height = max(0.8, (_BARS - 4) * b.n / tallest)
        width = max(1.0, x(b.upper) - x(b.lower) - 1)
        body += element(
            "rect", x=x(b.lower) + 0.5, y=floor - height, width=width, height=height, class_="bar"
        )
    for value in _ticks(start):
        words = f"{100 * value:.0f}"
        body += text(words, x(value), floor + 13, class_="tick", text_anchor="middle")
    return body


def _ticks(start: float) -> list[float]:
    """Return where the confidence axis is labelled: both ends and the middle of what is seen."""
    return [start, 1.0] if start > 0.6 else sorted({start, 0.6 if start > 0.2 else 0.5, 1.0})


def _frame(x: Scale, y: Scale, start: float) -> str:
    body = element("rect", x=x.start, y=y.end, width=_PLOT, height=_PLOT, class_="plot")
    for value in (0.0, 0.5, 1.0):
        body += line(x.start, y(value), x.end, y(value), "grid")
        words = f"{100 * value:.0f}"
        body += text(words, x.start - 5, y(value) + 4, class_="tick", text_anchor="end")
    return body


def _numbers(results: Results, recipe: str, code: str, scaling: str) -> list[str]:
    """Return accuracy and NLL, and the calibration error with its noise floor, as two lines."""
    found = {
        metric: one(results, "level", recipe, code, metric=metric, scaling=scaling, is_group=False)
        for metric in ("accuracy", "nll", "ece")
    }
    words = {m: metric_number(e.value, m) for m, e in found.items() if e is not None}
    ece = found["ece"]
    if ece is not None and ece.noise_floor is not None:
        words["ece"] += f" (floor {metric_number(ece.noise_floor, 'ece')})"
    names = {"accuracy": "acc", "nll": "NLL", "ece": "ECE"}
    lines = [
        [f"{names[m]} {words[m]}" for m in part if m in words]
        for part in (("accuracy", "nll"), ("ece",))
    ]
    return [" · ".join(line) for line in lines]
