"""Axes, marks and the order of languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscal.analysis import Results
from crosscal.report.charts import all_figures
from crosscal.report.charts.axes import nice_ticks, padded, tick_label
from crosscal.report.charts.markers import colour_class, marker, style_of
from crosscal.report.charts.order import blocks, language_order
from crosscal.report.charts.reliability import file_names
from crosscal.report.svg import clean, coordinate, text

Build = Callable[..., Results]


@given(st.floats(-100, 100), st.floats(0, 100), st.integers(5, 20))
def test_ticks_are_few_round_and_inside(low: float, width: float, most: int) -> None:
    low, high = padded(low, low + width)
    ticks = nice_ticks(low, high, most)
    assert 1 <= len(ticks) <= most + 1
    assert all(low - 1e-6 <= t <= high + 1e-6 for t in ticks)
    labels = [tick_label(t, ticks) for t in ticks]
    assert len(set(labels)) == len(labels)


def test_recipes_differ_in_more_than_colour() -> None:
    styles = style_of(["mrpc", "direct", "a", "b", "c", "d", "e", "f"], "direct")
    assert styles["direct"] == 0
    looks = {
        (colour_class(s), re.sub(r'class="[^"]*"', "", marker(s, 0, 0, 5))) for s in styles.values()
    }
    assert len(looks) == len(styles)


def test_hollow_where_the_interval_holds_zero(build: Build) -> None:
    results = build(languages=("en", "sw"), recipes=("direct",), grouped=False)
    figure = all_figures(results)[0]
    assert "hollow" not in figure.wide.body
    wider = [replace(e, low=-1.0) for e in results.estimates]
    assert "hollow" in all_figures(replace(results, estimates=wider))[0].wide.body


def test_languages_stand_by_group_then_degradation(results: Results) -> None:
    rich, others = blocks(results)
    assert rich.group == "morphologically rich"
    assert rich.languages[0] == "sw"
    assert others.languages[0] == "ur"
    order = language_order(results)
    assert order[0] == "en"
    assert sorted(order) == sorted(results.languages)


def test_language_in_no_group_is_still_shown(results: Results) -> None:
    groups: dict[str, tuple[str, ...]] = {"morphologically rich": ("sw", "tr")}
    found = blocks(replace(results, groups=groups))
    assert [b.heading for b in found] == ["Morphologically rich", "Not grouped"]
    assert len(found[1].languages) == 12


def test_file_names_are_plain_and_different() -> None:
    names = file_names(["a/b", "a b", "../../etc/passwd", "中文", "任务", "x" * 200])
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,60}", name) for name in names.values())


@pytest.mark.parametrize(
    ("value", "said"), [(-0.001, "0"), (1.0, "1"), (2.505, "2.5"), (100, "100")]
)
def test_coordinates_are_short(value: float, said: str) -> None:
    assert coordinate(value) == said


def test_text_is_escaped_and_clean() -> None:
    assert text("<a&b>\x07", 0, 0) == '<text x="0" y="0">&lt;a&amp;b&gt;</text>'
    assert clean("\ud800\x00ok\n") == "ok\n"


def test_both_widths_are_drawn(results: Results) -> None:
    for figure in all_figures(results):
        assert figure.narrow.width < 360 < figure.wide.width
