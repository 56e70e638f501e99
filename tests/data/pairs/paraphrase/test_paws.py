"""PAWS with both kinds of labels."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import PARAPHRASE
from tests.data.pairs.samples import headed, parquet


@pytest.mark.parametrize("label", ["label", "noisy_label"])
def test_paws_with_both_kinds_of_label(write, tmp_path, label):
    header = f"id sentence1 sentence2 {label}"
    write("train.tsv", headed(header, ("1", "a b", "b a", "1"), ("2", "c", "d", "0")))
    reading = read_examples("paws", tmp_path, split="train", labels=PARAPHRASE)
    assert [e.label for e in reading.examples] == ["paraphrase", "different"]


def test_paws_from_the_hub(tmp_path):
    row = {"id": 1, "sentence1": "a", "sentence2": "b", "label": 1}
    parquet(tmp_path / "train-00000-of-00002.parquet", [row])
    parquet(tmp_path / "train-00001-of-00002.parquet", [row | {"id": 2, "label": 7}])
    with pytest.raises(DataError, match="unknown label '7'") as caught:
        read_examples("paws", tmp_path, split="train", labels=PARAPHRASE)
    assert caught.value.where.endswith("row 0 of train-00001-of-00002.parquet")
