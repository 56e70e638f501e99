"""Made-up runs with known structure."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.predictions import Predictions, Provenance


def make_run(
    recipe="direct",
    seed=1,
    *,
    languages=("en", "de", "tr"),
    premises=60,
    dev=120,
    skill=2.0,
    scale=1.5,
    task="xnli",
):
    """Predictions of a run; skill falls from language to language."""
    rng = np.random.default_rng([seed, *recipe.encode()])
    n = premises * 3
    gold = np.tile([0, 1, 2], premises)
    rows = {name: [] for name in ("unit_ids", "cluster_ids", "languages", "splits")}
    scores, golds = [], []
    for position, language in enumerate((*languages, "en")):
        last = position == len(languages)
        count, split = (dev, "dev") if last else (n, "test")
        right = rng.integers(0, 3, count) if last else gold
        drawn = rng.normal(size=(count, 3))
        drawn[np.arange(count), right] += skill * (1.0 if last else 0.75**position)
        scores.append(drawn * scale)
        golds.append(right)
        rows["unit_ids"] += [f"{split}{i:04d}" for i in range(count)]
        rows["cluster_ids"] += [f"p{i // 3:04d}" for i in range(count)]
        rows["languages"] += [language] * count
        rows["splits"] += [split] * count
    provenance = Provenance(
        study="made up",
        recipe=recipe,
        seed=seed,
        task=task,
        family="classification",
        encoder="none",
        choices=("entailment", "neutral", "contradiction"),
    )
    return Predictions.from_arrays(
        provenance, **rows, scores=np.concatenate(scores), gold=np.concatenate(golds)
    )


@pytest.fixture(scope="session")
def runs():
    """Two recipes, two seeds, three languages."""
    return [make_run(r, s) for r in ("direct", "paraphrase") for s in (1, 2)]
