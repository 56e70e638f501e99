"""Events about translations: the nearest sentence is one, a mined pair is one.

Cosines of the k nearest lie close together, so that their softmax says about 1 / k whatever the
model knows. It means something only at a temperature that was fitted on other rows; and a margin
or a score becomes a probability only by a slope and an intercept fitted likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import expit

from crosscal.analysis.events.choices import chosen_event
from crosscal.analysis.events.event import EventSettings, Floats, RawEvents, Recall, Texts
from crosscal.exceptions import DataError
from crosscal.metrics import MetricInput


def nearest_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that the nearest sentence is a translation; gold -1 counts as wrong."""
    # The confidence is a softmax over the k nearest. No chance: guessing among all finds next to
    # none.
    return replace(chosen_event(rows, settings), kinds=_kinds(rows), chance=None)


def margin_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event of `nearest_event` with a confidence made of the margin alone."""
    # ``1 / (1 + exp(-margin / T - shift))``, of the highest score less the second highest.
    second, first = np.sort(rows.scores, axis=1)[:, -2:].T
    return replace(
        nearest_event(rows, settings), confidence_at=_logistic(first - second), shifted=True
    )


def mined_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that a mined pair is one of translations: without a threshold."""
    # ``1 / (1 + exp(-score / T - shift))``; partial matches are pairs with another sentence.
    mined, partners = rows.text_lists("mined"), rows.text_lists("partners")
    pairs = [
        (row, target in partners[row], score)
        for row, (targets, values) in enumerate(zip(mined, _scores_of(rows, mined), strict=True))
        for target, score in zip(targets, values, strict=True)
    ]
    at = np.array([row for row, _, _ in pairs], dtype=np.intp)
    right = [len(set(ours) & set(theirs)) for ours, theirs in zip(mined, partners, strict=True)]
    gold = [len(set(theirs)) for theirs in partners]
    partial_match = [g - r if ours else 0 for ours, g, r in zip(mined, gold, right, strict=True)]
    return RawEvents(
        confidence_at=_logistic(np.array([score for _, _, score in pairs], dtype=np.float64)),
        correct=np.array([right for _, right, _ in pairs], dtype=np.float64),
        cluster_ids=np.array(rows.texts("cluster_id"), dtype=np.str_)[at],
        unit_ids=np.array(rows.texts("unit_id"), dtype=np.str_)[at],
        kinds=np.full(len(pairs), "pair", dtype=np.str_),
        recall={"pair": Recall(gold=sum(gold), found=sum(right), partial_match=sum(partial_match))},
        shifted=True,
    )


def _logistic(values: Floats) -> Callable[[float, float], Floats]:
    """Return what turns these values into probabilities, given temperature and shift."""
    return lambda temperature, shift: np.asarray(expit(values / temperature + shift))


def _kinds(rows: MetricInput) -> Texts:
    if "direction" in rows.table.column_names:
        return np.array(rows.texts("direction"), dtype=np.str_)
    counts = np.isfinite(rows.scores).sum(axis=1)
    return np.asarray(counts.astype(np.str_))


def _scores_of(rows: MetricInput, mined: list[list[str]]) -> list[list[float]]:
    """Return column ``mined_scores``; demand one for each mined pair."""
    scores = rows.number_lists("mined_scores")
    for row, (targets, values) in enumerate(zip(mined, scores, strict=True)):
        if len(targets) != len(values):
            raise DataError(
                f"{len(values)} scores for {len(targets)} pairs",
                where=f"{rows.where}: column 'mined_scores', row {row} of {rows.language}",
                remedy="Give one score for each pair",
            )
    return scores
