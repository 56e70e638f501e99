"""Accuracy of scored choices: classification, multiple choice, nearest neighbours."""

from __future__ import annotations

from crosscal.metrics.accuracy import (
    first_choice_accuracy,
    first_choice_right,
    shared_choice_accuracy,
    shared_choice_right,
)
from crosscal.metrics.metric_input import MetricInput, MetricValues, OutcomeRows


def score_choices(rows: MetricInput) -> MetricValues:
    """Return accuracy of the chosen choice; gold -1 counts as wrong.

    ``official``: the first of the highest scores, as argmax and XTREME's label files have it;
    ``sound``: choices that share the highest score share the point.
    """
    first, shared = (
        OutcomeRows(values=right(rows.scores, rows.gold), cluster=rows.cluster)
        for right in (first_choice_right, shared_choice_right)
    )
    return MetricValues(
        official={"accuracy": first_choice_accuracy(rows.scores, rows.gold)},
        sound={"accuracy": shared_choice_accuracy(rows.scores, rows.gold)},
        n=rows.n,
        rows={"official": {"accuracy": first}, "sound": {"accuracy": shared}},
    )
