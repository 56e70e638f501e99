"""Texts are found in anyone's files, or asked for; what is wrong is said with file and line."""

import bz2
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.export.inputs import read_texts


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def pair_of(example):
    return example.text_a, example.text_b


@pytest.mark.parametrize("names", ["premise,hypothesis", "sentence1,sentence2", "text_a,text_b"])
def test_pairs_in_every_kind_of_file(tmp_path, names):
    a, b = names.split(",")
    rows = [{a: 'He said "so", twice', b: "日本", "x": "1"}, {a: "c", b: "d e", "x": "2"}]
    cells = 'He said ""so"", twice'
    files = [
        write(tmp_path / "f.csv", f'{a},{b},x\n"{cells}",日本,1\nc,d e,2\n'),
        write(tmp_path / "f.tsv", f'{a}\t{b}\tx\nHe said "so", twice\t日本\t1\nc\td e\t2\n'),
        write(tmp_path / "f.jsonl", "".join(json.dumps(row) + "\n" for row in rows)),
        write(tmp_path / "f.json", json.dumps(rows)),
        tmp_path / "f.parquet",
        tmp_path / "f.csv.bz2",
    ]
    pq.write_table(pa.Table.from_pylist(rows), files[4])
    files[5].write_bytes(bz2.compress(files[0].read_bytes()))
    for file in files:
        found = read_texts(file, "classification")
        assert [pair_of(each) for each in found.examples] == [(row[a], row[b]) for row in rows]
        assert found.columns == {name: [row[name] for row in rows] for name in (a, b, "x")}
        assert f"texts in {a}, {b}" in found.notes[0]


def test_languages_are_kept(tmp_path):
    file = write(tmp_path / "f.csv", "premise,hypothesis,lang\na,b,sw\nc,d,tr\n")
    assert [each.language for each in read_texts(file, "classification").examples] == ["sw", "tr"]


def test_single_texts_words_and_lines(tmp_path):
    file = write(tmp_path / "f.txt", "one text\nanother\n")
    assert [each.text for each in read_texts(file, "classification").examples] == [
        "one text",
        "another",
    ]
    assert read_texts(file, "tagging").examples[0].words == ("one", "text")
    rows = write(tmp_path / "f.jsonl", '{"tokens": ["New York", "is"]}\n')
    assert read_texts(rows, "tagging").examples[0].words == ("New York", "is")


def test_options_as_a_list_or_as_columns(tmp_path):
    rows = write(tmp_path / "f.jsonl", '{"context": "", "question": "q", "choices": ["a", "b"]}\n')
    (found,) = read_texts(rows, "multiple choice").examples
    assert (found.question, found.options) == ("q", ("a", "b"))
    file = write(tmp_path / "f.csv", "premise,question,choice1,choice2\np,q,a,b\n")
    (found,) = read_texts(file, "multiple choice").examples
    assert (found.context, found.question, found.options) == ("p", "q", ("a", "b"))


def test_columns_that_are_named_count(tmp_path):
    file = write(tmp_path / "f.csv", "premise,hypothesis,other\na,b,c\n")
    (found,) = read_texts(file, "classification", ["other", "premise"]).examples
    assert pair_of(found) == ("c", "a")
    (single,) = read_texts(file, "classification", ["other"]).examples
    assert single.text == "c"


@pytest.mark.parametrize(
    ("name", "content", "family", "columns", "words"),
    [
        ("f.csv", "a,b\n1,2\n", "classification", [], ["--columns", "a, b"]),
        (
            "f.csv",
            "premise,hypothesis,sentence1,sentence2\na,b,c,d\n",
            "classification",
            [],
            ["several", "premise,hypothesis; sentence1,sentence2"],
        ),
        ("f.csv", "premise,hypothesis\na,b\n", "classification", ["premis"], ["'premis'"]),
        ("f.csv", "premise,hypothesis\na,b\n", "span", ["premise"], ["--columns", "span"]),
        ("f.csv", "words,tokens\na,b\n", "tagging", [], ["several"]),
    ],
)
def test_what_is_open_is_asked(tmp_path, name, content, family, columns, words):
    with pytest.raises(SettingsError) as caught:
        read_texts(write(tmp_path / name, content), family, columns)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("name", "content", "family", "words"),
    [
        ("f.csv", "premise,hypothesis\na,b\nc,\n", "classification", ["f.csv:3", "empty"]),
        ("f.csv", "premise,hypothesis\na,b,c\n", "classification", ["f.csv:2", "3 cells"]),
        ("f.csv", "premise,hypothesis\n", "classification", ["no rows"]),
        ("f.csv", "", "classification", ["f.csv", "empty"]),
        ("f.tsv", "question\tcontext\na\n", "span", ["f.tsv:2", "1 column"]),
        ("f.jsonl", '{"words": ["a", ""]}\n', "tagging", ["f.jsonl", "empty word"]),
        ("f.jsonl", '{"words": [1]}\n', "tagging", ["f.jsonl", "empty word"]),
        (
            "f.jsonl",
            '{"context": "c", "question": "q", "options": ["a"]}\n',
            "multiple choice",
            ["two or more"],
        ),
        ("f.jsonl", '{"question": "a", "context": 3}\n', "span", ["'context' is no text"]),
        ("f.xlsx", "x", "span", [".xlsx", ".csv"]),
    ],
)
def test_bad_files(tmp_path, name, content, family, words):
    with pytest.raises(DataError) as caught:
        read_texts(write(tmp_path / name, content), family)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_file_that_is_not_there(tmp_path):
    for name in ("f.csv", "f.parquet", "f.jsonl", "f.txt"):
        with pytest.raises(DataError, match="no such file"):
            read_texts(tmp_path / name, "tagging")
