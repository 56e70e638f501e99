"""Results: JSON round trip, find, and unreadable documents."""

from __future__ import annotations

import json

import pytest

from crosscal.analysis import Estimate, ReliabilityBin, Results
from crosscal.exceptions import DataError

ESTIMATE = Estimate(
    quantity="degradation",
    recipe="direct",
    language="tr",
    is_group=False,
    scaling="none",
    metric="ece",
    value=0.1 + 0.2,
    low=-1e-300,
    high=2 / 3,
    p_value=None,
    noise_floor=0.01,
    n=5010,
    clusters=1670,
    seeds=2,
    per_seed=(0.25, 0.35),
)
BIN = ReliabilityBin(
    recipe="direct",
    language="tr",
    scaling="none",
    index=3,
    lower=0.2,
    upper=0.4,
    n=9,
    confidence=0.3,
    accuracy=1 / 3,
    low=0.0,
    high=0.7,
)
RESULTS = Results(
    title="Türkçe ≠ English",
    baseline_language="en",
    baseline_recipe="direct",
    languages=("en", "tr"),
    recipes=("direct",),
    seeds=(1, 2),
    groups={"rich": ("tr",)},
    settings={"bins": 15, "seeds": {"direct": {"runs": 2}}},
    temperatures=[{"recipe": "direct", "seed": 1, "temperature": 1.5, "converged": True}],
    estimates=[ESTIMATE],
    reliability=[BIN],
    collapsed=[{"recipe": "direct", "seed": 3, "reason": "chance"}],
)


def test_round_trip():
    text = RESULTS.to_json()
    assert Results.from_json(text) == RESULTS
    assert Results.from_json(text).to_json() == text
    assert "Türkçe ≠ English" in text


def test_find():
    assert RESULTS.find() == [ESTIMATE]
    assert RESULTS.find(
        quantity="degradation", recipe="direct", language="tr", scaling="none", metric="ece"
    ) == [ESTIMATE]
    assert RESULTS.find(metric="nll") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a results document"),
        ('{"format": "crosscal-results/0"}', "not a results document"),
    ],
)
def test_unreadable(text, message):
    with pytest.raises(DataError, match=message):
        Results.from_json(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("title"), "results: missing field 'title'"),
        (lambda d: d.update(colour=1), "results: unknown field 'colour'"),
        (lambda d: d["estimates"][0].pop("low"), r"estimates\[0\]: missing field 'low'"),
        (lambda d: d["reliability"][0].update(x=1), r"reliability\[0\]: unknown field 'x'"),
    ],
)
def test_altered(change, message):
    document = json.loads(RESULTS.to_json())
    change(document)
    with pytest.raises(DataError, match=message):
        Results.from_json(json.dumps(document))
