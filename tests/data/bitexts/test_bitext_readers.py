"""Sentences to be found, and running text: every form, and what is refused."""

from __future__ import annotations

import bz2
import json

import pytest

from crosscal.data import read_examples
from crosscal.data.bitexts.tatoeba import ISO_639_3
from crosscal.data.texts.wikipedia import EMPTY
from crosscal.exceptions import DataError, SettingsError
from crosscal.languages import LANGUAGES
from crosscal.tasks import task

SENTENCES = {
    "zh": ("狗在睡觉。", "天在下雨。", "门是开着的。"),
    "th": ("สุนัขนอน", "ฝนตก", "ประตูเปิดอยู่"),
    "ar": ("الكلب نائم.", "السماء تمطر.", "الباب مفتوح."),
    "ur": ("کتا سو رہا ہے۔", "بارش ہو رہی ہے۔", "دروازہ کھلا ہے۔"),
    "hi": ("कुत्ता सो रहा है।", "बारिश हो रही है।", "दरवाज़ा खुला है।"),
}
ENGLISH = ("The dog sleeps.", "It rains.", "The door is open.")


def lines(texts) -> str:
    return "".join(f"{text}\n" for text in texts)


def sides(reading, language):
    rows = [e for e in reading.examples if e.language == language]
    return [e for e in rows if not e.english], [e for e in rows if e.english]


# --- Tatoeba ---------------------------------------------------------------------------------


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
    write("zh-en.en", lines(ENGLISH[place] for place in order))
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


# --- BUCC ------------------------------------------------------------------------------------


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


# --- running text ----------------------------------------------------------------------------


def test_text_paragraphs_and_documents(write, tmp_path):
    write("ar.txt", "\n\nالكلب نائم.\nالسماء تمطر.\n \n\nالباب مفتوح.")
    write("th.txt", "สุนัขนอน\r\n\r\nฝนตก\r\n")
    reading = read_examples("text", tmp_path, split="train", languages=("ar", "th"))
    found = [(e.language, e.unit_id, e.cluster_id, e.text) for e in reading.examples]
    assert found == [
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


ARTICLES = (
    ("7", 'A "quoted" & title', ["狗在睡觉。", "天在下雨。"]),
    ("9", "空", []),
    ("12", "门", ["门是开着的。"]),
)


def as_text(articles=ARTICLES) -> str:
    text = ""
    for identity, title, paragraphs in articles:
        body = "\n".join([title, "", *paragraphs, ""])
        text += f'<doc id="{identity}" url="https://x?curid={identity}" title="{title}">\n'
        text += f"{body}\n</doc>\n"
    return text


def as_json(articles=ARTICLES) -> str:
    return "".join(
        json.dumps({"id": i, "revid": "1", "url": "u", "title": t, "text": "\n".join(p)}) + "\n"
        for i, t, p in articles
    )


def test_wikipedia_in_both_forms_gives_the_same(write, tmp_path):
    write("a/zh/AA/wiki_00", as_text(ARTICLES[:2]))
    write("a/zh/AB/wiki_00", as_text(ARTICLES[2:]))
    write("b/AA/wiki_00.bz2", bz2.compress(as_json(ARTICLES[:1]).encode()))
    write("b/AA/wiki_01.bz2", bz2.compress(as_json(ARTICLES[1:]).encode()))
    first = read_examples("wikipedia", tmp_path / "a", split="train", languages=("zh",))
    second = read_examples("wikipedia", tmp_path / "b", split="train", languages=("zh",))
    assert first.examples == second.examples
    assert [(e.unit_id, e.cluster_id, e.text) for e in first.examples] == [
        ("train-00000", "zh/train-article-7", "狗在睡觉。"),
        ("train-00001", "zh/train-article-7", "天在下雨。"),
        ("train-00002", "zh/train-article-12", "门是开着的。"),
    ]
    assert first.dropped == second.dropped == {EMPTY: 1}
    assert len(first.files) == len(second.files) == 2


def test_wikipedia_of_several_languages(write, tmp_path):
    for language in ("ur", "hi"):
        write(f"{language}/AA/wiki_00", as_text([("1", "t", [SENTENCES[language][0]])]))
    reading = read_examples("wikipedia", tmp_path, split="train", languages=("ur", "hi"))
    assert [e.text for e in reading.examples] == [SENTENCES["ur"][0], SENTENCES["hi"][0]]
    with pytest.raises(DataError, match="no such folder"):
        read_examples("wikipedia", tmp_path, split="train", languages=("ur", "th"))
    (tmp_path / "th").mkdir()
    with pytest.raises(DataError, match="no articles in language 'th'"):
        read_examples("wikipedia", tmp_path, split="train", languages=("th",))


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (as_text()[:-7], 13, "last article does not end"),
        (as_text() + "stray\n", 19, "has not begun"),
        (as_text().replace("</doc>\n", "", 1), 7, "begins before the last one ended"),
        (as_text([ARTICLES[0], ARTICLES[0]]), 8, "'7' is blank or occurs twice"),
        (as_text([("", "t", ["x"])]), 1, "'' is blank"),
        (as_json()[:-5] + "\n", 3, "no JSON"),
        ('{"id": "1", "title": "t"}\n', 1, "no key 'text'"),
        ('{"id": "1", "title": "t", "text": ["a"]}\n', 1, "'text' is no text"),
        ('{"id": "1", "title": "t", "text": "\\ud83d"}\n', 1, "half a surrogate"),
    ],
)
def test_wikipedia_refuses(write, content, line, what):
    path = write("AA/wiki_00", content)
    with pytest.raises(DataError, match=what) as caught:
        read_examples("wikipedia", path.parents[1], split="train")
    assert caught.value.where == f"{path}:{line}"


def test_wikipedia_without_any_text(write):
    path = write("AA/wiki_00", as_text([ARTICLES[1]]))
    with pytest.raises(DataError, match="no rows are left after dropping 1"):
        read_examples("wikipedia", path.parents[1], split="train")


# --- the published files ---------------------------------------------------------------------


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


def test_real_bucc(real_data):
    reading = read_examples("bucc2018", real_data / "bucc2018", split="dev", languages=("zh",))
    other, english = sides(reading, "zh")
    assert (len(other), len(english)) == (8624, 13_589)
    assert sum(len(e.partners) for e in other) == sum(len(e.partners) for e in english) == 257
