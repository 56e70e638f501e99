"""XNLI as XTREME lays it out."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import rows, tsv


def test_xtreme_takes_premises_from_the_list(write, tmp_path):
    for language in ("en", "th", "ar"):
        write(f"test-{language}.tsv", tsv(rows(language)))
    meta = "row\tpromptID\tpairID\n" + "".join(f"{i}\t{7 + i // 3}\t{i}x\n" for i in range(6))
    write("test.meta.tsv", meta)
    reading = read_examples(
        "xnli-xtreme", tmp_path, split="test", languages=("th", "ar"), labels=NLI
    )
    assert {e.cluster_id for e in reading.examples} == {"test-premise-7", "test-premise-8"}
    # English was read to check the premises, and the list: all count as data.
    assert {file.name for file in reading.files} == {
        "test-th.tsv",
        "test-ar.tsv",
        "test-en.tsv",
        "test.meta.tsv",
    }


def test_xtreme_counts_threes_without_the_list(write, tmp_path):
    for language in ("en", "hi"):
        write(f"dev-{language}.tsv", tsv(rows(language)))
    reading = read_examples(
        "xnli-xtreme", tmp_path, split="dev", languages=("en", "hi"), labels=NLI
    )
    assert len({e.cluster_id for e in reading.examples}) == 2


def test_xtreme_training_rows_are_in_no_order(write, tmp_path):
    write("train-en.tsv", "a\tb\tneutral\nc\td\tcontradictory\n")
    reading = read_examples("xnli-xtreme", tmp_path, split="train", labels=NLI)
    assert [e.label for e in reading.examples] == ["neutral", "contradiction"]


@pytest.mark.parametrize(
    ("files", "languages", "what"),
    [
        ({"en": rows("en", 5)}, ("en",), "not a multiple of 3"),
        ({"en": rows("en")[1:] + rows("en")[:1]}, ("en",), "premise differs"),
        ({"en": rows("en"), "hi": rows("hi", 3)}, ("en", "hi"), "3 rows, but 6"),
        ({"en": rows("en"), "hi": rows("hi", 3)}, ("hi",), "3 rows, but 6"),
        ({"en": rows("en")}, ("en", "sw"), "no language 'sw'"),
        ({"hi": [(*row[:2],) for row in rows("hi")]}, ("hi",), "2 columns instead of 3"),
    ],
)
def test_xtreme_refuses(write, tmp_path, files, languages, what):
    for language, table in files.items():
        write(f"test-{language}.tsv", tsv(table))
    with pytest.raises(DataError, match=what):
        read_examples("xnli-xtreme", tmp_path, split="test", languages=languages, labels=NLI)


def test_xtreme_lists_of_other_length_and_repeated_ids_are_refused(write, tmp_path):
    write("test-en.tsv", tsv(rows("en")))
    write("test.meta.tsv", "promptID\tpairID\n1\t1\n")
    with pytest.raises(DataError, match="1 rows, but 6"):
        read_examples("xnli-xtreme", tmp_path, split="test", labels=NLI)
    write("test.meta.tsv", "promptID\tpairID\n" + "1\tx\n" * 3 + "2\ty\n" * 3)
    with pytest.raises(DataError, match="id 'x' occurs twice"):
        read_examples("xnli-xtreme", tmp_path, split="test", labels=NLI)
