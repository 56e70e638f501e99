"""Pairs without header: text, order, clusters and what is refused."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI
from tests.data.pairs.samples import TEXTS, rows, tsv


def test_pairs_keep_text_and_order(write):
    path = write("pairs.tsv", ' "Quoted \u2028 text\tb \x1c c\tneutral\r\nd\te\tentailment\r\n')
    reading = read_examples("tsv-pairs", path, split="train", labels=NLI)
    first, second = reading.examples
    assert (first.text_a, first.text_b, first.label) == (
        ' "Quoted \u2028 text',
        "b \x1c c",
        "neutral",
    )
    assert (first.unit_id, second.unit_id) == ("train-00000", "train-00001")
    assert first.cluster_id != second.cluster_id
    assert reading.files == (path,)
    assert reading.dropped == {}


def test_pairs_of_several_languages_share_ids_and_clusters(write, tmp_path):
    for language in TEXTS:
        write(f"nli-test.{language}.tsv", tsv(rows(language)))
    pattern = tmp_path / "nli-{split}.{language}.tsv"
    reading = read_examples("tsv-pairs", pattern, split="test", languages=tuple(TEXTS), labels=NLI)
    by_language = {code: [e for e in reading.examples if e.language == code] for code in TEXTS}
    assert list(dict.fromkeys(e.language for e in reading.examples)) == list(TEXTS)
    for code, examples in by_language.items():
        assert [(e.text_a, e.text_b, e.label) for e in examples] == rows(code)
        assert [e.unit_id for e in examples] == [e.unit_id for e in by_language["en"]]
        assert [e.cluster_id for e in examples] == [e.cluster_id for e in by_language["en"]]
    assert len({e.cluster_id for e in reading.examples}) == 2


def test_order_of_ids_is_order_of_rows_beyond_any_width(write):
    path = write("many.tsv", "".join(f"a{i}\tb\tneutral\n" for i in range(100_001)))
    ids = [e.unit_id for e in read_examples("tsv-pairs", path, labels=NLI).examples]
    assert ids == sorted(ids)
    assert ids[-1] == "row-100000"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("a\tb\tentailmnt\n", 1, "unknown label 'entailmnt'.*Did you mean 'entailment'"),
        ("a\tb\tneutral\n \tb\tneutral\n", 2, "first text is empty"),
        ("a\t\u3000\tneutral\n", 1, "second text is empty"),
        ("a\tb\n", 1, "2 columns instead of 3"),
        ("a\tb\tNEUTRAL\n", 1, "Did you mean 'neutral'"),
        ("a\tb\t\n", 1, "unknown label ''"),
    ],
)
def test_bad_rows_are_told_with_their_line(write, content, line, what):
    path = write("bad.tsv", content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("tsv-pairs", path, labels=NLI)
    assert caught.value.where == f"{path}:{line}"


def test_labels_may_be_missing_only_if_asked_for(write):
    path = write("test.tsv", "a\tb\nc\td\n")
    with pytest.raises(DataError, match="2 columns"):
        read_examples("tsv-pairs", path, labels=NLI)
    reading = read_examples("tsv-pairs", path, labels=NLI, require_labels=False)
    assert [e.label for e in reading.examples] == [None, None]


def test_one_file_is_one_language(write):
    with pytest.raises(SettingsError, match="cannot hold 2 languages"):
        read_examples("tsv-pairs", write("a.tsv", "a\tb\tx\n"), languages=("en", "tr"), labels=NLI)


def test_missing_language_and_split_name_those_there(write, tmp_path):
    write("nli-test.en.tsv", tsv(rows("en")))
    pattern = tmp_path / "nli-{split}.{language}.tsv"
    with pytest.raises(DataError, match="no language 'tr'.*Known are: en"):
        read_examples("tsv-pairs", pattern, split="test", languages=("en", "tr"), labels=NLI)
    with pytest.raises(DataError, match="no split 'tset'.*Did you mean 'test'"):
        read_examples("tsv-pairs", pattern, split="tset", labels=NLI)
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("tsv-pairs", pattern, labels=NLI)


def test_parallel_files_of_unequal_length_are_refused(write, tmp_path):
    write("t.en.tsv", tsv(rows("en")))
    write("t.hi.tsv", tsv(rows("hi", 3)))
    with pytest.raises(DataError, match="3 rows in 'hi' but 6 in 'en'"):
        read_examples(
            "tsv-pairs", tmp_path / "t.{language}.tsv", languages=("en", "hi"), labels=NLI
        )
