"""Words as they can be shown: without controls, on one line, of a length."""

from __future__ import annotations

import unicodedata


def label(words: str, length: int) -> str:
    """Return words that can be drawn: on one line, of so many characters, without controls."""
    line = " ".join(clean(words).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def clean(words: str) -> str:
    """Remove the characters that XML cannot hold."""
    return "".join(
        c
        for c in words
        if c in "\t\n\r" or not (unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff")
    )


def text_width(words: str, size: float) -> float:
    """Estimate how wide words are, in pixels, in a common sans serif of this size."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in words)
    return size * (wide * 1.0 + (len(words) - wide) * 0.58)
