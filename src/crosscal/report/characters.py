"""Words as they can be shown: without controls, on one line, of a length."""

from __future__ import annotations

import re
import unicodedata

# What a terminal obeys, and what has letters that follow shown in another order than they stand.
_OBEYED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_TURNING = "\u202a\u202b\u202c\u202d\u202e"
# What a sheet takes for a formula where a cell begins with it.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def label(words: str, length: int) -> str:
    """Return words that can be drawn: on one line, of so many characters, without controls."""
    line = " ".join(clean(words).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def visible(words: str) -> str:
    """Write out the characters that a terminal would obey: as escapes, which JSON reads, too."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", words)


def cell(words: str) -> str:
    """Return words for a cell of CSV, which no program that opens the sheet takes for a formula."""
    if not words.startswith(_FORMULAS):
        return words
    try:
        float(words)
    except ValueError:
        return f"'{words}"
    return words


def clean(words: str) -> str:
    """Remove the characters that XML cannot hold, and those that turn the order of letters."""
    return "".join(
        c
        for c in words
        if c in "\t\n\r"
        or not (unicodedata.category(c) in ("Cc", "Cs") or c in _TURNING or c in "\ufffe\uffff")
    )


def text_width(words: str, size: float) -> float:
    """Estimate how wide words are, in pixels, in a common sans serif of this size."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in words)
    return size * (wide * 1.0 + (len(words) - wide) * 0.58)
