"""Made-up prediction tables of every family."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.metrics import MetricInput
from crosscal.predictions import Predictions, Provenance


def _table(family, rows, *, choices=None, task="made-up"):
    """Rows are dicts of scores and gold; what else they lack is filled in."""
    extra = sorted(set().union(*rows) - {"unit", "cluster", "language", "split", "scores", "gold"})
    return Predictions.from_arrays(
        Provenance(
            study="made up",
            recipe="direct",
            seed=1,
            task=task,
            family=family,
            encoder="none",
            choices=choices,
        ),
        unit_ids=[row.get("unit", f"u{n:04d}") for n, row in enumerate(rows)],
        cluster_ids=[row.get("cluster", f"c{n:04d}") for n, row in enumerate(rows)],
        languages=[row.get("language", "en") for row in rows],
        splits=[row.get("split", "test") for row in rows],
        scores=[row["scores"] for row in rows],
        gold=[row["gold"] for row in rows],
        extra={name: [row[name] for row in rows] for name in extra},
    )


@pytest.fixture(scope="session")
def make_table():
    return _table


@pytest.fixture(scope="session")
def rows_of():
    def rows(predictions, language="en", split="test"):
        return MetricInput.of(predictions, language=language, split=split)

    return rows


TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


@pytest.fixture(scope="session")
def tagged():
    """Make a table of sentences, each a list of (predicted, gold) tags or of (scores, gold)."""

    def make(sentences, *, tags=TAGS, sure=4.0, language="en"):
        rows = []
        for s, sentence in enumerate(sentences):
            for w, (said, gold) in enumerate(sentence):
                scores = said
                if isinstance(said, str):
                    scores = np.zeros(len(tags))
                    scores[tags.index(said)] = sure
                rows.append(
                    {
                        "unit": f"s{s:03d}-{w:04d}",
                        "cluster": f"{language}/s{s:03d}",
                        "language": language,
                        "scores": scores,
                        "gold": tags.index(gold),
                        "word": "w",
                    }
                )
        return _table("tagging", rows, choices=tags)

    return make
