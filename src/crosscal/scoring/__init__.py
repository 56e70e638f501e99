"""Each task's metric: as the benchmark computes it, and as one should believe it."""

from crosscal.scoring.families import SCORERS, score
from crosscal.scoring.score import Score

__all__ = ["SCORERS", "Score", "score"]
