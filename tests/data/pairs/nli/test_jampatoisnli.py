"""JamPatoisNLI."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI


def test_jampatoisnli_is_quoted_csv(write, tmp_path):
    write(
        "jampatoisnli-val.csv",
        ',Number,premise,hypothesis,label\n0,1,"Mi ""fren""\na come","A, b",neutral\n'
        "1,2,c😁,d,maybe\n",
    )
    args = {"split": "dev", "languages": ("jam",)}
    reading = read_examples("jampatoisnli", tmp_path, labels=(*NLI, "maybe"), **args)
    assert reading.examples[0].text_a == 'Mi "fren"\na come'
    with pytest.raises(DataError, match="unknown label 'maybe'") as caught:
        read_examples("jampatoisnli", tmp_path, labels=NLI, **args)
    # The first record has two lines.
    assert caught.value.where == f"{tmp_path / 'jampatoisnli-val.csv'}:4"
