"""Tatoeba as LASER and XTREME lay it out."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.data.bitexts.tatoeba import ISO_639_3
from crosscal.exceptions import DataError, SettingsError
from crosscal.languages import LANGUAGES
from crosscal.tasks import task
from tests.data.bitexts.samples import ENGLISH, SENTENCES, lines, sides


def test_codes_are_those_of_xtreme():
    assert len(ISO_639_3) == len(set(ISO_639_3.values())) == 36
    assert set(ISO_639_3) == set(task("tatoeba").languages) <= set(LANGUAGES)
    assert [ISO_639_3[code] for code in ("zh", "sw", "fa")] == ["cmn", "swh", "pes"]


def test_laser_files_are_aligned_by_line(write, tmp_path):
    for language, texts in SENTENCES.items():
        code = ISO_639_3[language]
        write(f"tatoeba.{code}-eng.{code}", lines(texts))
        write(f"tatoeba.{code}-eng.eng", lines(ENGLISH))
    reading = read_examples("tatoeba-laser", tmp_path, split="test", languages=tuple(SENTENCES))
    assert len(reading.files) == 10
    for language, texts in SENTENCES.items():
        other, english = sides(reading, language)
        assert tuple(e.text for e in other) == texts
        assert tuple(e.text for e in english) == ENGLISH
        assert [e.partners for e in other] == [(e.unit_id,) for e in english]
        assert [e.partners for e in english] == [(e.unit_id,) for e in other]
        assert [e.cluster_id for e in other] == [e.cluster_id for e in english]
        assert other[0].cluster_id == f"{language}/test-pair-00000"
        assert len({e.unit_id for e in (*other, *english)}) == 6
    assert other[1].sentence_id == "hin-1"


def test_other_languages_go_by_their_code_of_three_letters(write, tmp_path):
    write("tatoeba.amh-eng.amh", "ውሻው ተኝቷል።\n")
    write("tatoeba.amh-eng.eng", "The dog sleeps.\n")
    reading = read_examples("tatoeba-laser", tmp_path, languages=("amh",))
    assert reading.examples[0].text == "ውሻው ተኝቷል።"


@pytest.mark.parametrize(
    ("other", "english", "where", "what"),
    [
        ("a\nb\n", "c\n", "tatoeba.tur-eng.eng", "1 sentences, but 2"),
        ("a\n\n", "c\nd\n", "tatoeba.tur-eng.tur:2", "sentence is empty"),
        ("a\nb\n", "c\n \n", "tatoeba.tur-eng.eng:2", "sentence is empty"),
        ("a\nb\0\n", "c\nd\n", "tatoeba.tur-eng.tur:2", "NUL"),
        ("", "c\n", "tatoeba.tur-eng.tur", "is empty"),
    ],
)
def test_laser_refuses(write, tmp_path, other, english, where, what):
    write("tatoeba.tur-eng.tur", other)
    write("tatoeba.tur-eng.eng", english)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("tatoeba-laser", tmp_path, split="test", languages=("tr",))
    assert caught.value.where == str(tmp_path / where)


def test_english_is_no_language_of_a_pair(write, tmp_path):
    for format in ("tatoeba-laser", "tatoeba-xtreme", "bucc2018"):
        with pytest.raises(SettingsError, match="one side of every pair"):
            read_examples(format, tmp_path, split="test", languages=("en",))


def test_xtreme_hides_what_translates_what(write, tmp_path):
    order = (2, 0, 1)
    write("zh-en.zh", lines(SENTENCES["zh"]))
    write("zh-en.en", lines(ENGLISH[index] for index in order))
    with pytest.raises(DataError, match="nothing says what translates what") as caught:
        read_examples("tatoeba-xtreme", tmp_path, split="test", languages=("zh",))
    assert caught.value.where == str(tmp_path / "zh-en.en")
    unknown = read_examples(
        "tatoeba-xtreme", tmp_path, split="test", languages=("zh",), require_labels=False
    )
    assert {e.partners for e in unknown.examples} == {None}
    assert len({e.cluster_id for e in unknown.examples}) == 6
    gold = write("test-zh.tsv", lines(order))
    known = read_examples("tatoeba-xtreme", tmp_path, split="test", languages=("zh",))
    other, english = sides(known, "zh")
    by_id = {e.unit_id: e.text for e in known.examples}
    for text, sentence in zip(ENGLISH, other, strict=True):
        assert [by_id[unit] for unit in sentence.partners] == [text]
    assert gold in known.files
    assert english[0].partners == (other[2].unit_id,)


@pytest.mark.parametrize(
    ("gold", "line", "what"),
    [
        ("0\n1\n3\n", ":3", "'3' is no number"),
        ("0\n-1\n2\n", ":2", "'-1'"),
        ("0\n1\n", "", "2 lines"),
    ],
)
def test_xtreme_gold_is_checked(write, tmp_path, gold, line, what):
    write("zh-en.zh", lines(SENTENCES["zh"]))
    write("zh-en.en", lines(ENGLISH))
    path = write("test-zh.tsv", gold)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("tatoeba-xtreme", tmp_path, split="test", languages=("zh",))
    assert caught.value.where == f"{path}{line}"


def test_real_tatoeba(real_data):
    folder = real_data / "tatoeba_laser"
    reading = read_examples("tatoeba-laser", folder, split="test", languages=tuple(ISO_639_3))
    counts = {code: len(sides(reading, code)[0]) for code in ISO_639_3}
    assert sum(counts.values()) == 31_692
    assert (counts["sw"], counts["th"], counts["fr"]) == (390, 548, 1000)
    assert all(len(e.partners) == 1 for e in reading.examples)


def test_real_tatoeba_has_112_languages(real_data):
    folder = real_data / "tatoeba_laser"
    codes = sorted(path.name.split(".")[1][:3] for path in folder.glob("*.eng"))
    assert len(codes) == 112
    reading = read_examples("tatoeba-laser", folder, split="test", languages=codes)
    assert len(reading.examples) == 2 * 88_877
