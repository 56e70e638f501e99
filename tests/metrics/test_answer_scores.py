"""Answers against figures of other implementations and another reading of the rules."""

from __future__ import annotations

import re
import unicodedata
from functools import partial

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crosscal.exceptions import DataError
from crosscal.metrics import normalising
from crosscal.metrics.answer_files import read_golds
from crosscal.metrics.answers import (
    MLQA,
    SOUND,
    SQUAD,
    SQUAD2,
    answer_scores,
    exact_match,
    token_f1,
)
from tests.metrics.conftest import ROOT
from tests.metrics.readings import answer_figures, mlqa_words, squad_words

PIECES = (
    "the The a an el La der Ein của là cái Straße Ёлка Café “x” 1,000 3.5 % + ² İ ＮＨＫ "
    "ال الكتاب والكتاب قال سأل؟ ירושלים צה״ל תל־אביב پاکستان ہے۔ भारत दिल्ली। क़िला "
    "北京 東京 ，。 㐀 龦 とうきょう トーキョー 々 กรุงเทพ น้ำ ฯ \u200f \u00a0 \u3000"
).split(" ")
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "-"]), max_size=6).map("".join) | st.text(
    alphabet=st.sampled_from("aAthe .،。ال北น้ं्יक़\u0301\u200f\n"), max_size=10
)


@given(said=TEXTS, golds=st.lists(TEXTS.filter(str.strip), min_size=1, max_size=3))
def test_squad_by_another_reading(said, golds):
    found = answer_scores({"q": said}, {"q": golds}, SQUAD, "th")
    assert found == pytest.approx(answer_figures(squad_words, {"q": said}, {"q": golds}))


@pytest.mark.parametrize("language", MLQA.languages)
@settings(max_examples=50)
@given(said=TEXTS, golds=st.lists(TEXTS.filter(str.strip), min_size=1, max_size=3))
def test_mlqa_by_another_reading(language, said, golds):
    found = answer_scores({"q": said}, {"q": golds}, MLQA, language)
    read = partial(mlqa_words, language=language)
    assert found == pytest.approx(answer_figures(read, {"q": said}, {"q": golds}))


def test_equal_to_other_implementations(frozen):
    cases = frozen("answers")
    for said, golds, exact, f1 in cases["squad2_single"]:
        assert exact_match(said, golds, SQUAD2, "en") == exact
        assert token_f1(said, golds, SQUAD2, "en") == pytest.approx(f1, abs=1e-12)
    for language, said, golds, exact, f1 in cases["mlqa"]:
        assert exact_match(said, golds, MLQA, language) == exact
        assert token_f1(said, golds, MLQA, language) == pytest.approx(f1, abs=1e-12)


def test_faults_of_the_official_rules_are_kept():
    assert normalising.mlqa("قالت المدينة", "ar") == "ق ت مدينة"  # every AL, inside words too
    assert normalising.mlqa("北京㐀龦a", "zh") == "北 京 㐀龦a"  # characters beyond U+9FA5
    assert normalising.mlqa("Nước của Việt", "vi") == "nước việt"  # "of" for an article
    assert normalising.squad("Die “Haus” der a", "de") == "die “haus” der"  # English rules
    assert exact_match("the", ["a"], SQUAD, "en") == 1.0
    assert token_f1("the", ["a"], SQUAD, "en") == 0.0  # though they match exactly
    assert token_f1("the", ["a"], SQUAD2, "en") == 1.0


def test_mlqa_has_seven_languages():
    with pytest.raises(DataError, match="no rules for language 'th'"):
        normalising.mlqa("x", "th")
    with pytest.raises(DataError, match=r"answers: there are no rules .* 'ja'"):
        answer_scores({}, {"q": ["x"]}, MLQA, "ja")


SOUND_CASES = [
    ("قالت المدينة", "ar", "قالت مدينة"),
    ("ال", "ar", "ال"),
    ("पाकिस्तान।", "hi", "पाकिस्तान"),
    ("הַבַּיִת, צה״ל", "he", "הַבַּיִת צהל"),
    ("لاہور میں۔", "ur", "لاہور میں"),
    ("龦㐀北京 NBA的", "zh", "龦 㐀 北 京 nba 的"),
    ("東京々トーキョー2010年", "ja", "東 京 々 ト ー キ ョ ー 2010 年"),
    ("น้ำใจ ไทย", "th", "น้ำ ใ จ ไ ท ย"),
    ("The “Straße” of the A", "en", "strasse of"),
    ("la Straße der a", "de", "la strasse a"),
    ("the", "en", "the"),
    ("%", "en", "%"),
    ("...", "zh", "..."),
    ("\u200fשלום\u200e", "he", "שלום"),
    ("", "en", ""),
    (" \u200b ", "th", ""),
]


@pytest.mark.parametrize(("text", "language", "expected"), SOUND_CASES)
def test_sound_rules(text, language, expected):
    assert normalising.sound(text, language) == unicodedata.normalize("NFC", expected)


@pytest.mark.parametrize("language", ["en", "ar", "he", "ur", "hi", "zh", "ja", "th", "de"])
@settings(max_examples=50)
@given(text=TEXTS, other=TEXTS)
def test_sound_rules_in_general(language, text, other):
    said = normalising.sound(text, language)
    for form in ("NFC", "NFD"):
        assert normalising.sound(unicodedata.normalize(form, text), language) == said
    visible = any(not c.isspace() and unicodedata.category(c) != "Cf" for c in text)
    assert bool(said) == visible
    f1 = token_f1(text, [other], SOUND, language)
    assert 0 <= f1 <= 1
    assert f1 == pytest.approx(token_f1(other, [text], SOUND, language))
    if exact_match(text, [other], SOUND, language):
        assert f1 == 1.0


@given(st.text(alphabet=st.characters(min_codepoint=0x0E01, max_codepoint=0x0ECE), max_size=12))
def test_thai_and_lao_are_divided_at_grapheme_clusters(text):
    regex = pytest.importorskip("regex")
    letters = "".join(c for c in text if "\u0e01" <= c <= "\u0e4e" or "\u0e81" <= c <= "\u0ece")
    letters = "".join(c for c in letters if unicodedata.category(c)[0] in "LM" and c != "\u0edf")
    assume(letters)
    assert normalising.tokens(letters) == regex.findall(r"\X", letters)


HALF = re.compile(r"^\| (\w+) \| (\d+\.\d) \| (\d+\.\d) \|$", re.MULTILINE)


def test_half_answers_in_the_documentation(real_data):
    """The table of docs/scoring.md: F1 if each answer is cut in half."""
    text = (ROOT / "docs/scoring.md").read_text(encoding="utf-8")
    codes = {"English": "en", "Hindi": "hi", "Thai": "th", "Chinese": "zh"}
    rows = HALF.findall(text)
    assert [row[0] for row in rows] == list(codes)
    for name, *figures in rows:
        golds = read_golds(real_data / "xquad" / f"xquad.{codes[name]}.json")
        halves = {q: texts[0][: (len(texts[0]) + 1) // 2] for q, texts in golds.items()}
        for rules, figure in zip((SQUAD, SOUND), figures, strict=True):
            found = answer_scores(halves, golds, rules, codes[name])
            assert f"{100 * found['f1']:.1f}" == figure


def test_unsegmented_answers_get_credit_for_their_parts():
    for said, gold, language in (("北京市", "北京", "zh"), ("กรุงเทพฯ", "กรุงเทพ", "th")):
        assert token_f1(said, [gold], SQUAD, language) == 0.0
        assert token_f1(said, [gold], SOUND, language) > 0.7


def test_questions():
    golds = {"a": ["x", "y z"], "b": ["w"], "c": ["v"]}
    found = answer_scores({"a": "z", "b": "", "d": "v"}, golds, SQUAD, "en")
    assert found == {"exact_match": 0.0, "f1": pytest.approx(2 / 3 / 3)}
    assert answer_scores({"a": "Y, the Z"}, golds, SQUAD, "en")["exact_match"] == pytest.approx(
        1 / 3
    )
    with pytest.raises(DataError, match=r"question 'b': a question has no right answer"):
        answer_scores({}, {"a": ["x"], "b": []}, SQUAD, "en")
    with pytest.raises(DataError, match=r"question 'a': .* or an empty one"):
        answer_scores({"a": "the"}, {"a": ["x", " "]}, SQUAD, "en")
    with pytest.raises(DataError, match="no questions"):
        answer_scores({}, {}, SQUAD, "en")
