"""The Microsoft Research Paraphrase Corpus."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import PARAPHRASE
from tests.data.pairs.samples import MRPC_HEADER


def test_mrpc_drops_and_counts_foreign_rows(write, tmp_path):
    write(
        "msr_paraphrase_train.txt",
        MRPC_HEADER + '1\t1\t2\tHe said "no.\tHe said no.\r\n0\t-1\t-1\tx\ty\r\n0\t3\t4\ta\tb\r\n',
    )
    reading = read_examples("mrpc", tmp_path, split="train", labels=PARAPHRASE)
    assert [e.label for e in reading.examples] == ["paraphrase", "different"]
    assert reading.examples[0].text_a == 'He said "no.'
    assert list(reading.dropped.values()) == [1]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("2\t1\t2\ta\tb\n", "unknown label '2'.*0, 1"),
        ("1\t1\t2\ta\tb\n1\t1\t2\ta\tb\n", "occurs twice"),
        ("1\t1\t2\ta\n", "4 columns instead of 5"),
        ("1\t-1\t-1\ta\tb\n", "no rows are left after dropping 1"),
    ],
)
def test_mrpc_refuses(write, body, what):
    with pytest.raises(DataError, match=what):
        read_examples("mrpc", write("m.txt", MRPC_HEADER + body), labels=PARAPHRASE)
