"""Pairs whose columns the user names."""

from __future__ import annotations

import csv
import io
import json

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import NLI, jsonl
from tests.data.pairs.samples import TEXTS, headed, parquet, records, rows, seen, tsv

NAMES = {"text_a": "premise", "text_b": "hypo", "label": "gold"}


@pytest.mark.parametrize("suffix", ["tsv", "csv", "jsonl", "json", "parquet", "tsv.bz2"])
def test_columns_by_suffix(write, tmp_path, suffix):
    import bz2

    for language in TEXTS:
        table = [tuple(row.values()) for row in records(language)]
        name = f"{language}/test.{suffix}"
        tabs = tsv([("premise", "hypo", "gold"), *table])
        commas = io.StringIO()
        csv.writer(commas).writerows([("premise", "hypo", "gold"), *table])
        if suffix == "parquet":
            parquet(tmp_path / name, records(language))
        else:
            write(
                name,
                {
                    "tsv": tabs,
                    "csv": commas.getvalue(),
                    "jsonl": jsonl(records(language)),
                    "json": json.dumps(records(language)),
                    "tsv.bz2": bz2.compress(tabs.encode()),
                }[suffix],
            )
    pattern = tmp_path / "{language}" / ("{split}." + suffix)
    args = {"split": "test", "languages": tuple(TEXTS), "labels": NLI, "columns": NAMES}
    for path in (pattern, tmp_path):
        if suffix == "tsv.bz2" and path is tmp_path:
            continue
        reading = read_examples("columns", path, **args)
        for language in TEXTS:
            part = [e for e in reading.examples if e.language == language]
            assert [(e.text_a, e.text_b, e.label) for e in part] == rows(language)
        assert len({e.cluster_id for e in reading.examples}) == 2


def test_columns_roles(write):
    header = "n lang premise hypo gold group"
    body = [("1", "hi", "a", "b", "0", "g"), ("1", "ur", "c", "d", "1", "g")]
    body += [("2", "hi", "e", "f", "-", "h"), ("3", "hi", "i", "j", "1", "g")]
    path = write("all.tsv", headed(header, *body))
    columns = NAMES | {"id": "n", "language": "lang", "cluster": "group"}
    columns |= {"labels": "0 = entailment, 1 = neutral, - ="}
    args = {"split": "test", "labels": NLI}
    reading = read_examples(
        "columns-unaligned", path, languages=("ur", "hi"), columns=columns, **args
    )
    assert [(e.language, e.text_a, e.label) for e in reading.examples] == [
        ("ur", "c", "neutral"),
        ("hi", "a", "entailment"),
        ("hi", "i", "neutral"),
    ]
    assert reading.examples[2].unit_id == "test-00002"
    assert reading.examples[1].cluster_id == "hi/test-premise-g"
    assert reading.dropped == {"rows labelled '-', left out as the study says": 1}
    with pytest.raises(DataError, match="3 rows in 'hi'|1 rows in 'ur'|2 rows in 'hi'"):
        read_examples("columns", path, languages=("ur", "hi"), columns=columns, **args)
    with pytest.raises(DataError, match="no row is in language 'th'"):
        read_examples("columns-unaligned", path, languages=("th",), columns=columns, **args)


@pytest.mark.parametrize(
    ("columns", "error", "what"),
    [
        (NAMES | {"text_c": "x"}, SettingsError, "no column 'text_c'.*Did you mean 'text_b'"),
        (NAMES | {"labels": "entailment"}, SettingsError, "how a label is spelled"),
        (NAMES | {"labels": "0 = neutral, 0 = entailment"}, SettingsError, "says it again"),
        (NAMES | {"quoting": "double"}, SettingsError, "Did you mean 'doubled'"),
        (NAMES | {"label": "gold_label"}, DataError, "no column 'gold_label'"),
        ({}, DataError, "no column 'text_a'"),
        (NAMES | {"labels": "0 = entailed"}, DataError, "unknown label '0'"),
    ],
)
def test_columns_refuses(write, columns, error, what):
    path = write("x.tsv", headed("premise hypo gold", ("a", "b", "0")))
    with pytest.raises(error, match=what):
        read_examples("columns", path, labels=NLI, columns=columns)


def test_columns_reads_tabs_with_quotes(write):
    path = write("x.tsv", 'premise\thypo\tgold\n"Says ""no"""\t"b"\tneutral\n')
    args = {"labels": NLI, "columns": NAMES}
    found = read_examples("columns", path, **args)
    assert found.examples[0].text_a == 'Says "no"'
    assert found.notes == ("x.tsv is quoted: quotes around cells are taken off",)
    literal = read_examples("columns", path, **{**args, "columns": NAMES | {"quoting": "literal"}})
    assert literal.examples[0].text_a == '"Says ""no"""'
    assert literal.notes == ()
    args["columns"] = NAMES | {"quoting": "doubled"}
    assert seen(read_examples("columns", path, **args)) == [('Says "no"', "b", "neutral")]
    args["columns"] = NAMES | {"quoting": "literal"}
    commas = write("x.csv", "premise,hypo,gold\na,b,neutral\na,b,c,neutral\n")
    with pytest.raises(DataError, match="4 columns instead of 3"):
        read_examples("columns", commas, **args)


@pytest.mark.parametrize(
    ("name", "content", "where", "what"),
    [
        ("a.jsonl", '{"premise": "a", "hypo": "b", "gold": "neutral"}\n\n', ":2", "it is blank"),
        ("a.json", '[{"premise": "a", "hypo": "b"}]', ":[0]", "no key 'gold'"),
        ("a.json", '[\n{"premise": "a",\n}]', ":3", "no JSON"),
        ("a.jsonl", '{"premise": "a", "premise": "c", "hypo": "b"}\n', ":1", "stands twice"),
        ("a.jsonl", '{"premise": "a", "hypo": "b", "gold": 1.5}\n', ":1", "neither a word"),
        ("a.tsv", "premise\thypo\tgold\na\tb\n", ":2", "2 columns instead of 3"),
        ("a.csv", "premise,hypo,gold\na,b\n", ":2", "2 cells instead of 3"),
        ("a.parquet", "PAR1", "", "no whole Parquet"),
    ],
)
def test_columns_tell_the_place(write, name, content, where, what):
    path = write(name, content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("columns", path, labels=NLI, columns=NAMES)
    assert caught.value.where == f"{path}{where}"


@pytest.mark.parametrize(
    ("folder", "split", "count"),
    [
        ("original", "train", 1666),
        ("original", "dev", 200),
        ("original", "test", 400),
        ("revised_combined", "train", 6664),
        ("revised_combined", "dev", 800),
        ("revised_combined", "test", 1600),
    ],
)
def test_real_counterfactuals_fit_columns(real_data, folder, split, count):
    columns = {"text_a": "sentence1", "text_b": "sentence2", "label": "gold_label"}
    reading = read_examples(
        "columns",
        real_data / "cad_nli" / "NLI" / folder,
        split=split,
        labels=NLI,
        columns=columns | {"quoting": "doubled"},
    )
    assert len(reading.examples) == count
    assert not any('""' in e.text_a + e.text_b for e in reading.examples)
