"""BUCC 2018."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError
from tests.data.bitexts.samples import ENGLISH, SENTENCES, lines, sides


def bucc(write, folder="", split="dev", *, gold="zh-2\ten-1\n") -> None:
    other = lines(f"zh-{i}\t{text}" for i, text in enumerate(SENTENCES["zh"]))
    english = lines(f"en-{i}\t{text}" for i, text in enumerate((*ENGLISH, "A fourth.")))
    write(f"{folder}zh-en.{split}.zh", other)
    write(f"{folder}zh-en.{split}.en", english)
    if gold:
        write(f"{folder}zh-en.{split}.gold", gold)


@pytest.mark.parametrize(("folder", "split"), [("", "dev"), ("zh-en/", "sample")])
def test_bucc_pairs(write, tmp_path, folder, split):
    bucc(write, folder, split)
    reading = read_examples("bucc2018", tmp_path, split="dev", languages=("zh",))
    other, english = sides(reading, "zh")
    assert (len(other), len(english)) == (3, 4)
    assert other[2].partners == (english[1].unit_id,)
    assert english[1].partners == (other[2].unit_id,)
    assert other[0].partners == english[0].partners == ()
    assert other[2].cluster_id == english[1].cluster_id
    assert len({e.cluster_id for e in reading.examples}) == 6
    assert (other[0].sentence_id, english[3].sentence_id) == ("zh-0", "en-3")


def test_bucc_training_is_found_as_train(write, tmp_path):
    bucc(write, split="training")
    assert read_examples("bucc2018", tmp_path, split="train", languages=("zh",)).examples
    with pytest.raises(DataError, match="no split 'test'"):
        read_examples("bucc2018", tmp_path, split="test", languages=("zh",))


def test_bucc_chains_of_pairs_are_one_cluster(write, tmp_path):
    bucc(write, gold="zh-2\ten-1\nzh-0\ten-1\nzh-0\ten-3\n")
    reading = read_examples("bucc2018", tmp_path, split="dev", languages=("zh",))
    other, english = sides(reading, "zh")
    assert english[1].partners == (other[0].unit_id, other[2].unit_id)
    assert len({other[0].cluster_id, other[2].cluster_id, english[3].cluster_id}) == 1
    assert len({e.cluster_id for e in reading.examples}) == 4


def test_bucc_without_gold(write, tmp_path):
    bucc(write, split="test", gold="")
    with pytest.raises(DataError, match="no file of gold pairs") as caught:
        read_examples("bucc2018", tmp_path, split="test", languages=("zh",))
    assert caught.value.where == str(tmp_path / "zh-en.test.gold")
    reading = read_examples(
        "bucc2018", tmp_path, split="test", languages=("zh",), require_labels=False
    )
    assert {e.partners for e in reading.examples} == {None}


@pytest.mark.parametrize(
    ("name", "content", "line", "what"),
    [
        ("zh-en.dev.gold", "zh-2\ten-1\nen-1\tzh-2\n", 2, "zh-en.dev.zh has the id 'en-1'"),
        ("zh-en.dev.gold", "zh-2\ten-1\nzh-2\ten-1\n", 2, "pair occurs twice"),
        ("zh-en.dev.gold", "zh-2 en-1\n", 1, "1 column instead of 2"),
        ("zh-en.dev.zh", "zh-0\ta\nzh-0\tb\n", 2, "'zh-0' is blank or occurs twice"),
        ("zh-en.dev.en", "en-0\ta\n\tb\n", 2, "'' is blank"),
        ("zh-en.dev.en", "en-0\ta\nen-1\t \n", 2, "sentence is empty"),
        ("zh-en.dev.en", "en-0\ta\nen-1\n", 2, "1 column instead of 2"),
    ],
)
def test_bucc_refuses(write, tmp_path, name, content, line, what):
    bucc(write)
    path = write(name, content)
    if name != "zh-en.dev.gold":
        write("zh-en.dev.gold", "zh-0\ten-0\n")
    with pytest.raises(DataError, match=what) as caught:
        read_examples("bucc2018", tmp_path, split="dev", languages=("zh",))
    assert caught.value.where == f"{path}:{line}"


def test_real_bucc(real_data):
    reading = read_examples("bucc2018", real_data / "bucc2018", split="dev", languages=("zh",))
    other, english = sides(reading, "zh")
    assert (len(other), len(english)) == (8624, 13_589)
    assert sum(len(e.partners) for e in other) == sum(len(e.partners) for e in english) == 257
