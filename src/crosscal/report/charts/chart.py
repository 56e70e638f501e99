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
    """One chart, not drawn yet."""

    name: str  # of its files, without ending; unique in a report
    title: str
    description: str  # what is seen, for those who cannot see it
    kind: str  # what the page places it by
    draw: Callable[[float], Figure]  # from a width in pixels, within `canvas.chart_style`
    recipe: str = ""  # if it is about one
