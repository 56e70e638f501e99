"""Wikipedia as WikiExtractor writes it."""

from __future__ import annotations

import bz2

import pytest

from crosscal.data import read_examples
from crosscal.data.texts.wikipedia import EMPTY
from crosscal.exceptions import DataError
from tests.data.bitexts.samples import ARTICLES, SENTENCES, as_json, as_text


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
