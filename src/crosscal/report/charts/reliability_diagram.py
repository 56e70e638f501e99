"""The reliability diagram: accuracy by confidence, as small multiples."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosscal.analysis import ReliabilityBin
from crosscal.calibration.evaluation.results import DiagramBin
from crosscal.report.characters import label
from crosscal.report.charts import canvas, markers
from crosscal.report.charts.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT, _RIGHT, _GUTTER, _HEAD, _FOOT = 46.0, 12.0, 22.0, 52.0, 32.0
_LEAST_PLOT, _MOST_PLOT = 130.0, 190.0
# The bars stand below zero, in units of accuracy: where the strip starts, how high a bar can be.
_FLOOR, _BAR = -0.2, 0.15

# Of a panel's name and the two lines of numbers under it.
_HUES = (LIGHT["ink"], LIGHT["soft"], LIGHT["soft"])
_SIZES = (canvas.NORMAL, 11.0, 11.0)

Bins = Sequence[ReliabilityBin | DiagramBin]
Line = list[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class DiagramPanel:
    """One reliability diagram; `reference` holds the baseline's bins, to be drawn behind."""

    name: str
    numbers: tuple[str, str]
    bins: Bins
    style: int
    tallest: int
    reference: Bins = ()


def _outside(b: ReliabilityBin | DiagramBin) -> bool:
    return not b.low <= b.accuracy <= b.high


def describe(panels: list[DiagramPanel], what: str) -> str:
    """Say how many bins lie outside of what right confidences would give."""
    bins = [b for panel in panels for b in panel.bins]
    return (
        f"{len(bins)} bins in {len(panels)} {what}; in {sum(map(_outside, bins))} of them accuracy "
        "lies outside the band expected of right confidences. Points below the diagonal are "
        "overconfident."
    )


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Where a panel stands in its figure, in pixels, and how values become pixels there."""

    left: float
    top: float
    size: float
    start: float

    def x(self, confidence: float) -> float:
        return self.left + self.size * (confidence - self.start) / (1 - self.start)

    def y(self, accuracy: float) -> float:
        return self.top + self.size * (1 - accuracy)

    def line(self, points: Iterable[tuple[float, float]]) -> Line:
        return [(self.x(confidence), self.y(accuracy)) for confidence, accuracy in points]


def reliability_diagram(panels: list[DiagramPanel], baseline: str) -> Callable[[float], Figure]:
    """Return what draws the panels row by row, as many in a row as the width holds."""
    start = min(0.9, math.floor(10 * min(b.lower for p in panels for b in p.bins) + 1e-9) / 10)

    def draw(width: float) -> Figure:
        room = width - _LEFT - _RIGHT + _GUTTER
        columns = min(len(panels), int(room // (_LEAST_PLOT + _GUTTER)))
        size = min(_MOST_PLOT, room / columns - _GUTTER)
        legend = markers.Legend(_handles(panels, baseline), width)
        cell = _HEAD + size * (1 - _FLOOR) + 10
        height = legend.height - (-len(panels) // columns) * cell + _FOOT
        figure = canvas.new_figure(width, height)
        legend.draw(figure)
        # One pair of axes for all panels, in pixels: sixty pairs would take seconds.
        axes = canvas.add_axes(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        frames = [
            _Frame(
                left=_LEFT + (i % columns) * (size + _GUTTER),
                top=legend.height + (i // columns) * cell + _HEAD,
                size=size,
                start=start,
            )
            for i in range(len(panels))
        ]
        _draw_frames(axes, frames, columns)
        _draw_bins(axes, panels, frames)
        for panel, frame in zip(panels, frames, strict=True):
            words = (label(panel.name, 18), *panel.numbers)
            for i, (line, hue, points) in enumerate(zip(words, _HUES, _SIZES, strict=False)):
                axes.text(frame.left, frame.top - 38 + 14.5 * i, line, color=hue, size=points)
        return figure

    return draw


def _draw_frames(axes: Axes, frames: list[_Frame], columns: int) -> None:
    """Draw grids and diagonals; label the left panel of a row and the lowest of a column."""
    start = frames[0].start
    ticks, floor = _ticks(start), _FLOOR
    levels = [f.line([(start, v), (1, v)]) for f in frames for v in (0.0, 0.5, 1.0)]
    uprights = [f.line([(v, floor), (v, 1)]) for f in frames for v in ticks]
    diagonals = [f.line([(start, start), (1, 1)]) for f in frames]
    canvas.draw_lines(axes, levels + uprights, color=LIGHT["grid"], linewidth=1, zorder=1)
    dashed = {"linestyle": (0, (3, 3)), "linewidth": 1, "zorder": 2}
    canvas.draw_lines(axes, diagonals, color=LIGHT["faint"], **dashed)
    for frame in frames[::columns]:
        for v in (0.0, 0.5, 1.0):
            at = frame.left - 5, frame.y(v)
            axes.text(*at, f"{100 * v:.0f}", ha="right", va="center", **canvas.NOTE)
        middle = frame.y(0.5)
        axes.text(12, middle, "accuracy, %", ha="center", va="center", rotation=90, **canvas.NOTE)
    for frame in frames[-columns:]:
        bottom = frame.y(floor)
        for v in ticks:
            # Within the panel, so that neighbours do not touch.
            side = "left" if v == start else "right" if v == 1 else "center"
            axes.text(frame.x(v), bottom + 14, f"{100 * v:.0f}", ha=side, **canvas.NOTE)
        middle = frame.left + frame.size / 2
        axes.text(middle, bottom + 29, "confidence, %", ha="center", **canvas.NOTE)


def _ticks(start: float) -> list[float]:
    """Return where the confidence axis is labelled: both ends and the middle of what is seen."""
    return [start, 1.0] if start > 0.6 else sorted({start, 0.6 if start > 0.2 else 0.5, 1.0})


def _draw_bins(axes: Axes, panels: list[DiagramPanel], frames: list[_Frame]) -> None:
    """Draw bands, curves, markers and, beneath zero, bars for the predictions in each bin."""
    # What looks the same is drawn at once, in all panels.
    bars: list[tuple[float, float, float, float]] = []
    bands, references = [], []
    curves: dict[int, list[Line]] = defaultdict(list)
    spots: dict[int, Line] = defaultdict(list)
    filled: dict[int, list[bool]] = defaultdict(list)
    for panel, frame in zip(panels, frames, strict=True):
        curve = frame.line((b.confidence, b.accuracy) for b in panel.bins)
        if len(curve) > 1:
            upper = [(b.confidence, b.high) for b in panel.bins]
            lower = [(b.confidence, b.low) for b in reversed(panel.bins)]
            bands.append(frame.line([*upper, *lower]))
            curves[panel.style].append(curve)
        if len(panel.reference) > 1:
            references.append(frame.line((b.confidence, b.accuracy) for b in panel.reference))
        spots[panel.style] += curve
        filled[panel.style] += [_outside(b) for b in panel.bins]
        for b in panel.bins:
            left, right, floor = frame.x(b.lower), frame.x(b.upper), frame.y(_FLOOR)
            height = max(0.8, _BAR * frame.size * b.n / panel.tallest)
            bars.append(((left + right) / 2, floor, floor - height, max(1.0, right - left - 1)))
    canvas.fill_areas(axes, bands, color=LIGHT["band"], linewidth=0, zorder=0)
    ends = {"capstyle": "projecting", "joinstyle": "round"}
    canvas.draw_lines(axes, references, color=LIGHT["faint"], linewidth=1.4, zorder=2, **ends)
    for style, lines in curves.items():
        canvas.draw_lines(axes, lines, color=markers.colour(style), zorder=3, **ends)
    for style, points in spots.items():
        markers.plot(axes, points, style, size=5.2, filled=filled[style])
    middles, floors, tops, widths = zip(*bars, strict=True)
    axes.vlines(middles, floors, tops, colors=LIGHT["faint"], linewidths=widths)


def _handles(panels: list[DiagramPanel], baseline: str) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    style = max(panel.style for panel in panels)
    handles: list[Artist] = [
        Line2D([], [], label="outside the band", **markers.look(style, 7)),
        Line2D([], [], label="within it", **markers.look(style, 7, filled=False)),
        Patch(color=LIGHT["band"], label="band expected of right confidences"),
    ]
    if any(panel.reference for panel in panels):
        handles.append(
            Line2D([], [], color=LIGHT["faint"], linewidth=1.4, label=label(baseline, 34))
        )
    handles.append(Patch(color=LIGHT["faint"], label="predictions in a bin"))
    return handles
