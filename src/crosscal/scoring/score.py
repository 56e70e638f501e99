"""What a scorer returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Score:
    """A task's metric on one language of one split.

    Attributes
    ----------
    metric : str
    official : float
        As the benchmark's own evaluator computes it, as a fraction.
    sound : float
        What one should believe, as a fraction.
    n : int
        Units scored.
    """

    metric: str
    official: float
    sound: float
    n: int
