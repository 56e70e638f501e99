"""AmericasNLI, whose rows are named as in XNLI."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.data.pairs.pair_files import BLANK
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import AMERICAS, headed, parquet


def test_americasnli_rows_are_named_as_in_xnli(write, tmp_path):
    body = [("12451", "gn", "P", "a", "neutral"), ("12452", "gn", "P", "b", "entailment")]
    body += [("12460", "gn", "Q", "c", "neutral"), ("12463", "gn", " ", "d", "neutral")]
    write("dev/gn.tsv", headed(AMERICAS, *body))
    reading = read_examples("americasnli", tmp_path, split="dev", languages=("gn",), labels=NLI)
    assert [e.unit_id for e in reading.examples] == ["dev-00000", "dev-00001", "dev-00009"]
    premises = ["gn/dev-premise-00000", "gn/dev-premise-00000", "gn/dev-premise-00003"]
    assert [e.cluster_id for e in reading.examples] == premises
    assert reading.dropped == {BLANK: 1}


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (("12450", "gn", "P", "b", "neutral"), "id '12450' is not that of a later Spanish row"),
        (("14941", "gn", "P", "b", "neutral"), "id '14941' is not"),
        (("x", "gn", "P", "b", "neutral"), "id 'x' is not"),
        (("12451", "gn", "P", "b", "neutral"), "id '12451' is not that of a later"),
        (("12452", "gn", "P", "b", "maybe"), "unknown label 'maybe'"),
    ],
)
def test_americasnli_refuses(write, tmp_path, second, what):
    path = write("dev/gn.tsv", headed(AMERICAS, ("12451", "gn", "P", "a", "neutral"), second))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("americasnli", tmp_path, split="dev", languages=("gn",), labels=NLI)
    assert caught.value.where == f"{path}:3"


def test_americasnli_from_the_hub(tmp_path):
    for language in ("quy", "shp"):
        row = {"language": language, "premise": "P", "hypothesis": "H", "label": 2}
        parquet(tmp_path / f"{language}/validation-00000-of-00001.parquet", [row])
    reading = read_examples(
        "americasnli", tmp_path, split="dev", languages=("quy", "shp"), labels=NLI
    )
    assert [(e.language, e.label) for e in reading.examples] == [
        ("quy", "contradiction"),
        ("shp", "contradiction"),
    ]


AMERICAN = tuple("aym bzd cni gn hch nah oto quy shp tar".split())


@pytest.mark.parametrize(
    ("split", "count", "dropped"), [("dev", 6666, {}), ("test", 7483, {BLANK: 3})]
)
def test_real_americasnli_is_part_of_xnli(real_data, split, count, dropped):
    reading = read_examples(
        "americasnli", real_data / "americasnli", split=split, languages=AMERICAN, labels=NLI
    )
    assert len(reading.examples) == count
    assert reading.dropped == dropped
    english = read_examples("xnli-xtreme", real_data / "xnli", split=split, labels=NLI)
    gold = {e.unit_id: e.label for e in english.examples}
    assert all(gold[e.unit_id] == e.label for e in reading.examples)
