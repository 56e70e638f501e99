"""Each task's metric: as the benchmark computes it, and as one should believe it."""

from crosscal.scoring.mining import mining_threshold
from crosscal.scoring.score import Rows, Score
from crosscal.scoring.scorers import SCORERS, Scorer, score
from crosscal.scoring.xtreme import Submission, TaskScore, score_submission

__all__ = [
    "SCORERS",
    "Rows",
    "Score",
    "Scorer",
    "Submission",
    "TaskScore",
    "mining_threshold",
    "score",
    "score_submission",
]
