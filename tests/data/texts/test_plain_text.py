"""Running text in plain files."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError


def test_text_paragraphs_and_documents(write, tmp_path):
    write("ar.txt", "\n\nالكلب نائم.\nالسماء تمطر.\n \n\nالباب مفتوح.")
    write("th.txt", "สุนัขนอน\r\n\r\nฝนตก\r\n")
    reading = read_examples("text", tmp_path, split="train", languages=("ar", "th"))
    actual = [(e.language, e.unit_id, e.cluster_id, e.text) for e in reading.examples]
    assert actual == [
        ("ar", "train-00000", "ar/train-document-00000", "الكلب نائم."),
        ("ar", "train-00001", "ar/train-document-00000", "السماء تمطر."),
        ("ar", "train-00002", "ar/train-document-00002", "الباب مفتوح."),
        ("th", "train-00000", "th/train-document-00000", "สุนัขนอน"),
        ("th", "train-00001", "th/train-document-00001", "ฝนตก"),
    ]


def test_text_in_one_file_or_by_pattern(write, tmp_path):
    path = write("corpus.hi.txt", "बारिश हो रही है।\n")
    assert len(read_examples("text", path, languages=("hi",)).examples) == 1
    pattern = tmp_path / "corpus.{language}.txt"
    assert len(read_examples("text", pattern, languages=("hi",)).examples) == 1
    with pytest.raises(SettingsError, match="cannot hold 2 languages"):
        read_examples("text", path, languages=("hi", "ur"))
    with pytest.raises(DataError, match="no rows are left"):
        read_examples("text", write("blank.txt", "\n \n"))
    with pytest.raises(DataError, match="no language 'ur'"):
        read_examples("text", tmp_path, languages=("ur",))
