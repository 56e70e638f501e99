"""Predictions on which libraries are compared: random, real-looking and edge cases.

Made from seeds, so that any environment with numpy makes the same ones.
"""

from __future__ import annotations

import numpy as np


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def draw(rng, probabilities):
    """Return a label drawn from each row of probabilities."""
    below = rng.random(len(probabilities))[:, None] > np.cumsum(probabilities, axis=1)
    return np.minimum(below.sum(axis=1), probabilities.shape[1] - 1)


def random_rows(seed, n, k, spread=1.5, truth=0.7):
    """Logits of independent rows; labels from the same logits times `truth`."""
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((n, k)) * spread
    return softmax(logits), draw(rng, softmax(logits * truth))


def nli_like():
    """Three rows a premise, one for each label; sure of itself, and more often than right."""
    rng = np.random.default_rng(11)
    gold = np.tile(np.arange(3), 830)
    premise = np.repeat(rng.standard_normal((830, 3)) * 0.8, 3, axis=0)
    logits = premise + rng.standard_normal((2490, 3)) * 1.6
    logits[np.arange(2490), gold] += 2.2
    return softmax(logits * 1.7), gold


def on_borders():
    """Confidences on the edges of 10 and 15 bins, and exactly 0 and 1."""
    rng = np.random.default_rng(12)
    first = np.concatenate([np.arange(11) / 10, np.arange(16) / 15] * 30)
    return np.column_stack([1.0 - first, first]), (rng.random(len(first)) < 0.5).astype(int)


def saturated():
    """Half of the rows as good as certain in float64, some exactly so."""
    rng = np.random.default_rng(13)
    logits = rng.standard_normal((1200, 4)) * np.repeat([[2.0], [60.0]], 600, axis=0)
    return softmax(logits), draw(rng, softmax(logits * 0.5))


def ties():
    """Five distinct rows only."""
    rng = np.random.default_rng(14)
    rows = np.array(
        [[0.5, 0.3, 0.2], [0.4, 0.35, 0.25], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]
    )
    probabilities = rows[rng.integers(0, 5, 900)]
    return probabilities, draw(rng, probabilities)


def absent_class():
    """Return rows whose third class is never right."""
    probabilities, gold = random_rows(15, 1500, 3)
    keep = gold < 2
    return probabilities[keep], gold[keep]


def all_right():
    probabilities, _ = random_rows(16, 400, 3)
    return probabilities, probabilities.argmax(axis=1)


def all_wrong():
    probabilities, _ = random_rows(17, 400, 3)
    return probabilities, probabilities.argmin(axis=1)


CASES = {
    "random, 3 classes": lambda: random_rows(1, 5010, 3),
    "random, 2 classes": lambda: random_rows(2, 2000, 2),
    "random, 17 classes": lambda: random_rows(3, 1500, 17, spread=1.0),
    "NLI-like": nli_like,
    "on bin edges": on_borders,
    "saturated": saturated,
    "five distinct rows": ties,
    "absent class": absent_class,
    "all right": all_right,
    "all wrong": all_wrong,
    "one row": lambda: (np.array([[0.2, 0.7, 0.1]]), np.array([1])),
}

# Recalibrators are fitted on the first half and compared on these rows of the second.
FITTED = ("random, 3 classes", "random, 2 classes", "NLI-like", "five distinct rows")
SHOWN = 40


def halves(name):
    """Return probabilities and labels to fit on, and probabilities to recalibrate."""
    probabilities, gold = CASES[name]()
    half = len(gold) // 2
    return probabilities[:half], gold[:half], probabilities[half : half + SHOWN]


def safe_log(probabilities):
    """Return logits of probabilities, with 0 as the smallest normal number."""
    return np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
