"""Cosmos QA, and CSV files that hold its questions."""

from __future__ import annotations

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.choices.samples import COSMOS, seen
from tests.data.conftest import jsonl


def test_cosmosqa_csv_is_quoted_csv(write, tmp_path):
    write(
        "valid.csv",
        COSMOS + 'a,"He said ""no"", then\nleft .",Why ?,"x, y",b,c,d,2\r\n'
        "b,她说不。,为什么？,甲,乙,丙,丁,0\r\n",
    )
    reading = read_examples("cosmosqa", tmp_path, split="dev")
    assert seen(reading) == [
        ('He said "no", then\nleft .', "Why ?", ("x, y", "b", "c", "d"), 2),
        ("她说不。", "为什么？", ("甲", "乙", "丙", "丁"), 0),
    ]


def test_cosmosqa_jsonl_and_hub(write, tmp_path):
    row = {"id": "a", "context": "c", "question": "q", **{f"answer{i}": f"o{i}" for i in range(4)}}
    write("test.jsonl", jsonl([row]))
    with pytest.raises(DataError, match="has no answer"):
        read_examples("cosmosqa", tmp_path, split="test")
    assert seen(read_examples("cosmosqa", tmp_path, split="test", require_labels=False)) == [
        ("c", "q", ("o0", "o1", "o2", "o3"), None)
    ]
    (tmp_path / "hub").mkdir()
    table = pa.Table.from_pylist([row | {"label": 3}, row | {"id": "b", "label": -1}])
    pq.write_table(table, tmp_path / "hub" / "train-00000-of-00001.parquet")
    reading = read_examples("cosmosqa", tmp_path / "hub", split="train", require_labels=False)
    assert [e.answer for e in reading.examples] == [3, None]
    assert len({e.cluster_id for e in reading.examples}) == 1


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("a,c,q,1,2,3,4,0\nb,c,q,1,2,3,4\n", 3, "7 cells instead of 8"),
        ('a,"two\nlines",q,1,2,3,4,0\nb,c,q,1,2,3,4,9\n', 4, "no option is called '9'"),
        ('a,c,q,1,2,3,4,0\nb,"open,q,1,2,3,4,0\n', 3, "not quoted properly"),
        ('a,c,q,1,2,3,4,0\nb,"c" x,q,1,2,3,4,0\n', 3, "not quoted properly"),
        ("a,c,q,1,2,3,4,0\n\nb,c,q,1,2,3,4,0\n", 3, "line is blank"),
        ("a,c,q,1,2,3,4,0\na,c,q,1,2,3,4,0\n", 3, "id 'a' occurs twice"),
        ("a,c,q,1,2,,4,0\n", 2, "option 2 is empty"),
    ],
)
def test_cosmosqa_names_the_line_where_a_record_begins(write, body, line, what):
    path = write("train.csv", COSMOS + body)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("cosmosqa", path)
    assert caught.value.where == f"{path}:{line}"


def test_csv_headers_are_checked(write):
    with pytest.raises(DataError, match="no column 'answer3'"):
        read_examples("cosmosqa", write("a.csv", COSMOS.replace("answer3", "x") + "1\n"))
    with pytest.raises(DataError, match="'context' twice"):
        read_examples("cosmosqa", write("a.csv", COSMOS.replace("question", "context") + "1\n"))
    with pytest.raises(DataError, match="header and no rows"):
        read_examples("cosmosqa", write("a.csv", COSMOS))


@pytest.mark.parametrize("limit", [131_072, 1 << 23])
def test_an_overlong_cell_is_refused(write, limit):
    """Whatever limit the program has: it is one for all readers."""
    path = write("a.csv", COSMOS + f'a,"{"x" * 140_000}",q,1,2,3,4,0\n')
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(DataError, match="not quoted properly"):
            read_examples("cosmosqa", path)
    finally:
        csv.field_size_limit(before)
