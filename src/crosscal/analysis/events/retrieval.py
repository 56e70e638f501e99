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
    """Return the event that the nearest sentence is a translation.

    Parameters
    ----------
    rows : MetricInput
        Scores of the k nearest; a translation that is not among them (gold -1) counts as wrong.
    settings : EventSettings
        Not looked at.

    Returns
    -------
    RawEvents
        The confidence is the highest probability of a softmax over the k nearest; ``kinds`` is
        the direction, where there is a column of that name, else the number of candidates.
        ``chance`` is None: guessing among all sentences finds next to none.
    """
    return replace(chosen_event(rows, settings), kinds=_kinds(rows), chance=None)


def margin_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event of `nearest_event` with a confidence made of the margin alone.

    Parameters
    ----------
    rows : MetricInput
        As for `nearest_event`.
    settings : EventSettings
        Not looked at.

    Returns
    -------
    RawEvents
        The confidence is ``1 / (1 + exp(-margin / T - shift))``, where the margin is the
        highest score minus the second highest. Shifted: to be fitted.
    """
    second, first = np.sort(rows.scores, axis=1)[:, -2:].T
    return replace(
        nearest_event(rows, settings), confidence_at=_logistic(first - second), shifted=True
    )


def mined_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that a mined pair is one of translations.

    Parameters
    ----------
    rows : MetricInput
        Columns ``mined``, ``mined_scores`` and ``partners`` as for scoring.
    settings : EventSettings
        Not looked at.

    Returns
    -------
    RawEvents
        One a mined pair, without a threshold. The confidence is ``1 / (1 + exp(-score / T -
        shift))``. ``recall`` counts under "pair" the right pairs: ``touched`` are those whose
        sentence was paired with another. Shifted: to be fitted.

    Raises
    ------
    DataError
        A column is missing or wrong.
    """
    mined, partners = rows.text_lists("mined"), rows.text_lists("partners")
    found = [
        (row, target in partners[row], score)
        for row, (targets, values) in enumerate(zip(mined, _scores_of(rows, mined), strict=True))
        for target, score in zip(targets, values, strict=True)
    ]
    at = np.array([row for row, _, _ in found], dtype=np.intp)
    right = [len(set(ours) & set(theirs)) for ours, theirs in zip(mined, partners, strict=True)]
    gold = [len(set(theirs)) for theirs in partners]
    touched = [g - r if ours else 0 for ours, g, r in zip(mined, gold, right, strict=True)]
    return RawEvents(
        confidence_at=_logistic(np.array([score for _, _, score in found], dtype=np.float64)),
        correct=np.array([right for _, right, _ in found], dtype=np.float64),
        cluster_ids=np.array(rows.texts("cluster_id"), dtype=np.str_)[at],
        unit_ids=np.array(rows.texts("unit_id"), dtype=np.str_)[at],
        kinds=np.full(len(found), "pair", dtype=np.str_),
        recall={"pair": Recall(gold=sum(gold), found=sum(right), touched=sum(touched))},
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
