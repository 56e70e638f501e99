"""Accuracy of scored choices: classification, multiple choice, nearest neighbours."""

from __future__ import annotations

from crosscal.metrics.accuracy import first_choice_accuracy, shared_choice_accuracy
from crosscal.metrics.metric_input import MetricInput, MetricValues


def score_choices(rows: MetricInput) -> MetricValues:
    """Return the share of units whose chosen choice is the right one.

    Parameters
    ----------
    rows : MetricInput
        Any number of choices a unit. A unit with gold -1 (right choice not among them) counts
        as wrong: in retrieval, its translation is not among the nearest neighbours.

    Returns
    -------
    MetricValues
        ``accuracy``. ``official``: the first of the highest scores is chosen, as an argmax and
        XTREME's comparison of label files have it. ``sound``: choices that share the highest
        score share the point, so that their order earns nothing.
    """
    return MetricValues(
        official={"accuracy": first_choice_accuracy(rows.scores, rows.gold)},
        sound={"accuracy": shared_choice_accuracy(rows.scores, rows.gold)},
        n=rows.n,
    )
