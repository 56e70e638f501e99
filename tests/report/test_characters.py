"""Words that can be shown."""

from __future__ import annotations

import pytest

from crosscal.report.characters import clean, label, text_width


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
