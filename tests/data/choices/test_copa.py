"""COPA and XCOPA."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.choices.samples import copa
from tests.data.conftest import jsonl


@pytest.mark.parametrize(
    "pattern",
    [
        "{split}.{language}.jsonl",
        "{split}-{language}.jsonl",
        "{language}/{split}.{language}.jsonl",
    ],
)
def test_copa_in_its_layouts(write, tmp_path, pattern):
    languages = ("en", "zh", "th", "ta")
    for language in languages:
        rows = [copa(language, i) for i in range(4)]
        write(pattern.format(split="val", language=language), jsonl(rows))
    reading = read_examples("copa", tmp_path, split="dev", languages=languages)
    assert len(reading.examples) == 16
    assert len({e.unit_id for e in reading.examples}) == 4
    assert len({e.cluster_id for e in reading.examples}) == 4
    # The question is in English for every language.
    assert {e.question for e in reading.examples} == {
        "What was the cause?",
        "What happened as a result?",
    }
    assert reading.examples[4].options == ("zh 1", "zh 2")


def test_copa_of_superglue_and_the_hub(write, tmp_path):
    write("val.jsonl", jsonl([copa("en", 0)]))
    assert len(read_examples("copa", tmp_path, split="val").examples) == 1
    for language in ("et", "qu"):
        (tmp_path / "hub" / language).mkdir(parents=True)
        file = tmp_path / "hub" / language / "validation-00000-of-00001.parquet"
        pq.write_table(pa.Table.from_pylist([copa(language, i) for i in range(3)]), file)
    reading = read_examples("copa", tmp_path / "hub", split="val", languages=("et", "qu"))
    assert len(reading.examples) == 6


def test_copa_refuses(write, tmp_path):
    path = write("val.en.jsonl", jsonl([copa("en", 0), copa("en", 1) | {"question": "why"}]))
    with pytest.raises(DataError, match="unknown question 'why'") as caught:
        read_examples("copa", tmp_path, split="val")
    assert caught.value.where == f"{path}:2"
    write("val.en.jsonl", jsonl([copa("en", 0), copa("en", 1)]))
    write("val.tr.jsonl", jsonl([copa("tr", 0)]))
    with pytest.raises(DataError, match="1 rows in 'tr' but 2 in 'en'"):
        read_examples("copa", tmp_path, split="val", languages=("en", "tr"))
    with pytest.raises(DataError, match="no language 'ht'"):
        read_examples("copa", tmp_path, split="val", languages=("ht",))
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("copa", tmp_path)


def test_real_xcopa(real_data):
    languages = tuple("en et ht id it qu sw ta th tr vi zh".split())
    reading = read_examples("copa", real_data / "xcopa", split="val", languages=languages)
    by_language = {c: [e for e in reading.examples if e.language == c] for c in languages}
    assert {len(rows) for rows in by_language.values()} == {100}
    for rows in by_language.values():
        assert [e.answer for e in rows] == [e.answer for e in by_language["en"]]
    # A fault of the published files, kept as it is: in Thai every question asks for the effect.
    args = {c: Counter(e.question for e in rows) for c, rows in by_language.items()}
    assert args["en"]["What was the cause?"] == 52
    assert args["th"]["What happened as a result?"] == 100
    test = read_examples("copa", real_data / "xcopa", split="test", languages=languages)
    assert len(test.examples) == 6000
