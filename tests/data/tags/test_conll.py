"""Words and tags a line."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.tags.samples import HEBREW, SWAHILI, sentences


def test_words_and_tags_come_back_as_they_stand(write):
    file = write("a.txt", SWAHILI)
    reading = read_examples("conll", file, split="dev", languages=("sw",))
    assert sentences(reading) == [
        (("Wizara", "ya", "afya"), ("B-ORG", "I-ORG", "I-ORG")),
        (("Arusha", "."), ("B-LOC", "O")),
    ]
    first, second = reading.examples
    assert (first.unit_id, first.cluster_id) == ("dev-00000", "sw/dev-00000")
    assert second.cluster_id == "sw/dev-00001"
    assert not reading.parallel
    assert reading.files == (file,)


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_last_sentence_may_lack_its_blank_line(write, end, newline):
    text = ("a\tX\n\n\nb\tY\nc\tX" + end).replace("\n", newline)
    assert sentences(read_examples("conll", write("a.tsv", text))) == [
        (("a",), ("X",)),
        (("b", "c"), ("Y", "X")),
    ]


def test_one_tab_makes_spaces_letters(write):
    # No-break and other spaces are letters in either case.
    text = "New York\tB-LOC\nx\u00a0y\tO\n\u3000z \tO\n"
    (example,) = read_examples("conll", write("a.txt", text)).examples
    assert example.words == ("New York", "x\u00a0y", "\u3000z ")
    (example,) = read_examples("conll", write("b.txt", "a\u00a0b  O\nc O \n")).examples
    assert (example.words, example.tags) == (("a\u00a0b", "c"), ("O", "O"))


def test_four_columns_of_conll_2003(write):
    text = (
        "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n"
        "-DOCSTART- -X- -X- O\nPeter NNP I-NP I-PER\n"
    )
    assert sentences(read_examples("conll", write("eng.testa", text))) == [
        (("EU", "rejects"), ("I-ORG", "O")),
        (("Peter",), ("I-PER",)),
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a X\nb\n", 2, "1 column, but 2 in line 1"),
        ("a X\nb Y Z\n", 2, "3 columns, but 2"),
        ("a\tX\n \nb\tX\n", 2, "1 column, but 2"),
        ("a\tX\n\t\n", 1, "word 1 of the sentence is empty"),
        ("a\tX\n\n\u3000\tX\n", 3, "word 0 of the sentence is empty"),
        ("a\tX\nb\t\n", 1, "'b' has an empty tag"),
        ("a\tX\n\nb\tZ\n", 3, "unknown tag 'Z' of the word 'b'"),
        ("a\nb\n", 1, "no tags"),
        ("a\tX\nb\xff\tX\n".encode("latin-1"), 2, "not UTF-8: byte 0xFF"),
        ("\n\n", None, "no rows are left"),
        ("", None, "the file is empty"),
    ],
)
def test_bad_lines_are_told(write, text, line, what):
    file = write("bad.txt", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("conll", file, labels=("X", "Y"))
    assert caught.value.where == (str(file) if line is None else f"{file}:{line}")


def test_words_alone_are_read_where_no_tags_are_required(write):
    file = write("test-th.tsv", "แมว\nนอน\n\nกิน\n")
    reading = read_examples("conll", file, languages=("th",), require_labels=False)
    assert sentences(reading) == [(("แมว", "นอน"), None), (("กิน",), None)]


def test_split_and_language_may_stand_anywhere_in_the_path(write, tmp_path):
    write("sw/dev.txt", SWAHILI)
    write("he/dev.txt", HEBREW)
    pattern = tmp_path / "{language}" / "{split}.txt"
    reading = read_examples("conll", pattern, split="dev", languages=("he", "sw"))
    assert [e.language for e in reading.examples] == ["he", "sw", "sw"]
    assert len(reading.files) == 2
    with pytest.raises(DataError, match="no split 'tset'.*Known are: dev"):
        read_examples("conll", pattern, split="tset", languages=("he",))
    with pytest.raises(DataError, match="no such folder"):
        read_examples("conll", pattern, split="dev", languages=("tr",))
    with pytest.raises(SettingsError, match="no split is given"):
        read_examples("conll", pattern, languages=("he",))
    with pytest.raises(SettingsError, match="one file cannot hold 2 languages"):
        read_examples("conll", tmp_path / "he" / "dev.txt", languages=("he", "sw"))
    assert len(read_examples("conll", tmp_path / "sw", split="dev").examples) == 2
