"""Made-up languages whose best temperatures are known."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.predictions import Predictions, Provenance

# Log of the true temperature of each language: a line in the first feature.
# The codes but English are of no real language, so nothing else is known of them.
FEATURE = {"en": 0.0, "xa": 0.2, "xb": 0.4, "xc": 0.6, "xd": 0.8, "xe": 1.0, "xf": 1.2, "xg": 1.4}
SLOPE, START = 0.6, -0.1
TEMPERATURES = {code: float(np.exp(START + SLOPE * x)) for code, x in FEATURE.items()}


def world(
    *,
    recipe="direct",
    seed=1,
    premises=400,
    calibration=500,
    dev=500,
    languages=tuple(FEATURE),
    scatter=1.5,
):
    """Predictions whose scores, divided by TEMPERATURES, are exactly calibrated.

    Calibrated scores are drawn, the right choice is drawn with their probabilities, and the scores
    are multiplied by the temperature. The three rows of a premise are of one cluster.
    """
    # Runs see the same rows; all but the first err on them in ways of their own.
    rng = np.random.default_rng(0)
    own = np.random.default_rng([seed, *recipe.encode()])
    noise = 0.0 if seed == 1 else 0.3
    rows = {name: [] for name in ("unit_ids", "cluster_ids", "languages", "splits")}
    scores, golds = [], []
    parts = [("test", premises, languages), ("dev", dev, ("en",))]
    if calibration:
        parts.append(("calibration", calibration, languages))
    for split, count, codes in parts:
        n = 3 * count
        # Parallel languages share their gold, so the draw of it is shared too.
        uniform = rng.random(n)
        calm = rng.normal(size=(n, 3)) * scatter
        shares = np.exp(calm) / np.exp(calm).sum(axis=1, keepdims=True)
        gold = (uniform[:, None] > np.cumsum(shares, axis=1)[:, :2]).sum(axis=1)
        for code in codes:
            # What is added to all choices of a row changes nothing.
            shown = calm + noise * own.normal(size=(n, 3))
            scores.append(shown * TEMPERATURES[code] + own.normal(size=(n, 1)))
            golds.append(gold)
            rows["unit_ids"] += [f"{split}-{i:05d}" for i in range(n)]
            rows["cluster_ids"] += [f"{split}-p{i // 3:05d}" for i in range(n)]
            rows["languages"] += [code] * n
            rows["splits"] += [split] * n
    made = Provenance(
        study="made up",
        recipe=recipe,
        seed=seed,
        task="xnli",
        family="classification",
        encoder="none",
        choices=("entailment", "neutral", "contradiction"),
    )
    return Predictions.from_arrays(
        made, **rows, scores=np.concatenate(scores), gold=np.concatenate(golds)
    )


@pytest.fixture(scope="session")
def big_world():
    """Enough rows to find temperatures within a few per cent."""
    return world()


@pytest.fixture(scope="session")
def small_world():
    """Three languages, no calibration rows."""
    return world(premises=60, calibration=0, dev=80, languages=("en", "xb", "xe"))
