"""Which scorer belongs to which task family."""

from __future__ import annotations

from collections.abc import Callable

from crosscal.errors import SettingsError
from crosscal.predictions import Slice
from crosscal.scoring.classification import score_classification
from crosscal.scoring.score import Score

SCORERS: dict[str, Callable[[Slice], Score]] = {"classification": score_classification}


def score(family: str, predictions: Slice) -> Score:
    """Score one language of one split with the metric of its task family.

    Parameters
    ----------
    family : str
    predictions : Slice

    Returns
    -------
    Score

    Raises
    ------
    SettingsError
        No scorer for the family.
    """
    if family not in SCORERS:
        raise SettingsError(
            f"no scorer for family {family!r}",
            where="family",
            remedy=f"families with a scorer: {', '.join(sorted(SCORERS))}",
        )
    return SCORERS[family](predictions)
