"""Tagging as XTREME lays it out."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.tags.samples import HEBREW

THAI = "แมว\tNOUN\nนอน\tVERB\n"


@pytest.mark.parametrize("name", ["udpos-xtreme", "panx-xtreme"])
def test_xtreme(write, tmp_path, name):
    write("dev-he.tsv", HEBREW)
    write("dev-th.tsv", THAI)
    write("test-th.tsv", "แมว\nนอน\n")
    reading = read_examples(name, tmp_path, split="dev", languages=("th", "he"))
    assert [e.language for e in reading.examples] == ["th", "he"]
    assert reading.examples[1].tags == ("NOUN", "VERB", "PUNCT")
    with pytest.raises(DataError, match="no language 'tr'.*Known are: he, th"):
        read_examples(name, tmp_path, split="dev", languages=("tr",))
    with pytest.raises(DataError, match="no tags"):
        read_examples(name, tmp_path, split="test", languages=("th",))
    (test,) = read_examples(
        name, tmp_path, split="test", languages=("th",), require_labels=False
    ).examples
    assert test.tags is None
    write("dev-en.tsv", "a\tb\tc\n")
    with pytest.raises(DataError, match="3 columns instead of 2"):
        read_examples(name, tmp_path, split="dev")


def test_real_udpos(real_data):
    folder = real_data / "udpos"
    languages = sorted(path.stem.removeprefix("dev-") for path in folder.glob("dev-*.tsv"))
    assert len(languages) == 33
    reading = read_examples("udpos-xtreme", folder, split="dev", languages=languages)
    counts = Counter(e.language for e in reading.examples)
    assert (min(counts.values()), max(counts.values())) == (46, 8108)
    assert sum(len(e.words) for e in reading.examples) == 953_825
    for language in languages:
        # As an independent reading: blank lines divide sentences, and each line is a word.
        text = (folder / f"dev-{language}.tsv").read_bytes().decode()
        blocks = [block.split("\n") for block in re.split(r"\n\n+", text.strip("\n"))]
        expected = [[tuple(line.split("\t")) for line in block] for block in blocks]
        actual = [
            list(zip(e.words, e.tags, strict=True))
            for e in reading.examples
            if e.language == language
        ]
        assert actual == expected


def test_real_udpos_train(real_data):
    examples = read_examples("udpos-xtreme", real_data / "udpos", split="train").examples
    assert len(examples) == 21_253
    assert sum(len(e.words) for e in examples) == 375_194
    assert len({tag for e in examples for tag in e.tags}) == 17
