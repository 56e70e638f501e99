"""HellaSwag as JSON, as text, and from the Hub."""

from __future__ import annotations

import bz2
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.choices.samples import ENDINGS, HELLASWAG, HELLASWAG_TEXT, seen
from tests.data.conftest import jsonl

HELLASWAG_SEEN = [(row["ctx"], "", ENDINGS, row["label"]) for row in HELLASWAG]


def test_hellaswag_as_published(write, tmp_path):
    write("hellaswag_val.jsonl", jsonl(HELLASWAG))
    reading = read_examples("hellaswag", tmp_path, split="dev")
    assert seen(reading) == HELLASWAG_SEEN
    # Items of one video depend on each other.
    assert len({e.cluster_id for e in reading.examples}) == 3
    assert reading.examples[0].cluster_id == "dev-source-activitynet~0"


def test_hellaswag_as_text_and_compressed(write, tmp_path):
    write("plain/hellaswag_val_full.txt", HELLASWAG_TEXT)
    write("small/hellaswag_val_full.txt.bz2", bz2.compress(HELLASWAG_TEXT.encode()))
    plain = read_examples("hellaswag", tmp_path / "plain", split="val")
    small = read_examples("hellaswag", tmp_path / "small", split="val")
    assert seen(plain) == seen(small) == HELLASWAG_SEEN
    assert plain.examples == small.examples


def test_hellaswag_from_the_hub(tmp_path):
    table = pa.Table.from_pylist([row | {"label": str(row["label"])} for row in HELLASWAG])
    pq.write_table(table, tmp_path / "validation-00000-of-00001.parquet")
    assert seen(read_examples("hellaswag", tmp_path, split="dev")) == HELLASWAG_SEEN
    hidden = pa.Table.from_pylist([row | {"label": ""} for row in HELLASWAG])
    pq.write_table(hidden, tmp_path / "test-00000-of-00001.parquet")
    with pytest.raises(DataError, match="has no answer"):
        read_examples("hellaswag", tmp_path, split="test")
    reading = read_examples("hellaswag", tmp_path, split="test", require_labels=False)
    assert {e.answer for e in reading.examples} == {None}


def text_item(**change: str) -> str:
    lines = {"head": "Sleeping: A dog", "label": "1", "0": "a", "1": "b", "2": "c", "3": "d"}
    return "\n".join((lines | change).values()) + "\n"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (text_item() + text_item(head="no colon"), 7, "no ': '"),
        (text_item() + text_item(label="4"), 8, "not the number of an ending"),
        (text_item() + text_item(**{"2": " "}), 7, "option 2 is empty"),
        (text_item() + "Sleeping: A dog\n1\na\n", 7, "3 of 6 lines"),
        (text_item(head="Sleeping: "), 1, "both empty"),
    ],
)
def test_hellaswag_text_refuses(write, content, line, what):
    path = write("hellaswag_val_full.txt", content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("hellaswag", path)
    assert caught.value.where == f"{path}:{line}"


def test_damaged_compression_is_told(write):
    whole = bz2.compress(HELLASWAG_TEXT.encode() * 50)
    for content in (whole[: len(whole) // 2], b"no bz2 at all", whole[:40] + b"xx" + whole[42:]):
        path = write("a.txt.bz2", content)
        with pytest.raises(DataError, match="compressed file is damaged") as caught:
            read_examples("hellaswag", path)
        assert caught.value.where == str(path)
    with pytest.raises(DataError, match="is empty"):
        read_examples("hellaswag", write("b.txt.bz2", bz2.compress(b"")))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"endings": ["a", "b", "c"]}, "3 endings instead of 4"),
        ({"endings": "abcd"}, "a list is needed"),
        ({"endings": ["a", "b", "c", 4]}, "text is needed"),
        ({"endings": ["a", "b", "c", "\t"]}, "option 3 is empty"),
        ({"label": 4}, "no option is called '4'"),
        ({"label": True}, "neither a word nor a number"),
        ({"label": 1.5}, "neither a word nor a number"),
        ({"label": None}, "has no answer"),
        ({"ctx": None}, "'ctx' has no value"),
        ({"ctx": ["x"]}, "'ctx' is no text"),
        ({"ctx": "a\x00"}, "NUL"),
        ({"source_id": "\ud800"}, "half a surrogate"),
    ],
)
def test_hellaswag_refuses(write, change, what):
    rows = [HELLASWAG[0], HELLASWAG[1] | change]
    path = write("x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("hellaswag", path)
    assert caught.value.where.startswith(f"{path}:2")
