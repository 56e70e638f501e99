"""The nearest known word to a mistyped one, for error messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or which ones there are."""
    words = list(known)
    listed = "Known are: " + ", ".join(words)
    # Compared without case, so that 'EN' and 'Neutral' find their way home.
    folded = {w.casefold(): w for w in reversed(words)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.5)
    return f"Did you mean '{folded[near[0]]}'? {listed}" if near else listed
