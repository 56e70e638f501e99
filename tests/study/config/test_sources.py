"""A source for each language, codes of files, columns of languages, rows joined by their ids."""

from __future__ import annotations

import sys

import pytest

from crosscal.exceptions import DataError, MissingExtra, SettingsError
from crosscal.study.config.load import read_study
from crosscal.study.config.sources import read_source

STUDY = """\
name = "own"
paths = { data = "set" }
[[task]]
name = "mood-of-sources"
labels = ["neg", "pos"]
[target]
task = "mood-of-sources"
languages = ["en", "sv", "quy_Latn"]
train = { format = "tsv-texts", path = "en.tsv" }
dev = { format = "tsv-texts", path = "en.tsv" }
[target.test]
"""


@pytest.fixture
def source(tmp_path):
    """Write a study with a test source and files; return its test examples."""

    def read(test, **files):
        for name, content in {"en.tsv": "fine\tpos\nbad\tneg\n", **files}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(
                content if isinstance(content, bytes) else content.encode()
            )
        (tmp_path / "study.toml").write_text(STUDY + test, encoding="utf-8")
        study = read_study(tmp_path / "study.toml")
        target = study.targets["target"]
        return read_source(target.test, "test", target.languages, ("neg", "pos"))

    return read


def seen(dataset):
    return [(e.language, e.unit_id, e.cluster_id, e.text_a, e.label) for e in dataset.examples]


def test_a_source_for_each_language(source):
    test = """
format = "tsv-texts"
path = "{language}.tsv"
[target.test.by_language]
quy_Latn = { path = "quechua.tsv", split = "validation" }
[target.test.by_language.sv]
format = "columns"
path = "sv.csv"
columns = { text = "t", label = "l", labels = "+ = pos, - = neg" }
"""
    found = source(
        test,
        **{"sv.csv": "t;l\nbra;+\ndåligt;-\n", "quechua.tsv": "allin\tpos\nmana allin\tneg\n"},
    )
    assert found.parallel
    assert seen(found) == [
        ("en", "test-00000", "test-00000", "fine", "pos"),
        ("en", "test-00001", "test-00001", "bad", "neg"),
        ("sv", "test-00000", "test-00000", "bra", "pos"),
        ("sv", "test-00001", "test-00001", "dåligt", "neg"),
        ("quy_Latn", "test-00000", "test-00000", "allin", "pos"),
        ("quy_Latn", "test-00001", "test-00001", "mana allin", "neg"),
    ]
    assert [file.name for file in found.files] == ["en.tsv", "sv.csv", "quechua.tsv"]
    assert found.notes == ("sv.csv has a semicolon between its columns",)


CARD = """\
---
configs:
- config_name: sv
  data_files: [{split: test, path: sv.jsonl}]
dataset_info:
  config_name: sv
  features:
  - name: l
    dtype:
      class_label:
        names: {"0": neg, "1": pos}
---
"""


def test_a_language_from_the_hub_beside_files(source):
    pytest.importorskip("yaml")
    test = """
format = "tsv-texts"
path = "{language}.tsv"
[target.test.by_language.sv]
format = "columns"
hub = "{data}"
config = "{language}"
columns = { text = "t", label = "l" }
[target.test.by_language.quy_Latn]
format = "tsv-texts"
encoding = "cp1252"
"""
    found = source(
        test,
        **{
            "set/README.md": CARD,
            "set/sv.jsonl": '{"t": "bra", "l": 1}\n{"t": "dåligt", "l": 0}\n',
            "quy_Latn.tsv": "añin\tpos\nmana\tneg\n".encode("cp1252"),
        },
    )
    assert seen(found)[2:5] == [
        ("sv", "test-00000", "test-00000", "bra", "pos"),
        ("sv", "test-00001", "test-00001", "dåligt", "neg"),
        ("quy_Latn", "test-00000", "test-00000", "añin", "pos"),
    ]
    assert found.notes == ("quy_Latn.tsv is in CP1252",)
    test = test.replace("config = ", 'path = "x"\nconfig = ')
    with pytest.raises(SettingsError, match="both a path and a data set"):
        source(test)


def test_what_all_languages_share_is_left_for_files_of_ones_own(source):
    pytest.importorskip("yaml")
    test = """
format = "columns"
hub = "{data}"
config = "sv"
columns = { text = "t", label = "l" }
[target.test.by_language]
en = { format = "tsv-texts", path = "en.tsv", columns = {} }
quy_Latn = { format = "tsv-texts", path = "en.tsv", columns = {} }
"""
    rows = '{"t": "bra", "l": 1}\n{"t": "dåligt", "l": 0}\n'
    found = source(test, **{"set/README.md": CARD, "set/sv.jsonl": rows})
    texts = {(row[0], row[3]) for row in seen(found)}
    assert texts >= {("en", "fine"), ("sv", "bra"), ("quy_Latn", "fine")}
    assert len(texts) == 6


def test_an_id_of_the_hub_is_no_path(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match="there is no folder 'owner/set'"):
        source('format = "columns"\nhub = "owner/set"\n')


def test_sources_of_all_languages_need_no_common_one(source):
    test = "".join(
        f'[target.test.by_language.{code}]\nformat = "tsv-texts"\npath = "{code}.tsv"\n'
        for code in ("en", "sv", "quy_Latn")
    )
    found = source(test, **{"sv.tsv": "a\tpos\nb\tneg\n", "quy_Latn.tsv": "c\tpos\nd\tneg\n"})
    assert [e.language for e in found.examples] == ["en", "en", "sv", "sv", "quy_Latn", "quy_Latn"]


def test_parallel_sources_of_unequal_length_are_refused(source):
    test = 'format = "tsv-texts"\npath = "en.tsv"\nby_language.sv.path = "sv.tsv"\n'
    test += 'by_language.quy_Latn.path = "sv.tsv"\n'
    with pytest.raises(DataError, match="1 rows in 'sv' but 2 in 'en'"):
        source(test, **{"sv.tsv": "bra\tpos\n"})


def test_a_source_of_a_language_that_is_not_read(source):
    with pytest.raises(SettingsError, match="source for language 'swe', which is not read"):
        source('format = "tsv-texts"\npath = "en.tsv"\nby_language.swe.path = "sv.tsv"\n')


def test_unknown_keys_within_are_named(source):
    with pytest.raises(SettingsError, match="unknown key 'pth'.*Did you mean 'path'"):
        source('format = "tsv-texts"\npath = "en.tsv"\nby_language.sv.pth = "sv.tsv"\n')


def test_files_may_call_languages_otherwise(source):
    test = """
format = "columns-unaligned"
path = "all.tsv"
columns = { text = "t", label = "l", language = "lang" }
codes = { en = "eng_Latn", sv = "swe_Latn" }
"""
    rows = ["t\tl\tlang", "fine\tpos\teng_Latn", "bra\tpos\tswe_Latn", "allin\tneg\tquy_Latn"]
    found = source(test, **{"all.tsv": "\n".join([*rows, "bad\tneg\teng_Latn"]) + "\n"})
    assert [(e.language, e.text_a) for e in found.examples] == [
        ("en", "fine"),
        ("en", "bad"),
        ("sv", "bra"),
        ("quy_Latn", "allin"),
    ]


def test_a_column_for_each_language(source):
    test = """
format = "columns"
path = "wide.csv"
columns = { text = "text_{language}", label = "label" }
codes = { quy_Latn = "quy" }
"""
    wide = 'label,text_en,text_sv,text_quy\npos,fine,bra,allin\nneg,"bad, very",dåligt,mana\n'
    found = source(test, **{"wide.csv": wide})
    assert found.parallel
    assert [(e.language, e.unit_id, e.text_a) for e in found.examples] == [
        ("en", "test-00000", "fine"),
        ("en", "test-00001", "bad, very"),
        ("sv", "test-00000", "bra"),
        ("sv", "test-00001", "dåligt"),
        ("quy_Latn", "test-00000", "allin"),
        ("quy_Latn", "test-00001", "mana"),
    ]
    with pytest.raises(DataError, match="no column 'text_quy_Latn'"):
        source(test.replace("codes", "#"), **{"wide.csv": wide})


JOINED = """
format = "columns"
path = "{language}.tsv"
columns = { text = "t", label = "l", id = "n" }
join = JOIN
"""
PARTLY = {
    "en.tsv": "n\tt\tl\n7\tone\tpos\n8\ttwo\tneg\n9\tthree\tpos\n",
    "sv.tsv": "n\tt\tl\n9\ttre\tpos\n7\tett\tpos\n1\tnoll\tneg\n",
    "quy_Latn.tsv": "n\tt\tl\n7\thuk\tpos\n9\tkimsa\tpos\n",
}


def test_partly_parallel_sets_are_joined_by_their_ids(source):
    found = source(JOINED.replace("JOIN", "true"), **PARTLY)
    assert seen(found) == [
        ("en", "test-00000", "test-00000", "one", "pos"),
        ("en", "test-00002", "test-00002", "three", "pos"),
        ("sv", "test-00000", "test-00000", "ett", "pos"),
        ("sv", "test-00002", "test-00002", "tre", "pos"),
        ("quy_Latn", "test-00000", "test-00000", "huk", "pos"),
        ("quy_Latn", "test-00002", "test-00002", "kimsa", "pos"),
    ]
    assert found.dropped == {"the id is not that of a row in every language": 2}


def test_without_join_they_are_refused_with_the_way_out(source):
    with pytest.raises(DataError, match="join = true"):
        source(JOINED.replace("JOIN", "false"), **PARTLY)


def test_joining_needs_ids_and_something_in_common(source):
    with pytest.raises(DataError, match="no id is in every language.*'7' in 'en', '4' in 'sv'"):
        source(JOINED.replace("JOIN", "true"), **{**PARTLY, "sv.tsv": "n\tt\tl\n4\ta\tpos\n"})
    nameless = JOINED.replace("JOIN", "true").replace(', id = "n"', "")
    with pytest.raises(DataError, match="no id to be joined by") as caught:
        source(nameless, **PARTLY)
    assert caught.value.where.endswith("en.tsv:2")
