from __future__ import annotations

import pytest

from crosscal.data import PairExample
from crosscal.exceptions import DataError
from crosscal.tasks.families.classification import gold

NLI = ("entailment", "neutral", "contradiction")


def example(label: str | None) -> PairExample:
    return PairExample("dev-00000", "p", "en", "first", "second", label)


def test_gold_is_the_place_of_the_label():
    assert gold(example("neutral"), NLI) == 1
    with pytest.raises(DataError, match="has no label"):
        gold(example(None), NLI)
    with pytest.raises(DataError, match="Did you mean 'contradiction'"):
        gold(example("contradictory"), NLI)
