"""How a recipe looks: a colour and a shape, so that neither is needed to tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crosscal.report.characters import label, text_width
from crosscal.report.charts.canvas import SMALL
from crosscal.report.charts.palette import LIGHT, RECIPES_LIGHT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Shapes of the baseline and the others, with the size that gives each about the same weight.
_SHAPES = (("o", 1.0), ("s", 0.9), ("^", 1.15), ("D", 0.88), ("v", 1.15), ("P", 1.2))

_LEGEND_ROW = 18.5


def style_of(recipes: Sequence[str], baseline: str) -> dict[str, int]:
    """Return a number for each recipe: 0 for the baseline, the others from 1 in their order."""
    others = [r for r in recipes if r != baseline]
    return {baseline: 0} | {name: i for i, name in enumerate(others, start=1)}


def colour_class(style: int) -> str:
    """Return the class that colours what belongs to a recipe in HTML."""
    return f"r{_repeat(style, len(RECIPES_LIGHT))}"


def colour(style: int) -> str:
    """Return the colour of a recipe in charts."""
    return RECIPES_LIGHT[_repeat(style, len(RECIPES_LIGHT))]


def _repeat(style: int, count: int) -> int:
    return style and (style - 1) % (count - 1) + 1


def look(style: int, size: float, *, filled: bool = True) -> dict[str, Any]:
    """Return how matplotlib draws a recipe's marker; hollow ones stand for what is not seen."""
    # Colours and shapes repeat after different counts, so pairs stay distinct for long.
    name, factor = _SHAPES[_repeat(style, len(_SHAPES))]
    return {
        "marker": name,
        "markersize": size * factor,
        "markeredgecolor": colour(style),
        "markerfacecolor": colour(style) if filled else LIGHT["paper"],
        "markeredgewidth": 1.5,
        "linestyle": "none",
    }


def plot(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    style: int,
    *,
    size: float,
    filled: Sequence[bool],
) -> None:
    """Draw a recipe's marker at points, over everything else."""
    for fill in (False, True):
        drawn = [p for p, is_filled in zip(points, filled, strict=True) if is_filled == fill]
        if drawn:
            shape = look(style, size, filled=fill)
            axes.plot(*zip(*drawn, strict=True), zorder=4, clip_on=False, **shape)


def recipe_handles(entries: Sequence[tuple[str, int]]) -> list[Line2D]:
    """Return the entries of a legend: marker and name of each recipe."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], label=label(name, 34), **look(style, 8.5)) for name, style in entries]


class Legend:
    """Handles along the top of a figure, row by row, in as many columns as its width holds."""

    def __init__(self, handles: Sequence[Artist], width: float) -> None:
        self._handles = handles
        self._names = [str(handle.get_label()) for handle in handles]
        needs = [text_width(name, SMALL) + 42 for name in self._names]

        def fits(columns: int) -> bool:
            return sum(max(needs[i::columns]) for i in range(columns)) <= width + 20

        self.columns = next((n for n in range(len(handles), 1, -1) if fits(n)), 1)
        self.height = 6 + _LEGEND_ROW * -(-len(handles) // self.columns)

    def draw(self, figure: Figure) -> None:
        """Draw it."""
        # matplotlib fills column by column.
        order = [i for c in range(self.columns) for i in range(c, len(self._names), self.columns)]
        figure.legend(
            [self._handles[i] for i in order],
            [self._names[i] for i in order],
            loc="upper left",
            bbox_to_anchor=(0, 1),
            ncols=self.columns,
            borderaxespad=0,
            borderpad=0.2,
            handlelength=1.4,
            handletextpad=0.5,
            columnspacing=1.6,
            labelspacing=0.5,
            fontsize=SMALL,
        )
