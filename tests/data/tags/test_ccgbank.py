"""CCGbank's derivations."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.tags.samples import AUTO, sentences


def test_derivations_give_their_leaves(write):
    reading = read_examples("ccg-auto", write("a.auto", AUTO.format(7) + AUTO.format(8)))
    assert sentences(reading) == [
        ((f"Vinken{n}", "rests", "."), ("N", "S[dcl]\\NP", ".")) for n in (7, 8)
    ]


@pytest.mark.parametrize("root", ["ccgbank/data/AUTO", "ccgbank/AUTO", "ccgbank"])
def test_ccgbank_is_split_by_section(write, tmp_path, root):
    for section in range(25):
        write(f"{root}/{section:02d}/wsj_{section:02d}01.auto", AUTO.format(section))
    words = {
        split: [
            e.words[0]
            for e in read_examples("ccg-auto", tmp_path / "ccgbank", split=split).examples
        ]
        for split in ("train", "dev", "test")
    }
    assert words == {
        "train": [f"Vinken{n}" for n in range(2, 22)],
        "dev": ["Vinken0"],
        "test": ["Vinken23"],
    }
    with pytest.raises(SettingsError, match="no split 'tset'"):
        read_examples("ccg-auto", tmp_path / "ccgbank", split="tset")
    (tmp_path / root / "07" / "wsj_0701.auto").unlink()
    with pytest.raises(DataError, match="section 07 has no .auto files"):
        read_examples("ccg-auto", tmp_path / "ccgbank", split="train")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("(<T S 0 2> (<L N a b c N>) )", "ends too early"),
        ("(<T S 0 1> (<L N a b c N>) (<L N a b c N>) )", "one node too many"),
        ("(<T S 0 2> (<L N a b c N>)", "cut off"),
        ("(<L N a b c N>) (<L N a b c N>)", "one node too many"),
        ("(<L N a b c>)", "no node of a derivation at column 1"),
        ("(<L N a b c N>) )", "ends too early at column 17"),
        ("ID=2", "sentence '1' has no derivation"),
    ],
)
def test_broken_derivations_are_told(write, line, what):
    file = write("bad.auto", f"ID=1\n{line}\n")
    with pytest.raises(DataError, match=what) as caught:
        read_examples("ccg-auto", file)
    assert caught.value.where == f"{file}:2"


def test_a_derivation_needs_its_id(write):
    with pytest.raises(DataError, match="without an ID line"):
        read_examples("ccg-auto", write("bad.auto", "(<L N a b c N>)\n"))
    with pytest.raises(DataError, match="'wsj_0001.1' occurs twice"):
        read_examples("ccg-auto", write("twice.auto", AUTO.format(1) * 2))


def test_derivations_have_the_words_of_the_treebank(real_data):
    folder = real_data / "ccg_ud2ccg" / "geometry"
    derivations = read_examples("ccg-auto", folder / "geo-train.auto").examples
    treebank = read_examples("conllu", folder / "geo-train.conllu").examples
    assert [e.words for e in derivations] == [e.words for e in treebank]
