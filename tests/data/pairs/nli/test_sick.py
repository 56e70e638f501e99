"""SICK and SICK-NL."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI
from tests.data.pairs.samples import SICK_HEADER, headed, seen, sick


def test_sick_nl_is_parallel(write, tmp_path):
    body = [sick(1, "NEUTRAL", "TRAIN"), sick(2, "ENTAILMENT", "TRIAL"), sick(3, "NEUTRAL", "TEST")]
    write("SICK_NL.txt", headed(SICK_HEADER, *body))
    reading = read_examples("sick-nl", tmp_path, split="dev", languages=("nl", "en"), labels=NLI)
    assert seen(reading) == [
        ("Een hond 2", "Een kat 2", "entailment"),
        ("A dog 2", "A cat 2", "entailment"),
    ]
    # The number of the row in the file, whatever set it belongs to.
    assert {e.unit_id for e in reading.examples} == {"dev-00001"}
    everything = read_examples("sick-nl", tmp_path / "SICK_NL.txt", labels=NLI)
    assert len(everything.examples) == 3
    with pytest.raises(SettingsError, match="are Dutch"):
        read_examples("sick", tmp_path / "SICK_NL.txt", labels=NLI)


def test_sick_as_published(write, tmp_path):
    write(
        "a/SICK.txt",
        headed(SICK_HEADER, sick(1, "NEUTRAL", "TRAIN"), sick(2, "ENTAILMENT", "TEST")),
    )
    reading = read_examples("sick", tmp_path / "a", split="test", labels=NLI)
    assert seen(reading) == [("Een hond 2", "Een kat 2", "entailment")]
    header = "pair_ID sentence_A sentence_B relatedness_score entailment_judgment"
    body = ("1", "A dog", "A cat", "3.2", "CONTRADICTION")
    write("b/SICK_test_annotated.txt", headed(header, body))
    write("b/SICK_trial.txt", headed(header, body))
    for split in ("test", "dev", "trial"):
        reading = read_examples("sick", tmp_path / "b", split=split, labels=NLI)
        assert seen(reading) == [("A dog", "A cat", "contradiction")]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (sick(2, "neutral?", "TRAIN"), r"unknown label 'neutral\?'"),
        (sick(2, "NEUTRAL", "DEV"), "unknown SemEval_set 'DEV'"),
        (sick(1, "NEUTRAL", "TRAIN"), "id '1' occurs twice"),
        (sick(2, "NEUTRAL", "TRAIN")[:-1], "11 columns instead of 12"),
    ],
)
def test_sick_refuses(write, row, what):
    path = write("SICK.txt", headed(SICK_HEADER, sick(1, "NEUTRAL", "TRAIN"), row))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("sick", path, split="train", labels=NLI)
    assert caught.value.where == f"{path}:3"
