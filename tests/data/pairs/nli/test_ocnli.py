"""OCNLI."""

from __future__ import annotations

from crosscal.data import read_examples
from crosscal.data.pairs.pair_files import NO_AGREEMENT
from tests.data.conftest import NLI, jsonl
from tests.data.pairs.samples import parquet


def test_ocnli_and_its_other_order_of_labels_on_the_hub(write, tmp_path):
    row = {
        "sentence1": "狗在睡",
        "sentence2": "动物",
        "label": "entailment",
        "prem_id": "a",
        "id": 0,
    }
    table = [row, row | {"id": 1, "label": "-"}, row | {"id": 2, "label": "neutral"}]
    write("train.50k.json", jsonl(table))
    args = {"languages": ("zh",), "labels": NLI}
    reading = read_examples("ocnli", tmp_path, split="train", **args)
    assert [e.label for e in reading.examples] == ["entailment", "neutral"]
    assert reading.dropped == {NO_AGREEMENT: 1}
    assert {e.cluster_id for e in reading.examples} == {"train-premise-a"}
    records = [{"sentence1": "a", "sentence2": "b", "label": n, "idx": n} for n in range(3)]
    parquet(tmp_path / "hub/train-00000-of-00001.parquet", records)
    hub = read_examples("ocnli", tmp_path / "hub", split="train", **args)
    assert [e.label for e in hub.examples] == ["neutral", "entailment", "contradiction"]
