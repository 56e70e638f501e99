"""Quora Question Pairs, of GLUE and as published."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.data import read_examples
from crosscal.data.pairs.paraphrase.qqp import BROKEN, EMPTY
from crosscal.exceptions import DataError
from tests.data.conftest import PARAPHRASE
from tests.data.pairs.samples import QQP_HEADER, seen


def test_qqp_counts_what_everybody_leaves_out(write, tmp_path):
    write(
        "train.tsv",
        QQP_HEADER + '1\t1\t2\tWhy?\tHow?\t0\n2\t3\t4\t"Was it\nall?\t0\n'
        "3\t5\t6\tWho?\t\t0\n4\t7\t8\tWhen?\tAt what time?\t1\n",
    )
    reading = read_examples("qqp", tmp_path, split="train", labels=PARAPHRASE)
    assert [e.label for e in reading.examples] == ["different", "paraphrase"]
    assert reading.dropped == {BROKEN: 2, EMPTY: 1}


def test_qqp_refuses_more_than_a_few(write):
    body = "".join(f"{i}\t1\t2\ta\tb\t0\n" for i in range(20)) + "broken\n" * 10
    with pytest.raises(DataError, match="10 rows have the wrong number"):
        read_examples("qqp", write("train.tsv", QQP_HEADER + body), labels=PARAPHRASE)
    with pytest.raises(DataError, match="id '1' occurs twice"):
        body = "1\t1\t2\ta\tb\t0\n" * 2
        read_examples("qqp", write("train.tsv", QQP_HEADER + body), labels=PARAPHRASE)


def test_qqp_from_the_hub(tmp_path):
    table = pa.table({"question1": ["Why?"], "question2": ["How?"], "label": [1], "idx": [0]})
    pq.write_table(table, tmp_path / "validation-00000-of-00001.parquet")
    reading = read_examples("qqp", tmp_path, split="dev", labels=PARAPHRASE)
    assert reading.examples[0].label == "paraphrase"


def test_qqp_of_quora_is_quoted(write):
    path = write(
        "quora_duplicate_questions.tsv",
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
        '0\t1\t2\t"Why ""A""\tor\nB?"\tHow?\t1\n'
        "1\t3\t4\tWho?\t\t0\n2\t5\t6\tWhen?\tHow?\t0\n",
    )
    reading = read_examples("qqp-quora", path, labels=PARAPHRASE)
    assert seen(reading) == [
        ('Why "A"\tor\nB?', "How?", "paraphrase"),
        ("When?", "How?", "different"),
    ]
    assert reading.dropped == {EMPTY: 1}
