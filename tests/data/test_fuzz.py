"""Damaged files: an error that says where, or a good reading, and nothing else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscal.data import Dataset, read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI, PARAPHRASE
from tests.data.pairs.samples import MNLI, MRPC_HEADER, QQP_HEADER, original, rows, tsv


def parquet() -> bytes:
    table = rows("th")
    columns = {
        "premise": [row[0] for row in table],
        "hypothesis": [row[1] for row in table],
        "label": [NLI.index(row[2]) for row in table],
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="none")
    return sink.getvalue()


KEYS = ("gold_label", "sentence1", "sentence2", "promptID", "pairID")
JSONL = "\n".join(json.dumps(dict(zip(KEYS, row, strict=True))) for row in MNLI)

FILES = {
    "tsv-pairs": ("train.tsv", tsv(rows("zh")).encode(), NLI),
    "xnli-xtreme": ("train-en.tsv", tsv(rows("hi")).encode(), NLI),
    "xnli-original": ("xnli.train.tsv", original(("en", "zh")).encode(), NLI),
    "xnli-hub": ("en/train-00000-of-00001.parquet", parquet(), NLI),
    "mnli-jsonl": ("multinli_1.0_train.jsonl", JSONL.encode(), NLI),
    "mnli-ptb": (
        "mnli_train.tsv",
        b"sentence1\tsentence2\tlabel\nI do n't , `` x '' .\tb\tneutral\nc\td\tneutral\n",
        NLI,
    ),
    "mrpc": (
        "msr_paraphrase_train.txt",
        (MRPC_HEADER + "1\t1\t2\ta\tb\r\n0\t3\t4\tc\td\r\n").encode(),
        PARAPHRASE,
    ),
    "qqp": ("train.tsv", (QQP_HEADER + "1\t1\t2\tWhy?\tHow?\t0\n").encode(), PARAPHRASE),
}
FOLDERS = {"tsv-pairs": "train.tsv"}

CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "cut"]),
        st.floats(0, 1, exclude_max=True),
        st.one_of(
            st.binary(min_size=1, max_size=4),
            st.sampled_from(
                [b"\t", b"\n", b"\r\n", b"\0", b"\xff", b"\xed\xa0\x80", b'"', b"\xc2\x85"]
            ),
        ),
    ),
    min_size=1,
    max_size=4,
)


def damage(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for kind, where, inserted in changes:
        index = int(where * len(content))
        if kind == "set":
            content = content[:index] + inserted + content[index + len(inserted) :]
        elif kind == "insert":
            content = content[:index] + inserted + content[index:]
        elif kind == "delete":
            content = content[:index] + content[index + len(inserted) :]
        else:
            content = content[:index]
    return content


@pytest.mark.parametrize("format", FILES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES)
def test_damaged_bytes_give_an_error_or_a_reading(format, changes, tmp_path: Path):
    name, content, labels = FILES[format]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(damage(content, changes))
    path = file if format in FOLDERS else tmp_path
    try:
        reading = read_examples(format, path, split="train", labels=labels)
    except DataError as error:
        assert error.where
        assert error.remedy
    else:
        assert isinstance(reading, Dataset)
        assert reading.examples
        for example in reading.examples:
            assert example.label in labels
            assert example.text_a.strip()
            assert example.text_b.strip()
            (example.text_a + example.text_b).encode()


TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\0"), min_size=1
).filter(lambda text: text.strip() and not text.endswith("\r"))


@given(st.lists(st.tuples(TEXT, TEXT, st.sampled_from(NLI)), min_size=1, max_size=5))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_comes_back_as_it_was(tmp_path: Path, table):
    # A byte order mark at the very start is not part of the text.
    table = [(f"a{first}", second, label) for first, second, label in table]
    file = tmp_path / "any.tsv"
    file.write_bytes(tsv(table).encode())
    examples = read_examples("tsv-pairs", file, labels=NLI).examples
    assert [(e.text_a, e.text_b, e.label) for e in examples] == table
