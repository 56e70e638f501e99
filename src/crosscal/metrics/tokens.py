"""Scores over single words: what to believe of a tagger of parts of speech."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def macro_f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    """Return the mean of each tag's F1 over the tags that occur in ``gold``.

    As scikit-learn's ``f1_score`` with ``labels=unique(gold), average="macro"``.
    """
    # A tag that a language lacks must not change the score by being predicted once. Micro-averaged
    # F1 over words would be plain accuracy.
    right = Counter(tag for tag, true in zip(predicted, gold, strict=True) if tag == true)
    n_predicted, n_gold = Counter(predicted), Counter(gold)
    return sum(2 * right[tag] / (n_predicted[tag] + n_gold[tag]) for tag in n_gold) / len(n_gold)
