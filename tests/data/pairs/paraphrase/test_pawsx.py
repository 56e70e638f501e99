"""PAWS-X in its three forms."""

from __future__ import annotations

import pytest

from crosscal.data import read_examples
from crosscal.data.pairs.paraphrase.pawsx import UNTRANSLATED
from crosscal.exceptions import DataError, SettingsError
from tests.data.conftest import PARAPHRASE
from tests.data.pairs.samples import headed, parquet, pawsx, quoted

PAWSX_LANGUAGES = ("en", "zh", "ja")


@pytest.mark.parametrize("form", ["xtreme", "original", "hub"])
def test_pawsx_leaves_out_what_one_language_lacks(write, tmp_path, form):
    bad = {"zh": {1: "NS"}, "ja": {1: "NS", 4: " "}}
    for language in PAWSX_LANGUAGES:
        table = pawsx(language, bad.get(language, {}))
        numbered = [(str(i + 1), *row) for i, row in enumerate(table)]
        if form == "xtreme":
            write(f"dev-{language}.tsv", quoted(table))
        elif form == "original":
            write(f"{language}/dev_2k.tsv", headed("id sentence1 sentence2 label", *numbered))
        else:
            keys = ("id", "sentence1", "sentence2", "label")
            records = [dict(zip(keys, row, strict=True)) for row in numbered]
            records = [r | {"id": int(r["id"]), "label": int(r["label"])} for r in records]
            parquet(tmp_path / f"{language}/validation-00000-of-00001.parquet", records)
    args = {"split": "dev", "labels": PARAPHRASE}
    reading = read_examples(f"pawsx-{form}", tmp_path, languages=PAWSX_LANGUAGES, **args)
    assert reading.dropped == {UNTRANSLATED: 6}
    left = [f"dev-{i:05d}" for i in range(12) if i not in (1, 4)]
    for language in PAWSX_LANGUAGES:
        rows_of = [e for e in reading.examples if e.language == language]
        assert [e.unit_id for e in rows_of] == left
        assert rows_of[0].text_b == f'{language} "x" 0'
    # Alone, a language lacks its own pairs only.
    alone = read_examples(f"pawsx-{form}", tmp_path, languages=("zh",), **args)
    assert (len(alone.examples), alone.dropped) == (11, {UNTRANSLATED: 1})
    english = read_examples(f"pawsx-{form}", tmp_path, languages=("en",), **args)
    assert (len(english.examples), english.dropped) == (12, {})


def test_pawsx_training_files_have_names_of_their_own(write, tmp_path):
    header = "id sentence1 sentence2 label"
    write("en/train.tsv", headed(header, ("1", "a", "b", "0")))
    write("ko/translated_train.tsv", headed(header, ("1", "가", "나", "0")))
    reading = read_examples(
        "pawsx-original", tmp_path, split="train", languages=("en", "ko"), labels=PARAPHRASE
    )
    assert [e.text_a for e in reading.examples] == ["a", "가"]


def test_pawsx_refuses(write, tmp_path):
    write("test-de.tsv", "a\tb\r\nc\td\r\n")
    args = {"split": "test", "languages": ("de",), "labels": PARAPHRASE}
    with pytest.raises(DataError, match="2 columns instead of 3.*no labels"):
        read_examples("pawsx-xtreme", tmp_path, **args)
    reading = read_examples("pawsx-xtreme", tmp_path, require_labels=False, **args)
    assert [e.label for e in reading.examples] == [None, None]
    path = write("test-de.tsv", 'a\tb\t1\r\n"c\td\t0\r\n')
    with pytest.raises(DataError, match="not quoted properly") as caught:
        read_examples("pawsx-xtreme", tmp_path, **args)
    assert caught.value.where == f"{path}:2"
    path = write("test-de.tsv", "a\tb\t1\n" + "NS\tNS\t0\n" * 6)
    with pytest.raises(DataError, match="6 of 7 rows.*far more") as caught:
        read_examples("pawsx-xtreme", tmp_path, **args)
    assert caught.value.where == f"{path}:2"
    write("test-fr.tsv", "a\tb\t1\n")
    with pytest.raises(DataError, match="1 rows in 'fr' but 2"):
        write("test-de.tsv", "a\tb\t1\nc\td\t0\n")
        read_examples("pawsx-xtreme", tmp_path, **args | {"languages": ("de", "fr")})
    with pytest.raises(SettingsError, match="not 'tr'"):
        read_examples("pawsx-xtreme", tmp_path, **args | {"languages": ("tr",)})


def test_real_pawsx(real_data):
    languages = tuple("de en es fr ja ko zh".split())
    args = {"split": "dev", "labels": PARAPHRASE}
    reading = read_examples("pawsx-xtreme", real_data / "pawsx", languages=languages, **args)
    assert len(reading.examples) == 7 * 1849
    assert reading.dropped == {UNTRANSLATED: 7 * 151}
    labels = [{e.unit_id: e.label for e in reading.examples if e.language == c} for c in languages]
    assert all(actual == labels[0] for actual in labels)
    english = read_examples("pawsx-xtreme", real_data / "pawsx", **args)
    assert (len(english.examples), english.dropped) == (2000, {})
    test = read_examples(
        "pawsx-xtreme",
        real_data / "pawsx",
        split="test",
        languages=languages,
        labels=PARAPHRASE,
        require_labels=False,
    )
    assert len(test.examples) == 7 * (2000 - 121)
