"""Words that can be shown."""

from __future__ import annotations

import pytest

from crosscal.report.characters import cell, clean, label, text_width, visible


def test_controls_are_removed() -> None:
    assert clean("\ud800\x00ok\n\x07") == "ok\n"


@pytest.mark.parametrize(
    ("words", "shown"),
    [("a\n b\tc", "a b c"), ("\x1b[1mbold", "[1mbold"), ("123456789", "1234567…"), ("", "")],
)
def test_labels_are_one_line_of_a_length(words: str, shown: str) -> None:
    assert label(words, 8) == shown


def test_wide_letters_are_wide() -> None:
    assert text_width("中文", 10) == 20 > text_width("ab", 10)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("\x1b[31mred\x07", r"\u001b[31mred\u0007"),
        ("\x9b31m", r"\u009b31m"),
        ("a\u202eb", r"a\u202eb"),
        ("línea\n\tمرحبا", "línea\n\tمرحبا"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(words: str, shown: str) -> None:
    assert visible(words) == shown


@pytest.mark.parametrize("words", ["=1+1", "+cmd", "-x", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(words: str) -> None:
    assert cell(words) == f"'{words}"


@pytest.mark.parametrize("words", ["-0.5", "+1", "-1e-3", "a=b", "", "en"])
def test_other_cells_are_as_they_were(words: str) -> None:
    assert cell(words) == words
