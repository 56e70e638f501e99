"""Counts of the published files; skipped where they are absent."""

from __future__ import annotations

from collections import Counter

import pytest

from crosscal.data import check, read_examples
from crosscal.languages import XNLI
from tests.data.conftest import NLI, PARAPHRASE


@pytest.mark.parametrize(("split", "rows", "premises"), [("dev", 2490, 830), ("test", 5010, 1670)])
def test_xnli(real_data, split, rows, premises):
    reading = read_examples(
        "xnli-xtreme", real_data / "xnli", split=split, languages=XNLI, labels=NLI
    )
    assert len(reading.examples) == rows * 15
    assert len({e.cluster_id for e in reading.examples}) == premises
    assert len({e.unit_id for e in reading.examples}) == rows
    assert reading.dropped == {}
    for language in XNLI:
        part = [e for e in reading.examples if e.language == language]
        assert set(Counter(e.label for e in part).values()) == {premises}
        raw = (real_data / "xnli" / f"{split}-{language}.tsv").read_bytes().decode()
        lines = [line.removesuffix("\r") for line in raw.split("\n")[:-1]]
        assert [f"{e.text_a}\t{e.text_b}\t{e.label}" for e in part] == lines


def test_premises_by_threes_are_those_of_the_list(real_data, tmp_path):
    listed = read_examples("xnli-xtreme", real_data / "xnli", split="dev", labels=NLI).examples
    (tmp_path / "dev-en.tsv").symlink_to(real_data / "xnli" / "dev-en.tsv")
    counted = read_examples("xnli-xtreme", tmp_path, split="dev", labels=NLI).examples
    pairs = {(a.cluster_id, b.cluster_id) for a, b in zip(listed, counted, strict=True)}
    assert len(pairs) == 830


@pytest.mark.parametrize(("split", "rows"), [("train", 4076), ("test", 1725)])
def test_mrpc(real_data, split, rows):
    reading = read_examples("mrpc", real_data / "mrpc", split=split, labels=PARAPHRASE)
    assert len(reading.examples) == rows
    assert sum(reading.dropped.values()) == (4 if split == "train" else 0)


@pytest.mark.parametrize(("split", "rows", "swallowed"), [("train", 20_000, 1), ("val", 5000, 2)])
def test_mnli_subset(real_data, split, rows, swallowed):
    reading = read_examples("mnli-ptb", real_data / "mnli_nyu_hw2", split=split, labels=NLI)
    assert len(reading.examples) == rows - swallowed
    assert sum(reading.dropped.values()) == swallowed


def test_the_doctor_finds_the_real_dev_set_parallel(real_data):
    reading = read_examples(
        "xnli-xtreme", real_data / "xnli", split="dev", languages=XNLI, labels=NLI
    )
    report = check({"dev": reading})
    assert report.ok
    assert "untranslated" in {f.kind for f in report.findings if f.language == "hi"}


def test_korean_has_the_columns_of_the_hub(real_data):
    """A header where none is expected is an error, not an example."""
    from crosscal.exceptions import DataError

    with pytest.raises(DataError, match="unknown label 'gold_label'"):
        read_examples("tsv-pairs", real_data / "korxnli" / "xnli.dev.ko.tsv", labels=NLI)
