"""Universal Dependencies."""

from __future__ import annotations

from collections import Counter

import pytest

from crosscal.data import read_examples
from crosscal.exceptions import DataError, SettingsError
from tests.data.tags.samples import TURKISH, conllu


def test_ranges_and_empty_nodes_are_beside_the_words(write):
    (example,) = read_examples("conllu", write("a.conllu", TURKISH), languages=("tr",)).examples
    assert (example.words, example.tags) == (("evde", "ki", "kedi"), ("NOUN", "ADP", "NOUN"))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (TURKISH + TURKISH, 10, "id 't-1' occurs twice"),
        (conllu(("1", "a", "X"), ("3", "b", "X")), 2, "id '3' instead of 2"),
        (conllu(("1", "a", "X"), ("x", "b", "X")), 2, "id 'x' instead of 2"),
        ("1\ta\tX\n", 1, "3 columns instead of 10"),
        (conllu(("1", "a", "X")).strip() + "\n# text = b\n", 2, "comment inside a sentence"),
        ("# sent_id = 1\n# sent_id = 2\n" + conllu(("1", "a", "X")), 2, "second or empty sent_id"),
        ("# text = a\n\n" + conllu(("1", "a", "X")), 1, "no words"),
        (conllu(("1", "_", "X"), ("2", "_", "Y")), 1, "words of the sentence are left out"),
        (conllu(("1", "a", "_"), ("2", "b", "_")), 1, "no tags"),
        (conllu(("1", "a", "X"), ("2", "b", "_")), 1, "'b' has an empty tag"),
    ],
)
def test_bad_conllu_is_told(write, text, line, what):
    file = write("bad.conllu", text)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("conllu", file)
    assert caught.value.where == f"{file}:{line}"


def test_treebanks_of_a_language_are_read_together(write, tmp_path):
    write("UD_Turkish-IMST/tr_imst-ud-dev.conllu", TURKISH)
    write("UD_Turkish-BOUN/tr_boun-ud-dev.conllu", TURKISH)
    write("UD_Czech-PDT/cs_pdt-ud-train-a.conllu", conllu(("1", "a", "X")))
    write("UD_Czech-PDT/cs_pdt-ud-train-b.conllu", conllu(("1", "b", "X")))
    read = read_examples("conllu", tmp_path, split="dev", languages=("tr",))
    assert [file.name for file in read.files] == ["tr_boun-ud-dev.conllu", "tr_imst-ud-dev.conllu"]
    assert [e.unit_id for e in read.examples] == ["dev-00000", "dev-00001"]
    parts = read_examples("conllu", tmp_path, split="train", languages=("cs",))
    assert [e.words for e in parts.examples] == [("a",), ("b",)]
    with pytest.raises(DataError, match="no language 'en'.*Known are: cs, tr"):
        read_examples("conllu", tmp_path, split="dev")
    with pytest.raises(DataError, match="no split 'train'.*Known are: dev"):
        read_examples("conllu", tmp_path, split="train", languages=("tr",))
    write("UD_Turkish-BOUN/tr_boun-ud-dev.conllu", conllu(("1", "a", "_")))
    with pytest.raises(DataError, match="no tags") as caught:
        read_examples("conllu", tmp_path, split="dev", languages=("tr",))
    assert caught.value.where == f"{tmp_path}:UD_Turkish-BOUN/tr_boun-ud-dev.conllu:1"


def test_pud_must_be_parallel(write, tmp_path):
    for language, bank in (("tr", "Turkish"), ("en", "English")):
        write(
            f"UD_{bank}-PUD/{language}_pud-ud-test.conllu",
            TURKISH + TURKISH.replace("t-1", f"t-2{language}"),
        )
    with pytest.raises(DataError, match="id 't-2tr' in 'tr' but 't-2en' in 'en'") as caught:
        read_examples("ud-pud", tmp_path, split="test", languages=("en", "tr"))
    assert str(caught.value.where).endswith("tr_pud-ud-test.conllu:10")
    assert len(read_examples("ud-pud", tmp_path, languages=("tr",)).examples) == 2
    with pytest.raises(SettingsError, match="no split 'train'"):
        read_examples("ud-pud", tmp_path, split="train")


def test_real_pud(real_data):
    words = {"en": 21180, "ar": 20747, "zh": 21415, "hi": 23829, "ru": 19355, "tr": 16881}
    reading = read_examples("ud-pud", real_data / "ud_pud", split="test", languages=tuple(words))
    assert reading.parallel
    assert len({e.unit_id for e in reading.examples}) == 1000
    # Words, the units, differ in number between languages: they cannot be resampled together.
    assert len({e.cluster_id for e in reading.examples}) == 6 * 1000
    actual = Counter()
    for example in reading.examples:
        actual[example.language] += len(example.words)
    assert actual == words
    # The treebanks' own statistics: nothing but the 17 tags of UD, and multiword tokens gone.
    assert len({tag for e in reading.examples for tag in e.tags}) == 17
