"""MasakhaNER as published and from the Hub."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.tags.samples import SWAHILI


def test_masakhaner_lies_in_folders_named_by_three_letters(write, tmp_path):
    write("swa/train.txt", SWAHILI)
    write("kin/train.txt", "Muri O\n2019 B-DATE\n")
    reading = read_examples("masakhaner", tmp_path, split="train", languages=("rw", "sw"))
    assert [(e.language, e.words[0]) for e in reading.examples] == [
        ("rw", "Muri"),
        ("sw", "Wizara"),
        ("sw", "Arusha"),
    ]
    assert not reading.parallel
    with pytest.raises(SettingsError, match="not 'swa'"):
        read_examples("masakhaner", tmp_path, split="train", languages=("swa",))
    with pytest.raises(DataError, match="yor"):
        read_examples("masakhaner", tmp_path, split="train", languages=("yo",))


def test_masakhaner_from_the_hub(tmp_path):
    table = pa.table({"tokens": [["Jumatatu", "Arusha"]], "ner_tags": [[7, 5]]})
    for folder in ("swa", "kin"):
        (tmp_path / folder).mkdir()
        pq.write_table(table, tmp_path / folder / "validation-00000-of-00001.parquet")
    reading = read_examples("masakhaner-hub", tmp_path, split="dev", languages=("sw", "rw"))
    assert {e.tags for e in reading.examples} == {("B-DATE", "B-LOC")}
    assert [e.language for e in reading.examples] == ["sw", "rw"]


@pytest.mark.parametrize(
    ("split", "count", "words"),
    [("train", 2109, 56_599), ("dev", 300, 7263), ("test", 604, 15_409)],
)
def test_real_masakhaner(real_data, split, count, words):
    tags = ["O", *(f"{index}-{kind}" for kind in ("PER", "ORG", "LOC", "DATE") for index in "BI")]
    reading = read_examples(
        "masakhaner", real_data / "masakhaner", split=split, languages=("sw",), labels=tags
    )
    assert len(reading.examples) == count
    assert sum(len(e.words) for e in reading.examples) == words
