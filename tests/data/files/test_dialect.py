"""How files of columns are written: found, or asked about."""

from __future__ import annotations

import csv
import io
import random

import pytest

from crosscal.data import read_examples
from crosscal.data.files.dialect import find_dialect
from crosscal.exceptions import DataError, SettingsError

NAMES = ("text", "label")
COLUMNS = {"text": "text", "label": "label"}
LABELS = ("neg", "pos")


def texts_of(path, encoding=None, **columns):
    found = read_examples(
        "columns", path, labels=LABELS, columns=COLUMNS | columns, encoding=encoding
    )
    return [e.text_a for e in found.examples], found.notes


@pytest.mark.parametrize("sign", [",", ";", "|", "\t"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
def test_the_sign_between_columns_is_found_by_the_header(write, sign, suffix):
    path = write(f"a.{suffix}", f"text{sign}label\ngut, ja{sign}pos\n".replace(", ", " "))
    texts, notes = texts_of(path)
    assert texts == ["gut ja"]
    expected = "," if suffix == "csv" else "\t"
    assert bool(notes) == (sign != expected)


def test_a_sign_that_is_given_is_taken(write):
    path = write("a.csv", "text;label\na,b;pos\n")
    assert texts_of(path, delimiter="semicolon")[0] == ["a,b"]
    assert texts_of(path, delimiter=";")[0] == ["a,b"]
    with pytest.raises(SettingsError, match="'colon' is no delimiter"):
        texts_of(path, delimiter="colon")


def test_texts_that_begin_with_a_quote_are_read_as_they_stand(write):
    lines = [f'"Open {i}' if i % 10 == 0 else f"plain {i}" for i in range(40)]
    path = write("a.tsv", "label\ttext\n" + "".join(f"pos\t{line}\n" for line in lines))
    assert texts_of(path) == (lines, ())


@pytest.mark.parametrize("sign", [",", "\t"])
def test_what_a_program_quoted_is_unquoted(write, sign):
    texts = ['She said "no", twice', f"a{sign}b", "two\nlines", "plain"]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=sign, lineterminator="\n").writerows(
        [NAMES, *((text, "pos") for text in texts)]
    )
    path = write("a.csv" if sign == "," else "a.tsv", buffer.getvalue())
    found, notes = texts_of(path)
    assert found == texts
    assert notes == (() if sign == "," else ("a.tsv is quoted: quotes around cells are taken off",))


def test_quotes_around_every_cell_of_a_tab_file(write):
    path = write("a.tsv", '"text"\t"label"\n"Good."\t"pos"\n')
    assert texts_of(path)[0] == ["Good."]


def test_commas_without_quoting_are_found_where_they_can_only_be_that(write):
    path = write("a.csv", 'text,label\n"Well" she said,pos\nfine,neg\n')
    texts, notes = texts_of(path)
    assert texts == ['"Well" she said', "fine"]
    assert notes == ("a.csv is not quoted: quotes are letters in it",)


def test_two_readings_are_asked_about(write):
    path = write("a.csv", 'label,text\npos,"open\nneg,between\npos,close"\nneg,last\n')
    with pytest.raises(DataError, match="4 rows if quotes are letters, 2 if they are") as caught:
        texts_of(path)
    assert caught.value.where == f"{path}:2"
    assert "quoting" in caught.value.remedy
    assert texts_of(path, quoting="literal")[0] == ['"open', "between", 'close"', "last"]
    assert texts_of(path, quoting="doubled")[0] == ["open\nneg,between\npos,close", "last"]


def random_text(rng):
    letters = ["a", "ö", "日", " ", '"', '""', ",", ";", "|", "'", "x y"]
    return "".join(rng.choices(letters, k=rng.randint(1, 8))).strip() or "z"


@pytest.mark.parametrize("seed", range(300))
def test_random_files_are_read_right_or_asked_about(tmp_path, seed):
    """Whatever wrote the file: what a program quoted comes back, and no row is lost."""
    rng = random.Random(seed)
    sign = rng.choice([",", ";", "|", "\t"])
    texts = [random_text(rng) for _ in range(rng.randint(1, 6))]
    rows = [NAMES, *((text, rng.choice(LABELS)) for text in texts)]
    buffer = io.StringIO()
    if rng.random() < 0.5:
        quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        csv.writer(buffer, delimiter=sign, quoting=quoting, lineterminator="\n").writerows(rows)
        right = [texts]
    else:
        buffer.write("".join(sign.join(row) + "\n" for row in rows))
        # Written by hand, quotes around a whole text may be taken for those of a program.
        right = [texts, [_unquoted(text) for text in texts]]
    path = tmp_path / rng.choice(["a.csv", "a.tsv", "a.txt"])
    path.write_text(buffer.getvalue(), encoding=rng.choice(["utf-8", "utf-8-sig", "utf-16"]))
    try:
        found, _ = texts_of(path)
    except DataError:
        return
    assert found in right, buffer.getvalue()


def _unquoted(text):
    wrapped = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if wrapped else text


def test_ordinary_files_need_no_note(write):
    path = write("a.csv", "text,label\nfine,pos\n")
    assert find_dialect(path, NAMES).notes == ()
