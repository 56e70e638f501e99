"""The built-in sets: the reader on small files, and the files themselves once they are there."""

from __future__ import annotations

from collections import Counter

import pytest

from crosscal.data import check, read_examples
from crosscal.data.mini import mini_folder
from crosscal.exceptions import DataError, SettingsError
from crosscal.languages import XNLI
from crosscal.tasks import TASKS
from tests.data.conftest import NLI

SETS = [
    ("mini-nli", "mini-nli", 1500, 150),
    ("mini-paraphrase", "paraphrase", 400, 50),
    ("mini-answerability", "answerability", 400, 50),
    ("mini-sentiment", "mini-sentiment", 600, 100),
]


def test_test_split_is_parallel_and_counts_premises_by_threes(write, tmp_path):
    for language in ("en", "sw"):
        # Two premises whose translations coincide must stay two clusters.
        lines = [f"{language} same\t{language} {i}\t{NLI[i % 3]}\n" for i in range(3)]
        other = "same" if language == "sw" else "other"
        lines += [f"{language} {other}\t{language} {i}\t{NLI[i % 3]}\n" for i in range(3, 6)]
        write(f"nli-test.{language}.tsv", "".join(lines))
    reading = read_examples("mini-nli", tmp_path, split="test", languages=("en", "sw"), labels=NLI)
    assert len({e.cluster_id for e in reading.examples}) == 2
    with pytest.raises(DataError, match="no language 'tr'"):
        read_examples("mini-nli", tmp_path, split="test", languages=("tr",), labels=NLI)


def test_train_and_dev_are_english_only(write, tmp_path):
    write("nli-train.tsv", "a\tb\tneutral\n")
    reading = read_examples("mini-nli", tmp_path, split="train", labels=NLI)
    assert reading.examples[0].unit_id == "train-00000"
    with pytest.raises(SettingsError, match="English only"):
        read_examples("mini-nli", tmp_path, split="train", languages=("sw",), labels=NLI)
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("mini-nli", tmp_path, labels=NLI)


def shipped(name: str) -> None:
    if not (mini_folder() / name).is_file():
        pytest.skip(f"the built-in file {name} is not there yet")


@pytest.mark.parametrize(("format", "task", "train", "dev"), SETS)
@pytest.mark.parametrize("split", ["train", "dev"])
def test_shipped_english_sets(format, task, train, dev, split):
    shipped(f"{format.removeprefix('mini-')}-{split}.tsv")
    reading = read_examples(format, split=split, labels=TASKS[task].labels)
    assert len(reading.examples) >= (train if split == "train" else dev)
    assert_clean(reading, TASKS[task].labels)


def test_shipped_test_set_is_parallel_in_all_languages():
    shipped("nli-test.en.tsv")
    reading = read_examples("mini-nli", split="test", languages=XNLI, labels=NLI)
    count = len(reading.examples) // len(XNLI)
    assert count >= 240
    assert count * len(XNLI) == len(reading.examples)
    assert len({e.cluster_id for e in reading.examples}) == count / 3
    for language in XNLI:
        labels = Counter(e.label for e in reading.examples if e.language == language)
        assert set(labels.values()) == {count // 3}
    assert_clean(reading, NLI)


def test_shipped_sets_do_not_overlap():
    shipped("nli-test.en.tsv")
    shipped("nli-train.tsv")
    readings = {
        split: read_examples("mini-nli", split=split, labels=NLI)
        for split in ("train", "dev", "test")
    }
    assert not [f for f in check(readings).findings if f.kind == "overlap"]
    premises = [{e.text_a for e in reading.examples} for reading in readings.values()]
    assert sum(map(len, premises)) == len(set.union(*premises))


def assert_clean(reading, labels) -> None:
    report = check({"mini": reading})
    assert not [f for f in report.findings if f.severity != "note"], report.findings
    for part in report.parts:
        assert min(part.labels.get(label, 0) for label in labels) > 0.8 * part.rows / len(labels)
    for example in reading.examples:
        for text in filter(None, (example.text_a, example.text_b)):
            assert text == text.strip()
            assert "  " not in text
