"""Each task's metric: as the benchmark computes it, and as one should believe it."""

from crosscal.metrics.metric_input import MetricInput, MetricValues
from crosscal.metrics.mining import mining_threshold
from crosscal.metrics.scorers import SCORERS, Scorer, score
from crosscal.metrics.xtreme import Submission, TaskScore, score_submission

__all__ = [
    "SCORERS",
    "MetricInput",
    "MetricValues",
    "Scorer",
    "Submission",
    "TaskScore",
    "mining_threshold",
    "score",
    "score_submission",
]
