"""The table for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.cells import cell_len

from crosscal.analysis import Results
from crosscal.report import render_text_table, summary_table

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


def test_wide_characters_and_markup_keep_columns(build: Build) -> None:
    recipes = (
        "direct",
        "中间任务训练",
        "[red]x[/red]",
        "a name that goes on and on and on \x1b[0m",
    )
    lines = render_text_table(build(languages=("en", "sw"), recipes=recipes)).splitlines()
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


def test_narrow_terminal_cuts_names_not_numbers(build: Build) -> None:
    recipes = ("direct", "a name that goes on and on and on")
    results = build(languages=("en", "sw"), recipes=recipes)
    text = render_text_table(results, width=60)
    assert "a name that…" in text
    assert " to " in text.splitlines()[-1]


def test_nothing_to_show(build: Build) -> None:
    assert "language" in render_text_table(replace(build(), estimates=[]))
