"""Languages that share no units, units with choices of their own, right answers left out."""

from __future__ import annotations

import numpy as np
import pytest

from crosscal.analysis import AnalysisSettings, analyse
from crosscal.exceptions import DataError
from crosscal.predictions import Predictions, Provenance

SIZES = {"en": 240, "fi": 180, "th": 90}


def run(seed=1, recipe="direct", *, own_choices=False, absent=0.0, prefix="{}/"):
    rng = np.random.default_rng(seed)
    units, clusters, languages, splits, scores, gold = [], [], [], [], [], []
    parts = [("dev", "en", 200), *(("test", code, size) for code, size in SIZES.items())]
    for split, code, size in parts:
        for n in range(size):
            k = 2 + (n % 3 if own_choices else 1)
            right = int(rng.integers(k))
            row = rng.normal(size=k)
            row[right] += {"en": 2.0, "fi": 1.5, "th": 1.0}[code]
            units.append(f"{split}-{n:05d}")
            clusters.append(prefix.format(code) + f"{n // 3:05d}")
            languages.append(code)
            splits.append(split)
            scores.append(row)
            gold.append(-1 if rng.random() < absent else right)
    return Predictions.from_arrays(
        Provenance(
            study="s",
            recipe=recipe,
            seed=seed,
            task="t",
            family="span" if own_choices else "tagging",
            encoder="e",
            choices=None if own_choices else ("a", "b", "c"),
        ),
        unit_ids=units,
        cluster_ids=clusters,
        languages=languages,
        splits=splits,
        scores=scores,
        gold=gold,
    )


SETTINGS = AnalysisSettings(groups={"far": ("fi", "th")}, replicates=300)


def test_each_language_has_its_own_rows():
    results = analyse([run()], settings=SETTINGS)
    found = {
        e.language: e for e in results.find(quantity="level", metric="accuracy", scaling="none")
    }
    assert {code: found[code].n for code in SIZES} == SIZES
    assert {code: found[code].clusters for code in SIZES} == {"en": 80, "fi": 60, "th": 30}
    assert (found["far"].n, found["far"].clusters) == (90, 30)


def test_intervals_of_independent_languages_add_up():
    """Variances of a difference of independent means add; nothing is paired."""
    settings = AnalysisSettings(groups={}, replicates=4000, dev_split=None)
    results = analyse([run()], settings=settings)

    def width(quantity, language):
        (e,) = results.find(
            quantity=quantity, language=language, metric="accuracy", scaling="none", recipe="direct"
        )
        return e.high - e.low

    together = np.hypot(width("level", "en"), width("level", "th"))
    assert width("degradation", "th") == pytest.approx(together, rel=0.08)


def test_languages_parallel_in_part_are_refused():
    with pytest.raises(DataError, match="differ in split 'test'"):
        analyse([run(prefix="")], settings=SETTINGS)


def test_choices_of_their_own():
    results = analyse([run(own_choices=True), run(2, own_choices=True)], settings=SETTINGS)
    assert results.collapsed == []
    assert results.find(quantity="level", metric="nll")
    (found,) = results.find(
        quantity="level", language="th", metric="confidence", scaling="none", recipe="direct"
    )
    expected = []
    for predictions in (run(own_choices=True), run(2, own_choices=True)):
        rows = predictions.table.filter(
            (np.array(predictions.table["language"]) == "th")
            & (np.array(predictions.table["split"]) == "test")
        )["scores"].to_pylist()
        expected.append(np.mean([np.exp(max(r)) / np.exp(r).sum() for r in rows]))
    assert found.value == pytest.approx(np.mean(expected), rel=1e-12)


def test_right_answers_that_are_not_among_the_choices():
    results = analyse([run(own_choices=True, absent=0.2)], settings=SETTINGS)
    assert not results.find(quantity="level", metric="nll")
    (accuracy,) = results.find(
        quantity="level", language="en", metric="accuracy", scaling="none", recipe="direct"
    )
    assert accuracy.value < 0.8
    assert results.find(quantity="degradation", metric="ece_debiased")
    with pytest.raises(DataError, match="gold -1"):
        analyse([run(absent=0.2)], settings=SETTINGS)
