"""MultiNLI in its four forms."""

from __future__ import annotations

import json

import pytest

from crosscal.data import read_examples
from crosscal.data.pairs.pair_files import NO_AGREEMENT
from crosscal.exceptions import DataError
from tests.data.conftest import NLI
from tests.data.pairs.samples import MNLI, hub, rows

KEPT = [row[1:3] + row[:1] for row in MNLI if row[0] != "-"]


def assert_mnli(reading) -> None:
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == KEPT
    assert reading.dropped == {NO_AGREEMENT: 1}
    # Row numbers count what was dropped, so that they still point into the file.
    assert [e.unit_id for e in reading.examples] == ["train-00000", "train-00002"]
    assert [e.cluster_id for e in reading.examples] == ["train-premise-11", "train-premise-12"]


def test_mnli_jsonl(write, tmp_path):
    keys = ("gold_label", "sentence1", "sentence2", "promptID", "pairID")
    lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in MNLI]
    write("multinli_1.0_train.jsonl", "\n".join(lines))
    assert_mnli(read_examples("mnli-jsonl", tmp_path, split="train", labels=NLI))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('["a"]', "no JSON object"),
        ('{"sentence1": "a", "gold_label": "neutral"}', "no key 'sentence2'"),
        ('{"sentence1": 1, "sentence2": "b", "gold_label": "neutral"}', "'sentence1' is no text"),
        (
            r'{"sentence1": "\ud83d", "sentence2": "b", "gold_label": "neutral"}',
            "half a surrogate",
        ),
        (r'{"sentence1": "a\u0000", "sentence2": "b", "gold_label": "neutral"}', "NUL"),
        ('{"sentence1": "a", "sentence2": "b", "gold_label": "hidden"}', "has no label"),
        ("", "no JSON"),
    ],
)
def test_mnli_jsonl_refuses(write, line, what):
    good = '{"sentence1": "a", "sentence2": "b", "gold_label": "neutral"}'
    path = write("x.jsonl", f"{good}\n{line}\n")
    with pytest.raises(DataError, match=what) as caught:
        read_examples("mnli-jsonl", path, labels=NLI)
    assert caught.value.where == f"{path}:2"


def test_mnli_tsv_with_and_without_the_empty_annotators(write, tmp_path):
    header = (
        "gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
        "sentence2_parse sentence1 sentence2 promptID pairID genre label1 label2 label3 label4 "
        "label5"
    ).split()
    for blanks in (4, 0):
        lines = ["\t".join(header)]
        for label, text_a, text_b, prompt, pair in MNLI:
            parses = ["( x )"] * 4
            row = [label, *parses, text_a, text_b, prompt, pair, "fiction", label]
            lines.append("\t".join(row + [""] * blanks))
        write("multinli_1.0_train.txt", "\n".join(lines) + "\n")
        assert_mnli(read_examples("mnli-tsv", tmp_path, split="train", labels=NLI))


def test_mnli_glue_tsv_and_parquet(write, tmp_path):
    header = (
        "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse "
        "sentence1_parse sentence2_parse sentence1 sentence2 label1 gold_label"
    ).split()
    lines = ["\t".join(header)]
    for i, (label, text_a, text_b, prompt, pair) in enumerate(MNLI):
        row = [str(i), prompt, pair, "fiction", *["( x )"] * 4, text_a, text_b, label, label]
        lines.append("\t".join(row))
    write("tsv/train.tsv", "\n".join(lines) + "\n")
    assert_mnli(read_examples("mnli-glue", tmp_path / "tsv", split="train", labels=NLI))
    hub(tmp_path / "hub" / "validation_matched-00000-of-00001.parquet", "en")
    reading = read_examples("mnli-glue", tmp_path / "hub", split="dev_matched", labels=NLI)
    assert [(e.text_a, e.text_b, e.label) for e in reading.examples] == rows("en")
    with pytest.raises(DataError, match="no split 'train'"):
        read_examples("mnli-glue", tmp_path / "hub", split="train", labels=NLI)


def test_mnli_glue_test_has_no_labels(write, tmp_path):
    write("test_matched.tsv", "index\tpromptID\tsentence1\tsentence2\n0\t1\ta\tb\n")
    with pytest.raises(DataError, match="no column 'gold_label'"):
        read_examples("mnli-glue", tmp_path, split="test_matched", labels=NLI)
    reading = read_examples(
        "mnli-glue", tmp_path, split="test_matched", labels=NLI, require_labels=False
    )
    assert reading.examples[0].label is None


def test_mnli_ptb_is_detokenised_and_swallowed_rows_are_counted(write):
    path = write(
        "mnli_train.tsv",
        "sentence1\tsentence2\tlabel\tgenre\n"
        "I do n't know , `` he '' said .\tHe ca n't say .\tneutral\tfiction\n"
        "a\tb ( ROOT ( S ( NP x ) ) ) c\tneutral\tfiction\n",
    )
    reading = read_examples("mnli-ptb", path, labels=NLI)
    (example,) = reading.examples
    assert (example.text_a, example.text_b) == ('I don\'t know, "he" said.', "He can't say.")
    assert list(reading.dropped.values()) == [1]
