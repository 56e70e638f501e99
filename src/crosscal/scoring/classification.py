"""Accuracy: the metric of the classification family."""

from __future__ import annotations

from crosscal.predictions import Slice
from crosscal.scoring.score import Score


def score_classification(predictions: Slice) -> Score:
    """Return the share of units whose chosen label is the right one.

    Parameters
    ----------
    predictions : Slice
        A unit with gold -1 (right label not among the choices) counts as wrong.

    Returns
    -------
    Score
        ``official``: the chosen label is the first of the highest scores, as an argmax and
        XTREME's comparison of label files have it. ``sound``: a unit whose highest score is
        shared by m labels, the right one among them, counts 1/m, so that the order of the
        labels earns nothing. Without ties the two are equal.
    """
    scores, gold = predictions.scores, predictions.gold
    highest = scores == scores.max(axis=1, keepdims=True)
    known = gold >= 0
    right = highest[known, gold[known]] / highest[known].sum(axis=1)
    return Score(
        metric="accuracy",
        official=float((scores.argmax(axis=1) == gold).mean()),
        sound=float(right.sum() / len(gold)),
        n=len(gold),
    )
