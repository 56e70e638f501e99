"""Social IQa."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.choices.samples import SOCIAL
from tests.data.conftest import jsonl


def test_siqa_with_labels_in_a_file_of_their_own(write, tmp_path):
    write("dev.jsonl", jsonl(SOCIAL))
    write("dev-labels.lst", "1\n3\n2\n")
    reading = read_examples("siqa", tmp_path, split="dev")
    assert [e.answer for e in reading.examples] == [0, 2, 1]
    assert reading.examples[0].options == ("甲", "b", "ج")
    assert [file.name for file in reading.files] == ["dev.jsonl", "dev-labels.lst"]
    write("dev-labels.lst", "1\n3\n")
    with pytest.raises(DataError, match="2 labels, but 3 questions"):
        read_examples("siqa", tmp_path, split="dev")
    path = write("dev-labels.lst", "1\n4\n2\n")
    with pytest.raises(DataError, match="'4' is no number") as caught:
        read_examples("siqa", tmp_path, split="dev")
    assert caught.value.where == f"{path}:2"


def test_siqa_in_other_forms(write, tmp_path):
    rows = [row | {"correct": letter} for row, letter in zip(SOCIAL, "ACB", strict=True)]
    write("socialIQa_v1.4_tst.jsonl", jsonl(rows))
    reading = read_examples("siqa", tmp_path, split="test")
    assert [e.answer for e in reading.examples] == [0, 2, 1]
    (tmp_path / "hub").mkdir()
    table = pa.Table.from_pylist([row | {"label": "3"} for row in SOCIAL])
    pq.write_table(table, tmp_path / "hub" / "train-00000-of-00001.parquet")
    hub = read_examples("siqa", tmp_path / "hub", split="train")
    assert [e.answer for e in hub.examples] == [2, 2, 2]
    with pytest.raises(DataError, match="no option is called 'D'"):
        read_examples("siqa", write("x.jsonl", jsonl([rows[0] | {"correct": "D"}])))
    write("plain/dev.jsonl", jsonl(SOCIAL))
    with pytest.raises(DataError, match="has no answer"):
        read_examples("siqa", tmp_path / "plain", split="dev")
