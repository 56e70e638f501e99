"""Figures and axes of matplotlib, measured in pixels from the upper left corner.

matplotlib is an optional extra, so nothing here imports it before something is drawn.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crosscal.report.charts.palette import LIGHT
from crosscal.report.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

SMALL, NORMAL = 11.5, 13.0
"""Sizes of text in pixels: of ticks and notes, and of labels."""

NOTE: dict[str, Any] = {"size": SMALL, "color": LIGHT["soft"]}
"""The look of words that explain."""

_STYLE = {
    "figure.dpi": 72,  # a point is a pixel
    "savefig.dpi": 72,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.labelcolor": LIGHT["soft"],
    "axes.labelsize": SMALL,
    "axes.xmargin": 0,
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 1,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.color": LIGHT["soft"],
    "ytick.color": LIGHT["soft"],
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "font.size": NORMAL,
    "text.color": LIGHT["ink"],
    "text.parse_math": False,  # names of recipes may hold dollar signs
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",  # text stays text: browsers have the fonts of every script
    "svg.hashsalt": "crosscal",
    "pdf.fonttype": 42,  # what journals accept
} | {f"axes.spines.{side}": False for side in ("left", "right", "top", "bottom")}

# matplotlib comes with DejaVu Sans; PDF files take scripts that it lacks from these, if installed.
_OTHER_SCRIPTS = (
    "Noto Sans",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans CJK SC",
    "Arial Unicode MS",
    "Nirmala UI",
    "Leelawadee UI",
    "Microsoft YaHei",
)


def can_draw() -> bool:
    """Tell whether matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def chart_fonts() -> list[str]:
    """Return the fonts that charts are drawn in: the first that has a character gives it."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in installed)]


@contextmanager
def chart_style() -> Iterator[None]:
    """Draw in the style of the report, whatever the user's matplotlib is set to."""
    import matplotlib

    settings: Any = {**_STYLE, "font.family": chart_fonts()}
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this size."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72))


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes whose frame has this upper left corner and size."""
    across, down = (72 * inches for inches in figure.get_size_inches())
    box = (left / across, 1 - (top + height) / down, width / across, height / down)
    return figure.add_axes(box)


def draw_lines(axes: Axes, lines: Sequence[Sequence[tuple[float, float]]], **look: Any) -> None:
    """Draw many lines of one look at once."""
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(lines, **look), autolim=False)


def fill_areas(axes: Axes, areas: Sequence[Sequence[tuple[float, float]]], **look: Any) -> None:
    """Fill many areas of one look at once."""
    from matplotlib.collections import PolyCollection

    axes.add_collection(PolyCollection(areas, **look), autolim=False)


def write_above(axes: Axes, words: str, left: float, up: float, **look: Any) -> None:
    """Write words so far left of the axes' upper left corner and above it."""
    axes.annotate(words, (0, 1), (-left, up), "axes fraction", "offset points", **look)


def padded(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """Widen a range by a share of its width at both ends; an empty one by half a unit."""
    pad = (high - low) * share if high - low > 1e-9 else 0.5
    return low - pad, high + pad


def set_ticks(axis: Axis, limits: tuple[float, float], most: int, *, signed: bool = False) -> None:
    """Mark about `most` round values within the limits, with as few decimals as they need."""
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(*limits)
    step = values[1] - values[0]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    inside = [float(v) for v in values if limits[0] <= v <= limits[1]]
    axis.set_ticks(inside, [number(v, digits=digits, signed=signed) for v in inside])
