"""A chart: what it is called, what it shows in words, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, NARROW = 860.0, 344.0
"""Widths in pixels, for a page and for a phone."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart, not drawn yet.

    Attributes
    ----------
    name : str
        Of its files, without ending; unique in a report.
    title, description : str
        What is seen, for those who cannot see it.
    kind : str
        What the page places it by.
    draw : callable
        From a width in pixels to a figure of matplotlib, within `canvas.chart_style`.
    recipe : str
        If it is about one, else "".
    """

    name: str
    title: str
    description: str
    kind: str
    draw: Callable[[float], Figure]
    recipe: str = ""
