"""Events about one choice among several: labels, options, tags of a word, nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosscal.analysis.events.event import EventSettings, Floats, RawEvents
from crosscal.calibration import softmax
from crosscal.metrics import MetricInput


def mass(scores: Floats, weights: Floats, temperature: float) -> Floats:
    """Return the probability of a set of choices (0 and 1), or the expectation of a value."""
    # ``sum_j w_ij softmax(s_i / T)_j``; minus infinity where a unit does not have a choice.
    expected = (softmax(scores / temperature) * weights).sum(axis=1)
    return np.asarray(np.minimum(expected, 1.0))  # a sum may exceed 1 in its last bit


def chosen_event(rows: MetricInput, settings: EventSettings) -> RawEvents:
    """Return the event that the chosen choice is the right one; gold -1 counts as wrong."""
    # The first of the highest scores is chosen, as in the official accuracy.
    scores = rows.scores
    chosen = scores.argmax(axis=1)
    weights = np.zeros(scores.shape)
    weights[np.arange(len(chosen)), chosen] = 1.0
    counts = np.isfinite(scores).sum(axis=1)
    return RawEvents(
        confidence_at=lambda temperature, _: mass(scores, weights, temperature),
        correct=(chosen == rows.gold).astype(np.float64),
        cluster_ids=np.array(rows.texts("cluster_id"), dtype=np.str_),
        unit_ids=np.array(rows.texts("unit_id"), dtype=np.str_),
        kinds=counts.astype(np.str_)
        if rows.choices is None
        else np.array(rows.choices, dtype=np.str_)[chosen],
        chance=1.0 / counts,
    )


def above_chance(values: Floats, chance: Floats) -> NDArray[np.float64]:
    """Return by how much confidences or outcomes are above chance, as a share of what can be.

    ``(value - chance) / (1 - chance)``, shape (n,), for a chance below 1: 0 is guessing, 1 certain.
    A wrong answer to a question of k options counts ``-1 / (k - 1)``, so that the mean of pure
    guesses is 0. Of questions with k options each, every absolute error grows by ``k / (k - 1)``.
    """
    return np.asarray((values - chance) / (1.0 - chance))
