"""How recipes look."""

from __future__ import annotations

import pytest

from crosscal.report.charts.markers import (
    Legend,
    colour,
    colour_class,
    look,
    recipe_handles,
    style_of,
)
from crosscal.report.charts.palette import (
    DARK,
    LIGHT,
    RECIPES_DARK,
    RECIPES_LIGHT,
    chart_sheet,
)


def test_recipes_differ_in_more_than_colour() -> None:
    styles = style_of(["mrpc", "direct", "a", "b", "c", "d", "e", "f"], "direct")
    assert styles["direct"] == 0
    looks = {(colour(s), look(s, 5)["marker"]) for s in styles.values()}
    assert len(looks) == len(styles)
    # The first six can be told by shape alone.
    assert len({look(s, 5)["marker"] for s in range(6)}) == 6
    assert [colour_class(s) for s in (0, 1, 6, 7)] == ["r0", "r1", "r6", "r1"]


def test_hollow_markers_are_filled_with_paper() -> None:
    assert look(1, 5)["markerfacecolor"] == colour(1)
    assert look(1, 5, filled=False)["markerfacecolor"] == LIGHT["paper"]


@pytest.mark.parametrize(("width", "columns"), [(860, 3), (170, 2), (60, 1)])
def test_legend_has_the_columns_that_fit(width: float, columns: int) -> None:
    handles = recipe_handles([("direct", 0), ("mrpc", 1), ("xy", 2)])
    assert Legend(handles, width).columns == columns


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("paper", "colours"),
    [
        (LIGHT["paper"], (*RECIPES_LIGHT, LIGHT["ink"], LIGHT["soft"])),
        (DARK["paper"], (*RECIPES_DARK, DARK["ink"], DARK["soft"])),
    ],
)
def test_colours_can_be_read_on_paper(paper: str, colours: tuple[str, ...]) -> None:
    for each in colours:
        bright, dim = sorted((luminance(each), luminance(paper)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 3.0


def test_every_colour_has_a_dark_one() -> None:
    sheet = chart_sheet()
    assert all(f'fill: {each}"]' in sheet for each in (*LIGHT.values(), *RECIPES_LIGHT))
    assert len(RECIPES_LIGHT) == len(RECIPES_DARK)
    assert LIGHT.keys() == DARK.keys()
