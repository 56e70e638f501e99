"""Text files as they come: quotes, delimiters, encodings, compression, standard input."""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crosscal.exceptions import DataError, SettingsError
from crosscal.predictions.external.sources import csv_source, json_source, plain_files
from tests.predictions.external.truth_tables import NAMES, N, is_truth, read, text, wide

QUOTED = {
    "open": ['"an open quote'] * 3 + ["plain"] * 5,
    "inside": ['say "no"', 'a " b'] * 4,
    "closed too early": ['"a" b', "c"] * 4,
}


@pytest.mark.parametrize("kind", QUOTED)
def test_quotes_that_enclose_nothing_swallow_no_rows(tmp_path, kind):
    rows = [f"0.9\t0.1\t{i % 2}\t{words} {i}" for i, words in enumerate(QUOTED[kind] * 3)]
    path = text(tmp_path, "prob_0\tprob_1\tlabel\ttext\n" + "\n".join(rows) + "\n", "a.tsv")
    assert len(read(path)) == 24


def test_a_cell_of_several_lines_is_one_cell_and_swallowed_rows_are_an_error(tmp_path):
    rows = [f'0.9,0.1,{i % 2},"one, two\nthree"' for i in range(6)]
    head = "prob_0,prob_1,label,text\n"
    found = read(text(tmp_path, head + "\n".join(rows) + "\n", "a.csv"))
    assert len(found) == 6
    assert "6 cells run over several lines" in found.notes
    rows = ['0.9,0.1,0,"open, not closed', *['0.9,0.1,1,"a, b"'] * 4]
    with pytest.raises(DataError, match=r"a\.csv:2|fields"):
        read(text(tmp_path, head + "\n".join(rows) + "\n", "a.csv"))


UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a"])
@pytest.mark.parametrize("encoding", UNICODE)
def test_encodings_are_recognised_and_said(tmp_path, truth, encoding, name):
    content = wide(truth).replace("neutral", "nötr")
    if "json" in name:
        rows = pd.read_csv(io.StringIO(content)).to_dict("records")
        dumped = [json.dumps(row, ensure_ascii=False) for row in rows]
        content = "\n".join(dumped) if name == "a.jsonl" else f"[{','.join(dumped)}]\n"
    found = read(text(tmp_path, content.encode(encoding), name))
    assert found.classes[-1] == "nötr"
    assert found.values.shape == (N, 3)
    said = any("encoding" in words for words in found.notes)
    assert said == (encoding not in ("utf-8", "utf-8-sig"))


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gb18030", "shift_jis"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a"])
def test_other_encodings_are_asked_about_and_read_where_they_are_named(
    tmp_path, truth, encoding, name
):
    content = wide(truth, sign="\t" if name == "a.tsv" else ",").replace("neutral", "ничья")
    if name == "a.jsonl":
        rows = pd.read_csv(io.StringIO(content)).to_dict("records")
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path = text(tmp_path, content.encode(encoding), name)
    with pytest.raises(DataError, match="not UTF-8: byte .*--encoding") as caught:
        read(path)
    assert caught.value.where.startswith(f"{path}:")
    found = read(path, encoding=encoding)
    is_truth(found, truth, (*NAMES[:2], "ничья"))
    assert any(words.startswith("encoding: ") for words in found.notes)


def test_the_place_of_a_wrong_byte_is_that_of_the_file(tmp_path, truth, monkeypatch):
    monkeypatch.setattr("crosscal.predictions.external.sources.plain_files._BLOCK", 7)
    content = wide(truth).encode() + b"0.2,0.3,0.5,caf\xe9\n"
    with pytest.raises(DataError, match="byte 0xE9 at byte offset") as caught:
        read(text(tmp_path, content, "a.csv"))
    assert caught.value.where.endswith(f":{N + 2}")
    assert f"byte offset {content.index(0xE9)} " in caught.value.what
    with pytest.raises(DataError, match="byte 0xE9 at byte offset"):
        read(text(tmp_path, content[:-1], "a.csv"))  # cut within what may be a letter


def test_a_named_encoding_that_is_not_needed_is_doubted(tmp_path, truth):
    path = text(tmp_path, wide(truth).replace("neutral", "nötr").encode(), "a.csv")
    assert any("would be UTF-8, too" in words for words in read(path, encoding="cp1252").notes)
    with pytest.raises(SettingsError, match="no encoding is called 'cp9999'"):
        read(path, encoding="cp9999")


@pytest.mark.parametrize("name", ["gold.txt", "gold.csv"])
def test_labels_in_another_file_follow_the_same_rule(tmp_path, truth, name):
    p, gold = truth
    names = [*NAMES[:2], "ничья"]
    np.save(tmp_path / "p.npy", p)
    words = "".join(f"{names[g]}\n" for g in gold)
    words = words if name == "gold.txt" else f"label\n{words}"
    for encoding, named in (("utf-16", None), ("utf-16-be", None), ("cp1251", "cp1251")):
        (tmp_path / name).write_bytes(words.encode(encoding))
        found = read(
            tmp_path / "p.npy",
            labels=str(tmp_path / name),
            classes=tuple(names),
            probabilities="scores",
            encoding=named,
        )
        is_truth(found, truth, tuple(names))


@pytest.mark.parametrize(("sign", "name"), [(";", "a.csv"), ("\t", "a.csv"), ("|", "a.txt")])
def test_decimal_commas_and_delimiters(tmp_path, truth, sign, name):
    found = read(text(tmp_path, wide(truth, sign=sign, decimals=","), name))
    is_truth(found, truth)
    assert "decimals are written with commas" in found.notes


def test_compressed_files(tmp_path, truth):
    content = wide(truth).encode()
    is_truth(read(text(tmp_path, gzip.compress(content), "a.csv.gz")), truth)
    zstd = pa.Codec("zstd").compress(content, asbytes=True)
    is_truth(read(text(tmp_path, zstd, "a.csv.zst")), truth)
    with pytest.raises(DataError, match="truncated"):
        read(text(tmp_path, gzip.compress(content)[:200], "a.csv.gz"))


def test_standard_input(truth, monkeypatch):
    class Input:
        buffer = io.BytesIO(wide(truth).encode())

    monkeypatch.setattr("sys.stdin", Input())
    is_truth(read("-"), truth)


@pytest.mark.parametrize(
    ("name", "start", "cell", "limit"),
    [
        ("a.csv", "p0,p1,label\n", "0.5,", "LONGEST_ROW"),
        ("a.jsonl", '{"p0": 1}\n{"a": "', "xxxx", "_LONGEST_JSON"),
        ("a.json", '[{"a": "', "xxxx", "LONGEST_DOCUMENT"),
    ],
)
def test_a_line_that_memory_could_not_hold_is_refused_before_it_is_read(
    tmp_path, monkeypatch, name, start, cell, limit
):
    monkeypatch.setattr(plain_files, limit, 1 << 20)
    path = tmp_path / name
    path.write_text(start + cell * (1 << 20))
    held = []
    decoded = plain_files._decoded

    def watched(plain, encoding):
        for block in decoded(plain, encoding):
            held.append(len(block))
            yield block

    monkeypatch.setattr(plain_files, "_decoded", watched)
    line = start.count("\n") + 1
    with pytest.raises(DataError, match=rf"{name}:{line}: a line of more than 1 million"):
        read(path)
    assert sum(held) <= 3 << 20  # of four


def test_a_long_line_in_another_encoding_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_files, "LONGEST_ROW", 1 << 20)
    path = tmp_path / "a.csv"
    path.write_text("p0,p1,label\n" + "0.5," * (1 << 19), encoding="utf-16")
    with pytest.raises(DataError, match="more than 1 million"):
        read(path)


def test_a_large_document_is_refused_and_large_json_lines_are_not(tmp_path, monkeypatch):
    lines = [json.dumps({"p0": 0.9, "p1": 0.1, "label": i % 2}) for i in range(40)]
    monkeypatch.setattr(json_source, "LONGEST_DOCUMENT", 500)
    document = tmp_path / "a.json"
    document.write_text("[" + ",\n".join(lines) + "]")
    with pytest.raises(DataError, match=r"one JSON document of .* Write JSON lines"):
        read(document)
    lined = tmp_path / "b.json"
    lined.write_text("\n".join(lines))
    assert len(read(lined)) == 40


def test_of_very_many_columns_fewer_rows_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_source, "_CELLS", 5_000)
    names = [f"prob_{i}" for i in range(400)]
    row = ",".join([f"{1 / 400:.6f}"] * 400)
    rows = [f"{row},{i % 400}" for i in range(100)]
    path = text(tmp_path, ",".join([*names, "label"]) + "\n" + "\n".join(rows) + "\n", "a.csv")
    source = csv_source.CsvSource(plain_files.open_plain(str(path)))
    assert len(source._preview) == 20
    assert read(path).values.shape == (100, 400)


def test_a_repeated_name_among_very_many_is_found(tmp_path):
    names = [f"x{i}" for i in range(20_000)]
    path = text(tmp_path, ",".join([*names, "x77"]) + "\n" + "0," * 20_000 + "0\n", "a.csv")
    with pytest.raises(DataError, match="names column 'x77' twice"):
        read(path)
