"""Every format: what may be asked of it, and how it describes itself."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import FORMATS, read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI


def test_unknown_format_names_the_nearest():
    with pytest.raises(SettingsError, match="Did you mean 'xnli-xtreme'"):
        read_examples("xnli-xtrem", "x", labels=NLI)


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if f.needs_path])
def test_formats_need_a_path_and_tell_a_missing_one(name, tmp_path):
    with pytest.raises(SettingsError, match="needs a path"):
        read_examples(name, labels=NLI)
    with pytest.raises(DataError, match="no such"):
        read_examples(name, tmp_path / "nowhere", split="test", labels=NLI)


@pytest.mark.parametrize(
    "wrong",
    [
        {"languages": ("en", "en")},
        {"languages": ("../en",)},
        {"languages": "en"},
        {"languages": ()},
        {"labels": ()},
        {"split": "a/b"},
        {"split": ""},
    ],
)
def test_wrong_requests_are_refused(write, wrong):
    args = {"labels": NLI, **wrong}
    with pytest.raises(SettingsError):
        read_examples("tsv-pairs", write("a.tsv", "a\tb\tneutral\n"), **args)


@pytest.mark.parametrize(
    ("format", "split", "path"),
    [
        ("conll", "train", ""),
        ("conll", "train", "{split}.txt"),
        ("squad", "train", ""),
        ("squad", "train", "{split}-v1.1.json"),
        ("copa", "val", ""),
        ("copa", "val", "{split}.jsonl"),
        ("copa", "dev", "hub"),
        ("tsv-pairs", "dev", "{split}.tsv"),
        ("columns-unaligned", "dev", "c.{split}.csv"),
        ("mnli-ptb", "val", ""),
        ("mnli-ptb", None, "mnli_val.tsv"),
    ],
)
def test_one_file_is_not_read_as_several_languages(write, tmp_path, format, split, path):
    answer = {"text": "a", "answer_start": 0}
    question = {"id": "1", "question": "q", "answers": [answer]}
    squad = {"data": [{"paragraphs": [{"context": "a b", "qas": [question]}]}]}
    copa = {"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "label": 0}
    write("train.txt", "a O\nb B-PER\n")
    write("train-v1.1.json", json.dumps(squad))
    write("val.jsonl", json.dumps(copa))
    write("dev.tsv", "p\th\tneutral\n")
    write("mnli_val.tsv", "sentence1\tsentence2\tlabel\np\th\tneutral\n")
    write("c.dev.csv", "text_a,text_b,label\np,h,neutral\n")
    (tmp_path / "hub").mkdir()
    pq.write_table(pa.Table.from_pylist([copa]), tmp_path / "hub" / "validation.parquet")
    labels = NLI if format in ("tsv-pairs", "columns-unaligned", "mnli-ptb") else ()
    args = {"split": split, "labels": labels}
    assert read_examples(format, tmp_path / path, languages=("sw",), **args).examples
    with pytest.raises(SettingsError, match="one file cannot hold 2 languages"):
        read_examples(format, tmp_path / path, languages=("sw", "yo"), **args)


def test_formats_describe_themselves():
    for name, entry in FORMATS.items():
        assert entry.name == name
        assert entry.description
        assert "\n" not in entry.description
