"""The scorers by name: how a task is scored is a word in its description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crosscal.exceptions import SettingsError
from crosscal.metrics.choices import score_choices
from crosscal.metrics.metric_input import MetricInput, MetricValues
from crosscal.metrics.mining import score_mined_pairs
from crosscal.metrics.spans import score_mlqa, score_squad, score_squad2
from crosscal.metrics.tagging import score_entities, score_parts_of_speech
from crosscal.spelling import did_you_mean


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """One way to score a task.

    Attributes
    ----------
    description : str
    score : function from MetricInput to MetricValues
    official, sound : tuple of str
        The metrics whose mean is the task's one figure.
    """

    description: str
    score: Callable[[MetricInput], MetricValues]
    official: tuple[str, ...]
    sound: tuple[str, ...]

    def headline(self, score: MetricValues) -> tuple[float, float]:
        """Return the task's one figure, official and sound, as fractions."""
        return _mean(score.official, self.official), _mean(score.sound, self.sound)


def _mean(values: dict[str, float], metrics: tuple[str, ...]) -> float:
    return sum(values[metric] for metric in metrics) / len(metrics)


_ANSWERS = ("exact_match", "f1")

SCORERS: dict[str, Scorer] = {
    "accuracy": Scorer(
        description="accuracy of the chosen label, option or neighbour",
        score=score_choices,
        official=("accuracy",),
        sound=("accuracy",),
    ),
    "pos": Scorer(
        description="parts of speech: F1 over runs of equal tags; sound: accuracy over words",
        score=score_parts_of_speech,
        official=("f1",),
        sound=("accuracy",),
    ),
    "entities": Scorer(
        description="named entities: F1 over entities",
        score=score_entities,
        official=("f1",),
        sound=("f1",),
    ),
    "squad": Scorer(
        description="answers: exact match and F1 by the English rules of SQuAD v1.1",
        score=score_squad,
        official=_ANSWERS,
        sound=_ANSWERS,
    ),
    "mlqa": Scorer(
        description="answers: exact match and F1 by MLQA's rules for seven languages",
        score=score_mlqa,
        official=_ANSWERS,
        sound=_ANSWERS,
    ),
    "squad2": Scorer(
        description="answers or none: exact match and F1 as SQuAD v2.0",
        score=score_squad2,
        official=_ANSWERS,
        sound=_ANSWERS,
    ),
    "bitext": Scorer(
        description="mined translations: F1 over pairs, as BUCC 2018",
        score=score_mined_pairs,
        official=("f1",),
        sound=("f1",),
    ),
}


def score(scoring: str, rows: MetricInput) -> MetricValues:
    """Score one language of one split by a name in `SCORERS`."""
    if scoring not in SCORERS:
        raise SettingsError(
            f"no scorer {scoring!r}", where="scoring", remedy=did_you_mean(scoring, SCORERS)
        )
    return SCORERS[scoring].score(rows)
