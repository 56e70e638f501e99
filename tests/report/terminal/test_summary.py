"""The table for the terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from crosscal.analysis import Results
from crosscal.report import render_text_table, summary_table
from crosscal.report.numbers import metric_number

Build = Callable[..., Results]


def test_rows(results: Results) -> None:
    rows = summary_table(results)
    assert len(rows) == (15 + 2) * 3
    assert (rows[0].language, rows[0].recipe) == ("en", "direct")
    assert rows[0].degradation is None
    assert rows[3].is_group
    assert rows[3].language == "morphologically rich"
    effect = rows[4].effect
    assert effect is not None
    assert [effect] == results.find(
        quantity="effect",
        recipe="mrpc",
        language="morphologically rich",
        scaling="none",
        metric="ece_debiased",
    )


def test_text(results: Results) -> None:
    text = render_text_table(results)
    lines = text.splitlines()
    assert "ECE % (floor)" in lines[0]
    assert max(cell_len(line) for line in lines) <= 120
    assert "…" not in text
    assert sum("Swahili" in line for line in lines) == 1


def test_what_accuracy_explains_is_below(results: Results, build: Build) -> None:
    _, text = render_text_table(results).split("\n\ndegradation in")
    lines = text.splitlines()
    assert "explained by accuracy" in lines[0]
    body = [line for line in lines[2:] if line]
    assert len(body) == 2 * 3
    (line,) = (line for line in body if line.startswith("others"))
    for metric in ("ece_debiased", "ece_explained_by_accuracy", "ece_beyond_accuracy"):
        found = results.get("degradation", "direct", "others", metric=metric)
        assert found is not None
        assert f" {metric_number(found.value, metric, signed=True)} (" in line
    # Without groups, by language.
    assert "Swahili" in render_text_table(build(grouped=False)).split("degradation in")[1]


def test_wide_characters_and_markup_keep_columns(build: Build) -> None:
    recipes = (
        "direct",
        "中间任务训练",
        "[red]x[/red]",
        "a name that goes on and on and on \x1b[0m",
    )
    results = build(languages=("en", "sw"), recipes=recipes)
    text, _ = render_text_table(results, width=200).split("\n\ndegr")
    lines = text.splitlines()
    end = cell_len(lines[0][: lines[0].index("acc %") + 5])
    body = [line for line in lines[2:] if line.strip() and "─" not in line]
    for line in body:
        # The accuracy ends in the same cell in every line.
        width, seen = 0, ""
        for character in line:
            width += cell_len(character)
            seen += character
            if width == end:
                break
        assert seen[-1].isdigit(), line
    assert any("[red]x[/red]" in line for line in body)
    assert "\x1b" not in "".join(lines)


LONG = "a-recipe-with-a-name-that-goes-on-and-on"


def numbers(text: str) -> list[str]:
    return re.findall(r"[+−]?\d+\.\d+", text)


@pytest.mark.parametrize("width", [80, 100])
def test_a_narrow_terminal_breaks_no_number_and_cuts_no_name(build: Build, width: int) -> None:
    results = build(recipes=("direct", LONG, f"{LONG}-two"))
    wide, text = render_text_table(results, width=200), render_text_table(results, width=width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert max(cell_len(line) for line in wide.splitlines()) > width
    assert "…" not in text
    assert Counter(numbers(text)) == Counter(numbers(wide))
    # What did not fit follows below, beside the same names.
    assert text.count("degradation") > wide.count("degradation") - 1
    first = text.split("\n\n")[0].splitlines()[0]
    assert "acc %" in first
    assert "effect of recipe" not in first
    parts = re.split(r"\n\n(?=language|degradation in)", text)
    assert len(parts) > 2
    for part in parts:
        lines = part.splitlines()
        place = lines[0].index("recipe")
        shown = "".join(line[place : place + 45].split("  ")[0].strip() for line in lines[2:])
        assert LONG in shown
        assert f"{LONG}-two" in shown


def test_all_is_one_table_where_there_is_room(build: Build) -> None:
    text = render_text_table(build(recipes=("direct", LONG)), width=200)
    assert text.count("acc %") == text.count("effect of recipe") == 1
    assert sum(LONG in line for line in text.splitlines()) > 15


def test_nothing_to_show(build: Build) -> None:
    assert "language" in render_text_table(replace(build(), estimates=[]))
