"""Adversarial NLI and its rounds."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI, jsonl
from tests.data.pairs.samples import anli, parquet


def test_anli_reads_all_rounds_or_one(write, tmp_path):
    for index in (1, 2, 3):
        table = [anli(10 * index + i, label) for i, label in enumerate("enc")]
        write(f"R{index}/dev.jsonl", jsonl(table))
    whole = read_examples("anli", tmp_path, split="dev", labels=NLI)
    assert [e.label for e in whole.examples] == [*NLI] * 3
    assert [e.unit_id for e in whole.examples] == [f"dev-{i:05d}" for i in range(9)]
    assert len({e.cluster_id for e in whole.examples}) == 3
    assert [file.parent.name for file in whole.files] == ["R1", "R2", "R3"]
    second = read_examples("anli", tmp_path, split="dev_r2", labels=NLI)
    assert [e.text_b for e in second.examples] == ["H20.", "H21.", "H22."]
    with pytest.raises(DataError, match="no split 'tset'"):
        read_examples("anli", tmp_path, split="tset", labels=NLI)


def test_anli_names_the_file_of_the_round(write, tmp_path):
    for index in (1, 2, 3):
        write(f"R{index}/dev.jsonl", jsonl([anli(index, "e")]))
    path = write("R3/dev.jsonl", jsonl([anli(3, "e"), anli(4, "x")]))
    with pytest.raises(DataError, match=r"unknown label 'x'.*e, n, c") as caught:
        read_examples("anli", tmp_path, split="dev", labels=NLI)
    assert caught.value.where == f"{path}:2"


def test_anli_from_the_hub(tmp_path):
    for index in (1, 2, 3):
        row = {"uid": f"u{index}", "premise": "P", "hypothesis": f"H{index}", "label": index - 1}
        parquet(tmp_path / f"dev_r{index}-00000-of-00001.parquet", [row])
    whole = read_examples("anli", tmp_path, split="dev", labels=NLI)
    assert [e.label for e in whole.examples] == list(NLI)
    assert len(read_examples("anli", tmp_path, split="dev_r3", labels=NLI).examples) == 1
