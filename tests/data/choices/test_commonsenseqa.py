"""CommonsenseQA, nested and flat."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.choices.samples import PLACES, flat, nested
from tests.data.conftest import jsonl


def test_commonsenseqa_in_all_forms(write, tmp_path):
    write("nested/dev_rand_split.jsonl", jsonl([nested(i) for i in range(4)]))
    write("flat/dev_rand_split.jsonl", jsonl([flat(i) for i in range(4)]))
    (tmp_path / "hub").mkdir()
    table = pa.Table.from_pylist([flat(i) for i in range(4)])
    pq.write_table(table, tmp_path / "hub" / "validation-00000-of-00001.parquet")
    actual = [
        read_examples("commonsenseqa", tmp_path / form, split="dev").examples
        for form in ("nested", "flat", "hub")
    ]
    assert actual[0] == actual[1] == actual[2]
    assert actual[0][1].options == tuple(PLACES)
    assert (actual[0][1].context, actual[0][1].answer) == ("", 2)
    assert [e.cluster_id for e in actual[0]] == [f"dev-concept-door {n}" for n in (0, 0, 1, 1)]


def test_commonsenseqa_test_has_no_answers(write, tmp_path):
    row = nested(0)
    del row["answerKey"]
    write("test_rand_split_no_answers.jsonl", jsonl([row]))
    with pytest.raises(DataError, match="has no answer"):
        read_examples("commonsenseqa", tmp_path, split="test")
    reading = read_examples("commonsenseqa", tmp_path, split="test", require_labels=False)
    assert reading.examples[0].answer is None


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (flat(1, key="F"), "no option is called 'F'"),
        (flat(0), "id 'q0' occurs twice"),
        (flat(1) | {"choices": {"label": ["A", "A"], "text": ["x", "y"]}}, "1 different label"),
        (flat(1) | {"choices": {"label": ["A"], "text": ["x", "y"]}}, "2 choices with 1"),
        (flat(1) | {"choices": {"label": ["C"], "text": ["x"]}}, "1 option, at least 2"),
        (flat(1) | {"choices": [{"label": "A"}]}, "no key 'text'"),
        (flat(1) | {"question": {"stem": "x"}}, "no key 'choices'"),
        (flat(1) | {"question": ""}, "both empty"),
    ],
)
def test_commonsenseqa_refuses(write, row, what):
    path = write("x.jsonl", jsonl([flat(0), row]))
    with pytest.raises(DataError, match=what) as caught:
        read_examples("commonsenseqa", path)
    assert caught.value.where.startswith(f"{path}:2")
