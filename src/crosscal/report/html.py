"""What every page shares: templates with escaping, and how charts are shown."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crosscal.report.characters import clean
from crosscal.report.charts.canvas import can_draw
from crosscal.report.charts.chart import Chart
from crosscal.report.charts.palette import RECIPES_DARK, RECIPES_LIGHT, chart_sheet
from crosscal.report.charts.render import Drawing, render


def environment() -> Environment:
    """Return the templates; all text is escaped, and without characters that HTML cannot hold."""
    templates = Environment(
        loader=PackageLoader("crosscal.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    templates.globals |= {
        "chart_sheet": Markup(chart_sheet()),
        "recipes_light": RECIPES_LIGHT,
        "recipes_dark": RECIPES_DARK,
    }
    return templates


def draw(charts: Sequence[Chart], *, files: bool = True) -> dict[str, Drawing]:
    """Return the drawings of charts by name: none without matplotlib."""
    return {c.name: render(c, files=files) for c in charts} if can_draw() else {}
