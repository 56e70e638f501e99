"""KLUE-NLI."""

from __future__ import annotations

import json

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import parquet


def test_klue_is_one_list(write, tmp_path):
    row = {"guid": "g0", "premise": "전제", "hypothesis": "가설", "gold_label": "neutral"}
    args = {"split": "dev", "languages": ("ko",), "labels": NLI}
    path = write("klue-nli-v1.1_dev.json", json.dumps([row, row | {"guid": "g1"}], indent=2))
    assert len(read_examples("klue-nli", tmp_path, **args).examples) == 2
    write("klue-nli-v1.1_dev.json", json.dumps([row, row]))
    with pytest.raises(DataError, match="id 'g0' occurs twice"):
        read_examples("klue-nli", tmp_path, **args)
    write("klue-nli-v1.1_dev.json", json.dumps([row, row | {"premise": 3}]))
    with pytest.raises(DataError, match="'premise' is no text") as caught:
        read_examples("klue-nli", tmp_path, **args)
    assert caught.value.where == f"{path}:[1]"
    parquet(
        tmp_path / "hub/validation-00000-of-00001.parquet",
        [{"guid": "g", "premise": "가", "hypothesis": "나", "label": 0}],
    )
    hub = read_examples("klue-nli", tmp_path / "hub", **args)
    assert hub.examples[0].label == "entailment"
