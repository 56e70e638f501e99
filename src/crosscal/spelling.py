"""The nearest known word to a mistyped one, for error messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or which ones there are.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been written.

    Returns
    -------
    str
        A remedy without a final stop, for `crosscal.exceptions`.

    Examples
    --------
    >>> did_you_mean("entailmnt", ["entailment", "neutral"])
    "Did you mean 'entailment'? Known are: entailment, neutral"
    """
    words = list(known)
    listed = "Known are: " + ", ".join(words)
    # Compared without case, so that 'EN' and 'Neutral' find their way home.
    folded = {w.casefold(): w for w in reversed(words)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.5)
    return f"Did you mean '{folded[near[0]]}'? {listed}" if near else listed
