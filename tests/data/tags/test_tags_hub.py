"""Tagging from the Hub."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.tags.samples import sentences


def parquet(path, column, values, names=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"tokens": [["חיפה", "x"]] * len(values), column: values})
    if names is not None:
        feature = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "Sequence"}
        info = json.dumps({"info": {"features": {column: feature}}})
        table = table.replace_schema_metadata({"huggingface": info})
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("name", "folder", "column", "tags"),
    [
        ("panx-hub", "PAN-X.he", "ner_tags", ("B-LOC", "O")),
        ("panx-hub", "he", "ner_tags", ("B-LOC", "O")),
        ("udpos-hub", "udpos.Hebrew", "pos_tags", ("DET", "ADJ")),
    ],
)
def test_hub_numbers_have_the_names_of_the_data_set(tmp_path, name, folder, column, tags):
    parquet(tmp_path / folder / "validation-00000-of-00001.parquet", column, [[5, 0]])
    reading = read_examples(name, tmp_path, split="dev", languages=("he",))
    assert sentences(reading) == [(("חיפה", "x"), tags)]


def test_hub_names_in_the_file_come_first(tmp_path):
    file = tmp_path / "train.parquet"
    parquet(file, "ner_tags", [[1, 2]], names=["O", "B-DATE", "I-DATE"])
    assert read_examples("panx-hub", tmp_path, split="train").examples[0].tags == (
        "B-DATE",
        "I-DATE",
    )
    parquet(file, "ner_tags", [["O", "B-PER"]])
    assert read_examples("panx-hub", file).examples[0].tags == ("O", "B-PER")
    parquet(file, "upos", [[1, 2]], names=["A", "B", "C"])
    reading = read_examples("udpos-hub", file, columns={"tags": "upos"})
    assert reading.examples[0].tags == ("B", "C")


def test_hub_files_are_refused_with_their_row(tmp_path):
    file = tmp_path / "train.parquet"
    for column, values, what, where in (
        ("ner_tags", [[1, 2], [1, 7]], "unknown tag 7", ":row 1"),
        ("ner_tags", [[1, 2], [1, None]], "no list of whole numbers", ":row 1"),
        ("ner_tags", [[1, 2], [1]], "1 tags for 2 words", ":row 1"),
        ("ner_tags", [1, 2], "no list of whole numbers", ":row 0"),
        ("pos_tags", [[1, 2]], "no column 'ner_tags'", ""),
    ):
        parquet(file, column, values)
        with pytest.raises(DataError, match=what) as caught:
            read_examples("panx-hub", file)
        assert caught.value.where == f"{file}{where}"
    parquet(file, "mine", [[1, 2]])
    with pytest.raises(DataError, match="the file does not name them"):
        read_examples("panx-hub", file, columns={"tags": "mine"})


def test_hub_shards_are_all_read(tmp_path):
    for shard in range(2):
        parquet(tmp_path / f"en/train-{shard:05d}-of-00002.parquet", "pos_tags", [[shard, 16]])
    reading = read_examples("udpos-hub", tmp_path, split="train")
    assert [e.tags for e in reading.examples] == [("ADJ", "X"), ("ADP", "X")]
    with pytest.raises(DataError, match="no folder for language 'tr'"):
        read_examples("udpos-hub", tmp_path, split="train", languages=("tr",))
