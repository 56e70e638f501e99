"""Runs that learnt nothing: found, reported, left out of every average."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtrc

from crosscal.predictions import Slice

SIGNIFICANCE = 0.01
ONE_CHOICE = 0.95


def collapse_reason(dev: Slice, *, shared_labels: bool = True) -> str | None:
    """Say why a run counts as collapsed, or return None.

    A run is collapsed when its accuracy on the development data of the baseline language is
    not significantly above chance, 1 / k (one-sided exact binomial test over rows, 1 %), or
    when one choice takes over 95 % of the predictions. Without `shared_labels` the places of
    choices say nothing, and chance is the mean of 1 / k. Rows of one premise count as independent:
    with one hypothesis of each label a model that guesses varies less, so the test errs towards
    "collapsed".
    """
    n = len(dev.scores)
    chance = float((1 / np.isfinite(dev.scores).sum(axis=1)).mean())
    chosen = dev.scores.argmax(axis=1)
    share = float(np.bincount(chosen).max() / n)
    if shared_labels and share > ONE_CHOICE:
        return f"{share:.1%} of the development predictions are one choice"
    hits = int((chosen == dev.gold).sum())
    p = float(bdtrc(hits - 1, n, chance))
    if p > SIGNIFICANCE:
        return (
            f"development accuracy {hits / n:.1%} on {n} rows is not above chance "
            f"{chance:.1%} (p = {p:.2g})"
        )
    return None
