"""Spans: answers survive the way to tokens and back, and the best ones are found."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from crosscal.data.examples import Answer, SpanExample
from crosscal.encoders.architectures import token_types
from crosscal.encoders.loading import load_tokenizer
from crosscal.exceptions import DataError
from crosscal.tasks import InputLimits
from crosscal.tasks.families import span_search as search
from crosscal.tasks.families.span import NO_ANSWER, SPAN
from crosscal.tasks.families.span_tokens import (
    MAX_CHAR_SLOTS,
    context_tokens,
    gold_slots,
    question_windows,
    slot_counts,
    slot_spans,
    split_punctuation,
    window_token_types,
)

KINDS = ("bert", "xlm-roberta", "deberta-v2")
CONTEXTS = {
    "zh": "猫在温暖的屋顶上睡觉。他们还夺得了 1946 年的全国冠军(118)，以及两次。",
    "ja": "猫は暖かい屋根の上で眠っている。「戦争を終わらせる機械」と、1990年に書いた。",
    "th": "แมวนอนหลับอยู่บนหลังคาบ้านที่อบอุ่น ในเขตการแพทย์และการศึกษา (2016) มีความพยายาม",
    "ar": 'القطة تنام على سطح المنزل الدافئ، في عام 1990. "آلة لإنهاء الحرب"، وأجبر (118).',
    "hi": "बिल्ली घर की गरम छत पर सो रही है। पैंथर्स ने (118) को, 1990 में देखा।",
    "en": 'The cat sleeps on the roof (118), he said: "A Machine to End War", since 1990.',
    "fi": "Kissa nukkuu talon lämpimällä katolla (118), hän sanoi: ”Kone”, vuodesta 1990.",
}
QUESTION = "Where is the cat?"
LONG = InputLimits(max_length=400, token_types=2)


def encode(tokenizer, context, limits=LONG, question=QUESTION):
    with split_punctuation(tokenizer):
        second = tokenizer.encode(context, add_special_tokens=False)
        return question_windows(tokenizer, question, second, limits)


def found_texts(windows, context, answer):
    """Return what the answer becomes in each window that has it."""
    texts = []
    for window in windows.encodings:
        _, spans = context_tokens(window, context)
        first, last = gold_slots(spans, [answer])
        if first > 0:
            _, _, characters = slot_spans(np.array(spans))
            texts.append(context[characters[first - 1, 0] : characters[last - 1, 1]])
    return texts


@pytest.fixture(scope="session")
def packaged():
    """The packaged encoder's tokenizer, where it is built; building it takes minutes."""
    from crosscal.encoders.packaged import cache_folder

    for built in sorted(cache_folder().glob("encoders/multilingual*[0-9]")):
        return load_tokenizer(built)
    pytest.skip("the packaged encoder is not built; crosscal quickstart builds it")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", CONTEXTS)
def test_answers_at_token_boundaries_come_back(tiny_encoder, kind, language):
    check_round_trip(load_tokenizer(tiny_encoder(kind)), CONTEXTS[language])


@pytest.mark.parametrize("language", CONTEXTS)
def test_answers_at_token_boundaries_come_back_packaged(packaged, language):
    check_round_trip(packaged, CONTEXTS[language])


def check_round_trip(tokenizer, context):
    windows = encode(tokenizer, context)
    (window,) = windows.encodings
    places, spans = context_tokens(window, context)
    assert places == sorted(places)
    for (start, end), place in zip(spans, places, strict=True):
        assert window.sequence_ids[place] == 1
        assert context[start:end] == context[start:end].strip() != ""
    starts = sorted({start for start, _ in spans})
    ends = sorted({end for _, end in spans})
    # Every character of the context but the blanks can be reached.
    assert {i for a, b in spans for i in range(a, b)} >= {
        i for i, character in enumerate(context) if not character.isspace()
    }
    for start, end in product(starts, ends):
        if start < end:
            answer = Answer(context[start:end], start)
            assert found_texts(windows, context, answer) == [answer.text]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "118"),
        ("zh", "1946"),
        ("ja", "戦争を終わらせる機械"),
        ("ja", "1990"),
        ("th", "2016"),
        ("th", "ในเขต"),
        ("th", "เขต"),
        ("th", "ความพยายาม"),
        ("th", "การแพทย์และการศึกษา"),
        ("ar", "1990"),
        ("ar", '"آلة لإنهاء الحرب"'),
        ("ar", "118"),
        ("hi", "118"),
        ("hi", "1990"),
        ("en", "118"),
        ("en", '"A Machine to End War"'),
        ("en", "A Machine to End War"),
        ("en", "since 1990"),
        ("fi", "Kone"),
        ("fi", "vuodesta 1990"),
    ],
)
def test_punctuation_does_not_stick_to_answers(packaged, language, text):
    context = CONTEXTS[language]
    answer = Answer(text, context.index(text))
    assert found_texts(encode(packaged, context), context, answer) == [text]


def test_the_tokenizer_is_put_back(packaged, tiny_encoder):
    before = packaged.encode(CONTEXTS["en"]).tokens
    assert "▁1990." in before
    with pytest.raises(ZeroDivisionError), split_punctuation(packaged):
        assert "▁1990." not in packaged.encode(CONTEXTS["en"]).tokens
        raise ZeroDivisionError
    assert packaged.encode(CONTEXTS["en"]).tokens == before


def test_words_without_punctuation_keep_their_tokens(packaged):
    text = "Panthers defeated the Arizona Cardinals 49 to 15 in the championship game"
    before = packaged.encode(text).ids
    with split_punctuation(packaged):
        assert packaged.encode(text).ids == before
        tokens = packaged.encode("since 1990. (118)").tokens
    assert tokens == ["<s>", "▁since", "▁1990", ".", "▁(", "118", ")", "</s>"]


def test_lone_marks_of_spaces_are_no_rows(packaged):
    """XLM-R puts a lone ▁ before an unsegmented text: it claims the first character as its own."""
    context = "时间和空间"
    (window,) = encode(packaged, context).encodings
    inside = [p for p, text in enumerate(window.sequence_ids) if text == 1]
    assert window.tokens[inside[0]] == "▁"
    assert window.offsets[inside[0]] == (0, 1)
    places, spans = context_tokens(window, context)
    assert places == inside[1:]
    assert spans[0] == (0, 2)
    answer = Answer("时间", 0)
    assert gold_slots(spans, [answer]) == (1, 1)


def test_blanks_around_tokens_are_not_theirs(packaged):
    context = "\ufeffErgänzungsschulen\u3000sind \u200bgut"
    (window,) = encode(packaged, context).encodings
    _, spans = context_tokens(window, context)
    assert spans[0][0] == 1
    for text in ("Ergänzungsschulen", "sind", "gut"):
        answer = Answer(text, context.index(text))
        assert found_texts(encode(packaged, context), context, answer) == [text]


def test_tokens_of_normalised_characters_have_the_characters_of_the_text(packaged):
    """One character that becomes four words, and two that become one."""
    context = "قال ﷺ ثم cafe\u0301s ＡＢＣ か\u3099 o\u0301"
    for text in ("ﷺ", "cafe\u0301s", "ＡＢＣ", "か\u3099", "o\u0301"):
        answer = Answer(text, context.index(text))
        assert found_texts(encode(packaged, context), context, answer) == [text]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_hold_every_token_and_every_short_answer(tiny_encoder, kind, data):
    tokenizer = load_tokenizer(tiny_encoder(kind))
    context = " ".join(
        data.draw(st.lists(st.sampled_from(sorted(CONTEXTS.values())), min_size=1, max_size=5))
    )
    max_length = data.draw(st.integers(40, 120))
    limits = InputLimits(max_length=max_length, token_types=2)
    windows = encode(tokenizer, context, limits, "cat?")
    assert not windows.question_cut
    (whole,) = encode(
        tokenizer, context, InputLimits(max_length=10_000, token_types=2), "cat?"
    ).encodings
    inside = [p for p, text in enumerate(whole.sequence_ids) if text == 1]
    wanted = [(whole.ids[p], whole.offsets[p]) for p in inside]
    asked = len(whole.ids) - len(inside)
    room = max_length - asked
    stride = min(128, room // 3)
    seen, place = [], 0
    for window in windows.encodings:
        assert len(window.ids) <= max_length
        part = [
            (window.ids[p], window.offsets[p])
            for p, text in enumerate(window.sequence_ids)
            if text == 1
        ]
        place = place if not seen else place + room - stride
        assert part == wanted[place : place + room]
        seen = wanted[: place + len(part)]
        # The question and the special tokens are in every window.
        assert window.ids[: window.sequence_ids.index(1)] == whole.ids[: inside[0]]
        assert window.ids[-1] == whole.ids[-1]
    assert seen == wanted
    # An answer of up to as many tokens as windows overlap is whole in one of them.
    if len(windows.encodings) > 1:
        first = data.draw(st.integers(0, len(inside) - 1))
        last = min(len(inside) - 1, first + max(0, stride - 1))
        start, end = whole.offsets[inside[first]][0], whole.offsets[inside[last]][1]
        text = context[start:end]
        answer = Answer(text.strip(), start + len(text) - len(text.lstrip()))
        if answer.text:
            assert answer.text in {found.strip() for found in found_texts(windows, context, answer)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_length", [40, 400])
def test_windows_are_those_of_question_and_context_tokenised_together(
    tiny_encoder, kind, max_length
):
    folder = tiny_encoder(kind)
    tokenizer = load_tokenizer(folder)
    context = " ".join(CONTEXTS.values())
    windows = encode(
        tokenizer, context, InputLimits(max_length=max_length, token_types=2)
    ).encodings
    with split_punctuation(tokenizer):
        asked = len(tokenizer.encode(QUESTION, add_special_tokens=False))
        room = max_length - tokenizer.num_special_tokens_to_add(is_pair=True) - asked
        tokenizer.enable_truncation(max_length, stride=min(128, room // 3), strategy="only_second")
        together = tokenizer.encode(QUESTION, context)
    expected = [together, *together.overflowing]
    assert len(windows) == len(expected)
    for window, other in zip(windows, expected, strict=True):
        assert window.ids == other.ids
        types = window_token_types(
            window, InputLimits(max_length=max_length, token_types=token_types(folder))
        )
        assert types == (other.type_ids if token_types(folder) > 1 else [0] * len(types))
        assert window.offsets == other.offsets
        assert [s == 1 for s in window.sequence_ids] == [s == 1 for s in other.sequence_ids]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("unit", ["cat ", "ﷺ", "猫", "?!"])
def test_long_questions_are_cut_and_leave_room(tiny_encoder, kind, unit):
    tokenizer = load_tokenizer(tiny_encoder(kind))
    limits = InputLimits(max_length=32, token_types=2)
    windows = encode(tokenizer, CONTEXTS["en"], limits, question=unit * 200)
    assert windows.question_cut
    for window in windows.encodings:
        assert len(window.ids) <= 32
        assert window.sequence_ids.count(1) >= 1
    assert len(windows.encodings) > 1
    assert sum(window.sequence_ids.count(1) for window in windows.encodings[:1]) >= 16
    with pytest.raises(DataError, match="leave no room") as caught:
        encode(
            tokenizer,
            CONTEXTS["en"],
            InputLimits(max_length=19, token_types=2),
            question=unit * 200,
        )
    assert caught.value.where == "training.max_length"


def test_gold_places_of_the_window():
    spans = [(10, 12), (13, 15), (15, 20), (22, 25)]
    assert slot_counts(np.array(spans)).tolist() == [2, 2, 5, 3]

    def places(*answers):
        return gold_slots(spans, [Answer("x" * (end - start), start) for start, end in answers])

    assert places((10, 12)) == (1, 1)
    assert places((13, 20)) == (3, 5)
    assert places((10, 25)) == (1, 10)
    assert places((14, 16)) == (4, 9)  # the second character of a token, the first of another
    assert places((11, 12)) == (2, 1)
    assert places((16, 17)) == (6, 8)
    assert places((12, 14)) == (3, 4)  # from the blank before a token
    assert places((14, 21)) == (4, 5)  # to the blank behind one
    assert places((9, 12)) == (0, 0)
    assert places((22, 26)) == (0, 0)
    assert places((20, 22)) == (0, 0)  # between tokens
    assert places((30, 31), (15, 20)) == (5, 5)  # the first that lies in the window
    assert places() == (0, 0)
    assert gold_slots(spans, None) == (-1, -1)
    assert gold_slots([], [Answer("x", 0)]) == (0, 0)


def test_tokens_have_places_for_so_many_characters():
    spans = [(0, MAX_CHAR_SLOTS + 3), (MAX_CHAR_SLOTS + 3, MAX_CHAR_SLOTS + 5)]

    def places(start, end):
        return gold_slots(spans, [Answer("x" * (end - start), start)])

    assert places(MAX_CHAR_SLOTS - 1, MAX_CHAR_SLOTS + 5) == (MAX_CHAR_SLOTS, MAX_CHAR_SLOTS + 1)
    assert places(MAX_CHAR_SLOTS, MAX_CHAR_SLOTS + 5) == (
        1,
        MAX_CHAR_SLOTS + 1,
    )  # too deep: the whole token
    assert places(0, 4) == (1, MAX_CHAR_SLOTS)
    assert places(0, 3) == (1, 1)


def test_places_of_tokens():
    rows, within, characters = slot_spans(np.array([(0, 0), (2, 5), (5, 6)]))
    assert rows.tolist() == [0, 1, 1, 1, 2]
    assert within.tolist() == [0, 0, 1, 2, 0]
    assert characters.tolist() == [[0, 0], [2, 5], [3, 4], [4, 3], [5, 6]]


def example(number, context, *texts, known=True, language="en"):
    answers = tuple(Answer(text, context.index(text)) for text in texts) if known else None
    return SpanExample(
        f"dev-{number:05d}", f"p{number}", language, f"q{number}", context, QUESTION, answers
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_length", [40, 400])
def test_perfect_scores_give_the_gold_answers(tiny_encoder, kind, max_length):
    """End to end: gold rows turned into scores, over all windows, give the answers back."""
    tokenizer = load_tokenizer(tiny_encoder(kind))
    answers = {"zh": "屋顶", "ja": "機械", "th": "2016", "ar": "118", "hi": "118", "en": "118"}
    examples = [
        example(i, CONTEXTS[code], text, language=code)
        for i, (code, text) in enumerate(answers.items())
    ]
    examples.append(example(6, CONTEXTS["fi"], language="fi"))
    examples.append(example(7, CONTEXTS["fi"], known=False, language="fi"))
    tokens = SPAN.tokenise(
        tokenizer, examples, (NO_ANSWER,), InputLimits(max_length=max_length, token_types=2)
    )
    assert tokens.softmax_over == "sequence"
    assert len(tokens) == len(tokens.gold) == len(tokens.arrays["question"])
    assert (len(tokens) > 8) == (max_length == 40)
    assert len(tokens.arrays["chars"]) == tokens.n_rows == len(tokens.scored_positions)
    # The first row of each sequence is its first token.
    assert (tokens.scored_positions[tokens.row_offsets[:-1]] == tokens.offsets[:-1]).all()
    unknown = tokens.arrays["question"] == 7
    assert (tokens.gold[unknown] == -1).all()
    assert (tokens.gold[tokens.arrays["question"] == 6] == 0).all()
    scores = np.random.default_rng(2).normal(0, 0.1, (tokens.n_rows, 2 * MAX_CHAR_SLOTS))
    for sequence, (first, last) in enumerate(tokens.gold):
        if first >= 0:
            start, end = tokens.row_offsets[sequence : sequence + 2]
            rows, within, _ = slot_spans(tokens.arrays["chars"][start:end])
            scores[start + rows[first], within[first]] += 5
            scores[start + rows[last], MAX_CHAR_SLOTS + within[last]] += 5
    scores = scores.astype(np.float32)
    found = SPAN.predictions(tokens, scores, (NO_ANSWER,))
    assert len(found.scores) == 8
    best = [
        choices[int(np.argmax(s))]
        for choices, s in zip(found.extra["choices"], found.scores, strict=True)
    ]
    for number, (code, text) in enumerate(answers.items()):
        piece = tokens.arrays["question"] == number
        assert (tokens.gold[piece, 0] > 0).any()
        assert best[number] == text
        assert found.gold[number] == int(np.argmax(found.scores[number]))
        assert code == found.units["language"][number].as_py()
    assert best[6] == NO_ANSWER
    assert found.extra["choices"][6][found.gold[6]] == NO_ANSWER
    assert found.gold[7] == -1
    assert found.extra["question_id"] == [f"q{i}" for i in range(8)]
    assert found.extra["answers"][:2] == [["屋顶"], ["機械"]]
    assert found.extra["answers"][6:] == [[], []]
    without = SPAN.predictions(tokens, scores, ())
    assert all(NO_ANSWER not in choices for choices in without.extra["choices"])
    assert without.gold[6] == -1
    for choices, values in zip(found.extra["choices"], found.scores, strict=True):
        assert len(choices) == len(values) == len(set(choices)) >= 2
        assert len(choices) <= search.N_BEST + 1


def test_no_answer_scores_the_least_of_all_windows(tiny_encoder):
    tokenizer = load_tokenizer(tiny_encoder("bert"))
    tokens = SPAN.tokenise(
        tokenizer,
        [example(0, CONTEXTS["en"])],
        (NO_ANSWER,),
        InputLimits(max_length=40, token_types=2),
    )
    count = len(tokens)
    assert count > 1
    scores = np.zeros((tokens.n_rows, 2 * MAX_CHAR_SLOTS), dtype=np.float32)
    starts = tokens.row_offsets[:-1]
    scores[starts] = np.arange(1, count + 1, dtype=np.float32)[::-1, None]
    found = SPAN.predictions(tokens, scores, (NO_ANSWER,))
    place = found.extra["choices"][0].index(NO_ANSWER)
    assert found.scores[0][place] == 2.0
    assert found.gold.tolist() == [place]


@pytest.mark.parametrize("context", ["cat", "?", "\u200b", " "])
def test_contexts_of_one_token_or_none_have_two_choices(tiny_encoder, context):
    tokenizer = load_tokenizer(tiny_encoder("xlm-roberta"))
    tokens = SPAN.tokenise(tokenizer, [example(0, context)], (NO_ANSWER,), LONG)
    scores = np.full((tokens.n_rows, 2 * MAX_CHAR_SLOTS), 3.0, dtype=np.float32)
    for labels in ((), (NO_ANSWER,)):
        found = SPAN.predictions(tokens, scores, labels)
        (choices,), (values,) = found.extra["choices"], found.scores
        assert len(choices) == len(values) == len(set(choices)) >= 2
        if labels:
            assert choices[found.gold[0]] == NO_ANSWER
            assert values[found.gold[0]] == 6.0


LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_gold_answers_of_xquad_come_back(packaged, real_data, language):
    """A sample; ``benchmarks/span_roundtrip.py`` has all of XQuAD and TyDi QA."""
    from crosscal.data import read_examples

    folder = real_data / "xquad"
    examples = read_examples("xquad", folder, split="test", languages=(language,)).examples[::8]
    lost = []
    for entry in examples:
        windows = encode(
            packaged, entry.context, InputLimits(max_length=384, token_types=1), entry.question
        )
        if entry.answers[0].text not in found_texts(windows, entry.context, entry.answers[0]):
            lost.append(entry.answers[0].text)
    assert len(lost) <= 2, lost
