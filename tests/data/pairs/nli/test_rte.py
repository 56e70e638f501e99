"""RTE of GLUE."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import headed, parquet, seen

RTE = ("entailment", "not_entailment")


def test_rte_has_labels_of_its_own(write, tmp_path):
    write(
        "train.tsv", headed("index sentence1 sentence2 label", ("0", '"A', "B", "not_entailment"))
    )
    reading = read_examples("rte-glue", tmp_path, split="train", labels=RTE)
    assert seen(reading) == [('"A', "B", "not_entailment")]
    with pytest.raises(DataError, match="unknown label 'not_entailment'"):
        read_examples("rte-glue", tmp_path, split="train", labels=NLI)
    table = [{"sentence1": "A", "sentence2": "B", "label": n, "idx": n} for n in (0, 1)]
    parquet(tmp_path / "hub/validation-00000-of-00001.parquet", table)
    reading = read_examples("rte-glue", tmp_path / "hub", split="dev", labels=RTE)
    assert [e.label for e in reading.examples] == list(RTE)
    parquet(tmp_path / "hub/test-00000-of-00001.parquet", [table[0] | {"label": -1}])
    with pytest.raises(DataError, match="has no label"):
        read_examples("rte-glue", tmp_path / "hub", split="test", labels=RTE)
    with pytest.raises(DataError, match="unknown label '2'"):
        parquet(tmp_path / "hub/test-00000-of-00001.parquet", [table[0] | {"label": 2}])
        read_examples("rte-glue", tmp_path / "hub", split="test", labels=RTE)


@pytest.mark.parametrize(("split", "count"), [("train", 1244), ("dev", 139), ("test", 1384)])
def test_real_rte(real_data, split, count):
    reading = read_examples("rte-glue", real_data / "rte_resplit", split=split, labels=RTE)
    assert len(reading.examples) == count
