"""Every type of example: what is translated, what is kept, what is left out and counted."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.data.examples import Answer, SentenceExample, SpanExample, TagExample
from crosscal.exceptions import DataError, SettingsError, StageFailed
from crosscal.translation import Projection, translate_examples
from crosscal.translation.outcomes import EMPTY
from crosscal.translation.projection import AMBIGUOUS, MARKS_LOST, METHODS, NOT_FOUND
from tests.translation.conftest import Fake, LosesALine, pair

REVERSED = Fake(lambda text: text[::-1])


def question(context, *answers, unit="dev-00000", text="Who?"):
    """A question whose answers are given as (text, which occurrence)."""
    found = []
    for answer, which in answers:
        start = -1
        for _ in range(which):
            start = context.index(answer, start + 1)
        found.append(Answer(answer, start))
    return SpanExample(unit, "p0", "en", f"id-{unit}", context, text, tuple(found))


def by_words(**lexicon):
    """A translator word by word, which leaves alone what is no word of its lexicon."""

    def translate(text):
        out, word = "", ""
        for letter in text + "\0":
            if letter.isalnum():
                word += letter
            else:
                out += lexicon.get(word, word) + letter
                word = ""
        return out[:-1]

    return Fake(translate)


def test_pairs(pairs):
    fake = Fake()
    found = translate_examples(pairs, fake).examples
    assert [(e.text_a, e.text_b) for e in found] == [
        (e.text_a.upper(), e.text_b.upper()) for e in pairs
    ]
    kept = ("unit_id", "cluster_id", "label")
    assert all(
        getattr(a, n) == getattr(b, n) for a, b in zip(pairs, found, strict=True) for n in kept
    )
    assert {e.language for e in found} == {"es"}
    assert fake.asked == [["A cat.", "A dog.", "No cat at all.", "Two\nlines", "قطة 猫 แมว"]]


def test_choices(choices):
    found = translate_examples(choices, Fake()).examples
    assert found[0].options == ("HERE", "THERE", "NOWHERE")
    assert (found[0].context, found[0].question, found[0].answer) == ("", "WHERE?", 1)
    assert (found[1].context, found[1].question, found[1].answer) == ("IT RAINS.", "", None)


def test_running_text(running_text):
    found = translate_examples(running_text, REVERSED).examples
    assert [e.text for e in found] == [".txet emoS", ".eroM"]


def test_empty_translations_are_counted_and_left_out(pairs):
    found = translate_examples(pairs, Fake(lambda text: " " if "dog" in text else text))
    assert [e.unit_id for e in found.examples] == ["train-00001", "train-00002"]
    assert found.dropped == {EMPTY: 1}


def test_blank_texts_are_not_translated():
    fake = Fake()
    found = translate_examples([pair(0, "  ", "x")], fake).examples
    assert (found[0].text_a, fake.asked) == ("  ", [["x"]])


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (TagExample("u", "c", "en", ("A",), ("DET",)), "lose their tags"),
        (SentenceExample("u", "c", "en", True, "s", "A", None), "come with their translations"),
    ],
)
def test_what_cannot_be_translated_is_refused(example, reason):
    with pytest.raises(SettingsError, match=reason):
        translate_examples([example], Fake())


def test_another_language_is_refused():
    with pytest.raises(DataError, match="is in 'tr'"):
        translate_examples([pair(0, "a", "b", "tr")], Fake())


def test_a_lost_line_stops_everything(pairs):
    with pytest.raises(StageFailed, match="4 translations of 5 texts"):
        translate_examples(pairs, LosesALine())


@pytest.mark.parametrize(
    "wrong",
    [{"methods": ("exakt",)}, {"methods": ()}, {"methods": ("exact", "exact")}, {"level": 0}],
)
def test_settings_of_projection(wrong):
    with pytest.raises(SettingsError):
        Projection(**wrong)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_alone(method):
    context = "First line. The cat sleeps on the roof.  Last line."
    fake = by_words(The="El", cat="gato", sleeps="duerme", on="en", the="el", roof="tejado")
    found = translate_examples([question(context, ("cat", 1))], fake, Projection(methods=(method,)))
    [example] = found.examples
    assert example.context == "First line. El gato duerme en el tejado.  Last line."
    assert example.answers == (Answer("gato", 15),)
    assert (example.question_id, example.language) == ("id-dev-00000", "es")
    assert found.methods == {method: 1}


def test_marks_help_where_the_answer_alone_is_translated_otherwise():
    def translate(text):
        return "Gatos" if text == "cat" else text.replace("cat", "minino")

    examples = [question("A cat. A dog.", ("cat", 1))]
    found = translate_examples(examples, Fake(translate))
    assert found.methods == {"marked": 1}
    assert found.examples[0].answers == (Answer("minino", 2),)
    assert found.examples[0].context == "A minino. A dog."
    without = translate_examples(
        examples, Fake(translate), Projection(methods=("exact", "normalised", "fuzzy"))
    )
    assert (without.examples, without.dropped) == ((), {NOT_FOUND: 1})


def test_marked_sentences_are_translated_only_where_needed():
    fake = Fake(str.lower)
    translate_examples([question("A CAT. A DOG.", ("CAT", 1))], fake)
    assert fake.asked == [["Who?", "A CAT.", "A DOG.", "CAT"]]


@pytest.mark.parametrize(
    ("translate", "methods", "reason"),
    [
        (lambda text: text[::-1].strip("[]."), ("marked",), MARKS_LOST),
        (lambda text: text if text == "cat" else "gone", METHODS, NOT_FOUND),
        (lambda text: text if text == "cat" else "cat cat", ("exact", "marked"), AMBIGUOUS),
        (lambda text: "" if text == "Who?" else text, METHODS, EMPTY),
        (lambda text: "" if "dog" in text else text, METHODS, EMPTY),
        (lambda text: "" if text == "cat" else text.strip("[]"), ("exact",), NOT_FOUND),
    ],
)
def test_what_cannot_be_projected_is_counted_by_reason(translate, methods, reason):
    examples = [question("The cat. A dog.", ("cat", 1))]
    found = translate_examples(examples, Fake(translate), Projection(methods=methods))
    assert (found.examples, found.dropped) == ((), {reason: 1})


def test_unanswerable_and_unknown_stay_so():
    examples = [
        SpanExample("u0", "p", "en", "q0", "A cat.", "Who?", ()),
        SpanExample("u1", "p", "en", "q1", "A cat.", "Who?", None),
    ]
    found = translate_examples(examples, Fake())
    assert [e.answers for e in found.examples] == [(), None]
    assert (found.methods, found.dropped) == ({}, {})


def test_several_answers_and_what_is_lost_of_them():
    lexicon = {"cat": "gato", "The": "El", "the": "lo"}
    example = question("The cat saw the dog.", ("cat", 1), ("The cat", 1), ("the dog", 1))

    def translate(text):
        return "otro" if text == "the dog" else by_words(**lexicon).function(text)

    projection = Projection(methods=("exact",))
    found = translate_examples([example], Fake(translate), projection)
    assert found.examples[0].answers == (Answer("gato", 3), Answer("El gato", 0))
    assert found.answers_lost == 1


def test_answers_that_become_one():
    example = question("The cat saw.", ("cat", 1), ("The cat", 1))
    fake = Fake(lambda text: "gato" if text in ("cat", "The cat") else "gato vio.")
    found = translate_examples([example], fake)
    assert found.examples[0].answers == (Answer("gato", 0),)
    assert found.answers_lost == 0


def test_an_answer_over_two_sentences_keeps_them_together():
    fake = Fake()
    found = translate_examples([question("One. Two. Three.", ("One. Two", 1))], fake)
    assert fake.asked[0][1:] == ["One. Two.", "Three.", "One. Two"]
    assert found.examples[0].answers == (Answer("ONE. TWO", 0),)


@pytest.mark.parametrize("answer", [Answer("dog", 2), Answer("cat", -1), Answer("", 0)])
def test_an_answer_that_is_not_where_it_should_be(answer):
    example = SpanExample("u", "p", "en", "q", "A cat.", "Who?", (answer,))
    with pytest.raises(DataError, match="does not stand at character"):
        translate_examples([example], Fake())


PIECES = [
    *("The cat.", "a", "Σας", "猫在屋顶。", "睡觉", "แมวนอน", "หลังคา", "القطة تنام.", "سَطْح"),
    *("बिल्ली।", "छत", "é", "e\u0301", "[x]", "İı", "\n", "  ", "3.5", "ß", "👩‍🚀"),
]
SYSTEMS = [
    Fake(),
    REVERSED,
    Fake(lambda text: text),
    Fake(lambda text: unicodedata.normalize("NFD", text)),
    Fake(lambda text: " ".join(reversed(text.split(" ")))),
    Fake(lambda text: text[: len(text) // 2]),
    Fake(lambda text: f"  {text}.\n"),
    Fake(lambda text: "القطة"),
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), st.data())
def test_answers_are_slices_and_all_examples_are_accounted_for(pieces, data):
    joiner = data.draw(st.sampled_from(["", " "]))
    context = joiner.join(pieces)
    system = data.draw(st.sampled_from(SYSTEMS))
    spans = []
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(context) - 1))
        end = data.draw(st.integers(start + 1, len(context)))
        if context[start:end].strip():
            spans.append(Answer(context[start:end], start))
    methods = data.draw(st.permutations(METHODS))
    methods = tuple(methods[: data.draw(st.integers(1, 4))])
    example = SpanExample("u", "p", "en", "q", context, "猫?", tuple(spans))
    found = translate_examples([example], system, Projection(methods=methods, level=0.5))
    assert len(found.examples) + sum(found.dropped.values()) == 1
    for built in found.examples:
        assert bool(built.answers) == bool(spans)
        assert len(built.answers) <= len(spans)
        for answer in built.answers:
            assert answer.text.strip()
            assert built.context[answer.start : answer.start + len(answer.text)] == answer.text


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), st.data())
def test_without_a_change_of_words_answers_stay_where_they_are(pieces, data):
    context = " ".join(pieces)
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, len(context)))
    text = context[start:end].strip()
    if not text:
        return
    start = context.index(text, start)
    example = SpanExample("u", "p", "en", "q", context, "Q", (Answer(text, start),))
    found = translate_examples([example], SYSTEMS[2])
    for built in found.examples:
        assert built.context == context
        assert built.answers == (Answer(text, start),)
