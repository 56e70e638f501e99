"""KorNLI."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.data.pairs.pair_files import BLANK, BROKEN
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI
from tests.data.pairs.samples import headed, seen


def test_kornli_shares_the_premises_of_xnli(write, tmp_path):
    table = [(f"전제 {i // 3}", f'가설 "{i}', NLI[i % 3]) for i in range(6)]
    write("xnli.dev.ko.tsv", headed("sentence1 sentence2 gold_label", *table))
    args = {"languages": ("ko",), "labels": NLI}
    reading = read_examples("kornli", tmp_path, split="dev", **args)
    assert seen(reading) == table
    assert [e.cluster_id for e in reading.examples][2:4] == [
        "dev-premise-00000",
        "dev-premise-00001",
    ]
    write("xnli.dev.ko.tsv", headed("sentence1 sentence2 gold_label", *table[1:], table[0]))
    with pytest.raises(DataError, match="premise differs"):
        read_examples("kornli", tmp_path, split="dev", **args)
    with pytest.raises(SettingsError, match="holds ko, not 'en'"):
        read_examples("kornli", tmp_path, split="dev", labels=NLI)


def test_kornli_training_file_has_a_few_broken_rows(write, tmp_path):
    header = "sentence1\tsentence2\tgold_label\n"
    body = "가\t나\tneutral\n가\t나\t다\tneutral\n가\t \tneutral\n라\t마\tentailment\n"
    path = write("multinli.train.ko.tsv", header + body)
    reading = read_examples("kornli", tmp_path, split="train", languages=("ko",), labels=NLI)
    assert reading.dropped == {BROKEN: 1, BLANK: 1}
    assert [e.unit_id for e in reading.examples] == ["train-00000", "train-00003"]
    path = write("multinli.train.ko.tsv", header + body + "x\n" * 9)
    with pytest.raises(DataError, match="10 rows have the wrong number") as caught:
        read_examples("kornli", tmp_path, split="train", languages=("ko",), labels=NLI)
    assert caught.value.where == f"{path}:3"
