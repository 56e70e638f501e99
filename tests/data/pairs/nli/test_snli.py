"""SNLI in its three forms."""

from __future__ import annotations

from crosscal.data import read_examples
from crosscal.data.pairs.pair_files import NO_AGREEMENT
from tests.data.conftest import NLI, jsonl
from tests.data.pairs.samples import headed, parquet, seen

SNLI = [
    ("neutral", "A dog sleeps.", "It is brown.", "1.jpg#0"),
    ("-", "A dog sleeps.", "It dreams.", "1.jpg#0"),
    ("contradiction", "A dog sleeps.", "It swims.", "2.jpg#3"),
]


def test_snli_in_all_forms(write, tmp_path):
    keys = ("gold_label", "sentence1", "sentence2", "captionID")
    write("a/snli_1.0_train.jsonl", jsonl([dict(zip(keys, r, strict=True)) for r in SNLI]))
    header = (
        "gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
        "sentence2_parse sentence1 sentence2 captionID pairID label1 label2 label3 label4 label5"
    )
    body = [(r[0], *["( x )"] * 4, *r[1:], "p", r[0]) for r in SNLI]
    write("b/snli_1.0_train.txt", headed(header, *body))
    number = {"neutral": 1, "-": -1, "contradiction": 2}
    hub = [{"premise": r[1], "hypothesis": r[2], "label": number[r[0]]} for r in SNLI]
    parquet(tmp_path / "c/train-00000-of-00001.parquet", hub)
    for folder, clusters in (("a", 2), ("b", 2), ("c", 1)):
        reading = read_examples("snli", tmp_path / folder, split="train", labels=NLI)
        assert seen(reading) == [(r[1], r[2], r[0]) for r in SNLI if r[0] != "-"]
        assert reading.dropped == {NO_AGREEMENT: 1}
        assert [e.unit_id for e in reading.examples] == ["train-00000", "train-00002"]
        assert len({e.cluster_id for e in reading.examples}) == clusters
    left = read_examples("snli", tmp_path / "a", split="train", labels=NLI, require_labels=False)
    assert [e.label for e in left.examples] == ["neutral", None, "contradiction"]
