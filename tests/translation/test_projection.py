"""Answers are found where they are, and only where that is certain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.translation.projection import (
    AMBIGUOUS,
    MARKS_LOST,
    NOT_FOUND,
    AnswerPosition,
    find,
    mark,
    occurrences,
    overlapping,
    unmark,
    words,
)

TEXTS = {
    "ar": ("القطة تنام على سَطْح المنزل الدافئ", "سطح المنزل", "سَطْح المنزل"),
    "es": ("El Gato duerme en la ÁRBOL caliente", "el gato", "El Gato"),
    "el": ("Η γάτα κοιμάται στη ζεστή στέγη", "ΓΑΤΑ", "γάτα"),
    "hi": ("बिल्ली घर की गरम छत पर सो रही है", "गरम छत", "गरम छत"),
    "ru": ("Кошка спит на тёплой крыше дома.", "теплой крыше", "тёплой крыше"),
    "th": ("แมวนอนหลับอยู่บนหลังคาบ้านที่อบอุ่น", "หลังคา", "หลังคา"),
    "tr": ("Kedi İstanbul'da uyuyor", "istanbul", "İstanbul"),
    "zh": ("猫在温暖的屋顶上睡觉。", "屋顶", "屋顶"),
    "ja": ("ネコは暖かい屋根の上で寝ている", "屋根", "屋根"),
}


def place(sentence, answer, translated_sentence, translated_answer, start=None):
    start = sentence.index(answer) if start is None else start
    return AnswerPosition(
        sentence=sentence,
        span=(start, start + len(answer)),
        translated_sentence=translated_sentence,
        translated_answer=translated_answer,
    )


@pytest.mark.parametrize("language", TEXTS)
def test_case_and_diacritics_do_not_matter_in_any_script(language):
    text, needle, found = TEXTS[language]
    spans = occurrences(needle, text, folded=True)
    assert [text[a:b] for a, b in spans] == [found]


@pytest.mark.parametrize(
    ("needle", "text", "folded", "count"),
    [
        ("man", "manzana, humano y man.", False, 1),  # not inside words
        ("घर", "घरों में घर", False, 1),  # a vowel sign goes on with the word
        ("e", "e\u0301", False, 0),  # half a letter
        ("strasse", "Straße", True, 1),
        ("stras", "Straße", True, 0),  # half of ß
        ("fi", "ﬁ", True, 1),
        ("f", "ﬁ", True, 0),
        ("cafe", "café, cafe\u0301 y CAFÉ", True, 3),
        ("", "text", False, 0),
        ("猫", "猫猫", False, 2),
        ("aa", "aa aa aa", False, 3),
    ],
)
def test_occurrences_by_hand(needle, text, folded, count):
    assert len(occurrences(needle, text, folded=folded)) == count


def test_a_match_takes_its_last_accent_along():
    text = "un cafe\u0301 solo"
    [(start, end)] = occurrences("café", text, folded=True)
    assert text[start:end] == "cafe\u0301"


def test_exact_then_normalised():
    known = place("The cat sleeps.", "The cat", "El gato duerme.", "el gato")
    assert find(known, "exact", 0.8) == NOT_FOUND
    assert find(known, "normalised", 0.8) == (0, 7)


def test_a_full_stop_that_the_source_has_not_is_no_part_of_the_answer():
    known = place("He lives in Paris now.", "Paris", "Vive en París ahora.", "París.")
    assert find(known, "exact", 0.8) == (8, 13)


def test_the_same_one_of_several_is_taken():
    sentence = "A cat saw a cat."
    known = place(sentence, "cat", "Un gato vio un gato.", "gato", start=sentence.rindex("cat"))
    assert find(known, "exact", 0.8) == (15, 19)


@pytest.mark.parametrize("method", ["exact", "normalised", "fuzzy"])
@pytest.mark.parametrize(
    ("sentence", "translated"),
    [
        ("A cat saw a cat.", "Un gato lo vio."),
        ("A cat saw a tom.", "Un gato vio un gato."),
        ("A cat in a category.", "gato y gato"),
    ],
)
def test_another_number_of_places_is_never_guessed(method, sentence, translated):
    known = place(sentence, "cat", translated, "gato")
    assert find(known, method, 0.8) == AMBIGUOUS


def test_an_answer_inside_a_word_is_not_taken_for_the_same_word_elsewhere():
    known = place("the 1830s and 18 men", "18", "los 1830s y 18 hombres", "18", start=4)
    assert find(known, "exact", 0.8) == AMBIGUOUS


@pytest.mark.parametrize("answer", ["", " ", "."])
def test_an_answer_translated_to_nothing(answer):
    assert find(place("The cat.", "cat", "El gato.", answer), "exact", 0.8) == NOT_FOUND


def test_fuzzy_takes_the_words_in_common():
    text = "el idioma oficial de los normandos antiguos era otro"
    [(start, end)] = overlapping("los Antiguos Normandos", text, 0.8)
    assert text[start:end] == "los normandos antiguos"
    assert overlapping("una cosa bien distinta", text, 0.8) == []
    # The article alone is not enough.
    assert overlapping("los vikingos", text, 0.6) == []


def test_fuzzy_without_spaces():
    [(start, end)] = overlapping("溫暖的屋頂", "猫在温暖的屋顶上睡觉", 0.3)
    assert "猫在温暖的屋顶上睡觉"[start:end] == "暖的屋"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("l'été, 2nd!", ["l", "été", "2nd"]),
        ("सो रही है।", ["सो", "रही", "है"]),
        ("猫在 ok", ["猫", "在", "ok"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("سَطْح", ["سَطْح"]),
    ],
)
def test_words(text, wanted):
    assert [text[a:b] for a, b in words(text)] == wanted


def test_marks_that_are_not_in_the_sentence():
    assert mark("a b c", (2, 3)) == ("a [b] c", ("[", "]"))
    assert mark("a [b c", (3, 4)) == ("a [{b} c", ("{", "}"))
    assert mark("[{«<", (0, 1)) is None


@pytest.mark.parametrize(
    ("translated", "wanted"),
    [
        ("el [gato] duerme", "el |gato| duerme"),
        ("el [ gato ] duerme", "el |gato| duerme"),
        ("[Gato] .", "|Gato| ."),
        ("el[ gato ]duerme", "el |gato| duerme"),
        ("el [gato ].", "el |gato|."),
        ("屋[顶上]睡", "屋|顶上|睡"),
        ("القطة [تنام] هنا", "القطة |تنام| هنا"),
        ("el gato duerme", None),
        ("el ]gato[ duerme", None),
        ("el [gato] [duerme]", None),
        ("el [] duerme", None),
        ("el [ . ] duerme", None),
    ],
)
def test_unmark(translated, wanted):
    found = unmark(translated, ("[", "]"))
    if wanted is None:
        assert found == MARKS_LOST
    else:
        text, (start, end) = found
        assert text[:start] + "|" + text[start:end] + "|" + text[end:] == wanted


LETTERS = "aZé ü'ß.1 \u0301 猫屋 แม่น้ำ กี่ बिल्ली छत قطةُ سَ ﬁİı"


@settings(max_examples=60)
@given(st.text(st.sampled_from(LETTERS), min_size=1, max_size=30), st.data())
def test_what_is_found_is_there(text, data):
    """Whatever is sought: spans are in order, on whole letters, and fold to what was sought."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    needle = text[start:end]
    for folded in (False, True):
        spans = occurrences(needle, text, folded=folded)
        flat = [at for span in spans for at in span]
        assert flat == sorted(flat)
        assert all(a < b for a, b in spans)
        for a, b in spans:
            assert folded or text[a:b] == needle
            assert len(occurrences(needle, text[a:b], folded=folded)) == 1


@settings(max_examples=60)
@given(st.text(st.sampled_from(LETTERS), min_size=1, max_size=30), st.data())
def test_marks_come_out_again(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    marked, marks = mark(text, (start, end))
    found = unmark(marked, marks)
    if found == MARKS_LOST:
        assert not words(text[start:end])
    else:
        plain, span = found
        assert plain[slice(*span)] == text[start:end].strip()
        assert "".join(plain.split()) == "".join(text.split())
