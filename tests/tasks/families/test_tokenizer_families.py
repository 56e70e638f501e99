"""Every family of tokenizers through spans and word tags: no character is lost on the way."""

from __future__ import annotations

import random
import re
import unicodedata

import numpy as np
import pytest

pytest.importorskip("tokenizers")

from crosscal.data.examples import Answer, PairExample, SpanExample, TagExample, TextExample
from crosscal.encoders.loading import load_tokenizer
from crosscal.exceptions import SettingsError
from crosscal.tasks import InputLimits
from crosscal.tasks.families.classification import CLASSIFICATION
from crosscal.tasks.families.masked import MASKED
from crosscal.tasks.families.span import NO_ANSWER, SPAN
from crosscal.tasks.families.span_tokens import MAX_CHAR_SLOTS, slot_spans
from crosscal.tasks.families.special_tokens import around_text, as_in_text
from crosscal.tasks.families.tagging import TAGGING
from tests.conftest import SENTENCES
from tests.tiny_tokenizers import SETTINGS, TOKENIZERS, tokenizer_file

LONG = InputLimits(max_length=1500, token_types=2)
BYTE_LEVEL = ("roberta", "modernbert", "llama3", "qwen")
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
CONTEXTS = (
    *SENTENCES,
    "বিড়াল বাড়ির গরম ছাদে ঘুমায়। பூனை வீட்டின் கூரையில் தூங்குகிறது.",
    "ﷺ قال cafe\u0301 naïve Ａ１ か\u3099 o\u0301 end",
    f"A {FAMILY} family \U0001f600\U0001f3fd laughs ❤\ufe0f: 3½ €1,000.50",
    "الْقِطَّةُ تَنَامُ عَلَى السَّطْحِ",
    "tabs\there\u00a0and\u3000wide\n\nlines  two",
    "ΑΘΗΝΑ ﬁne Straße İstanbul ǅungla",
    "ክፍል ཀུན གནས ພາສາລາວ ភាសាខ្មែរ မြန်မာ",
    *(
        unicodedata.normalize("NFD", text)
        for text in (SENTENCES[6], SENTENCES[7], SENTENCES[11], SENTENCES[14], "বাড়ির গোয়াল কৌ")
    ),
    " ".join(SENTENCES),
)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Return a function that loads a family's tokenizer as that of an encoder's folder."""

    def from_folder(name, settings=SETTINGS):
        folder = tmp_path_factory.mktemp("tokenizer")
        (folder / "tokenizer.json").write_text(tokenizer_file(name), encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(settings)
        return load_tokenizer(folder)

    return from_folder


def joined(context, place):
    """Whether what stands at a place belongs to the character before it."""
    return place < len(context) and (
        unicodedata.category(context[place])[0] == "M"
        or context[place] == "\u200d"
        or context[place - 1] == "\u200d"
        or 0x1F3FB <= ord(context[place]) <= 0x1F3FF
        or 0x1160 <= ord(context[place]) <= 0x11FF
    )


def stretches(context, rng, count):
    """Draw answers: some words, or some characters."""
    words = [match.span() for match in re.finditer(r"\S+", context)]
    cuts = [place for place in range(len(context) + 1) if not joined(context, place)]
    answers = set()
    for _ in range(count):
        if rng.random() < 0.6:
            first = rng.randrange(len(words))
            last = min(len(words) - 1, first + rng.randrange(4))
            start, end = words[first][0], words[last][1]
        else:
            start = rng.choice(cuts[:-1])
            end = rng.choice([cut for cut in cuts if start < cut <= start + 25] or [len(context)])
        text = context[start:end]
        if text.strip():
            answers.add(Answer(text.strip(), start + len(text) - len(text.lstrip())))
    return sorted(answers, key=lambda answer: (answer.start, answer.text))


@pytest.mark.parametrize("name", TOKENIZERS)
def test_answers_come_back(load, name):
    rng = random.Random(1)
    examples = [
        SpanExample(f"u{number}-{index}", "p", "en", "q", context, "Where is it?", (answer,))
        for number, context in enumerate(CONTEXTS)
        for index, answer in enumerate(stretches(context, rng, 30))
    ]
    tokens = SPAN.tokenise(load(name), examples, (), LONG)
    assert len(tokens) == len(examples) > 500
    assert tokens.truncated == 0
    lost = []
    for number, entry in enumerate(examples):
        first, last = tokens.gold[number]
        rows = slice(*tokens.row_offsets[number : number + 2])
        _, _, characters = slot_spans(tokens.arrays["chars"][rows])
        back = entry.context[characters[first, 0] : characters[last, 1]] if first > 0 else None
        if back != entry.answers[0].text:
            lost.append((entry.answers[0].text, back))
    assert len(lost) <= 0.005 * len(examples), lost[:5]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_perfect_scores_give_the_answers(load, name):
    """Through windows, as they are when a context is long."""
    context = " ".join(SENTENCES)
    texts = ("cat", "since yesterday", "Dach", "猫在温暖", "गरम छत", "سطح", "roof of the")
    examples = [
        SpanExample(
            f"u{number}",
            "p",
            "en",
            f"q{number}",
            context,
            "Where?",
            (Answer(text, context.index(text)),),
        )
        for number, text in enumerate(texts)
    ]
    limits = InputLimits(max_length=90, token_types=2)
    tokens = SPAN.tokenise(load(name), examples, (NO_ANSWER,), limits)
    assert len(tokens) > len(examples)
    assert np.diff(tokens.offsets).max() <= 90
    scores = np.zeros((tokens.n_rows, 2 * MAX_CHAR_SLOTS), dtype=np.float32)
    for sequence, (first, last) in enumerate(tokens.gold):
        start, end = tokens.row_offsets[sequence : sequence + 2]
        rows, slots, _ = slot_spans(tokens.arrays["chars"][start:end])
        scores[start + rows[first], slots[first]] += 5 if first else 1
        scores[start + rows[last], MAX_CHAR_SLOTS + slots[last]] += 5 if first else 1
    found = SPAN.predictions(tokens, scores, (NO_ANSWER,))
    best = [
        choices[int(np.argmax(totals))]
        for choices, totals in zip(found.extra["choices"], found.scores, strict=True)
    ]
    assert best == list(texts)


def test_no_answer_stands_at_the_token_that_saw_the_context(load):
    entry = SpanExample("u", "p", "en", "q", SENTENCES[0], "Where?", ())
    for causal in (False, True):
        limits = InputLimits(max_length=200, token_types=1, causal=causal)
        tokens = SPAN.tokenise(load("qwen"), [entry], (NO_ANSWER,), limits)
        nowhere = len(tokens.ids) - 1 if causal else 0
        assert tokens.scored_positions[0] == nowhere
        assert tokens.gold.tolist() == [[0, 0]]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_words_are_tokenised_as_in_running_text(load, name):
    tokenizer = load(name)
    before, behind = around_text(tokenizer)
    for number, sentence in enumerate(SENTENCES):
        words = tuple(sentence.split())
        entry = TagExample(f"u{number}", "s", "en", words, ("X",) * len(words))
        tokens = TAGGING.tokenise(tokenizer, [entry], ("X",), LONG)
        assert tokens.ids.tolist() == tokenizer.encode(sentence).ids
        assert tokens.n_rows == len(words)
        assert tokens.units["word"].to_pylist() == list(words)
        bounds = [*tokens.scored_positions.tolist(), len(tokens.ids) - len(behind)]
        assert bounds[0] == len(before)
        for word, start, end in zip(words, bounds[:-1], bounds[1:], strict=True):
            assert start < end
            alone = tokenizer.encode(as_in_text(tokenizer)(["a", word])[1:], is_pretokenized=True)
            inner = alone.ids[len(before) : len(alone.ids) - len(behind)]
            if start > len(before):
                assert tokens.ids[start:end].tolist() == inner


@pytest.mark.parametrize("name", TOKENIZERS)
def test_every_word_is_scored_whatever_it_is(load, name):
    words = (
        "猫",
        "\ufe0f",
        "(",
        "แมว",
        "'s",
        "\U0001f468\u200d\U0001f469",
        "e\u0301",
        "।",
        "…",
        "\u200b",
    )
    entry = TagExample("u", "s", "en", words, ("X",) * len(words))
    tokens = TAGGING.tokenise(load(name), [entry], ("X",), LONG)
    assert tokens.n_rows == len(words) == len(set(tokens.scored_positions.tolist()))


def test_words_have_their_space_in_byte_level_tokens(load):
    """What was seen without: ``lives`` in place of ``Ġlives``, which is no word of pretraining."""
    words = ("The", "cat", "sleeps", "on", "the", "roof")
    for name in BYTE_LEVEL:
        tokenizer = load(name)
        entry = TagExample("u", "s", "en", words, None)
        tokens = TAGGING.tokenise(tokenizer, [entry], ("X",), LONG)
        firsts = [tokenizer.id_to_token(tokens.ids[row]) for row in tokens.scored_positions]
        assert not firsts[0].startswith("Ġ")
        assert all(token.startswith("Ġ") for token in firsts[1:])


def test_a_causal_encoder_is_asked_at_the_last_token_of_a_word(load):
    tokenizer = load("qwen")
    entry = TagExample("u", "s", "en", ("Nobody", "sleeps"), None)
    limits = InputLimits(max_length=50, token_types=1, causal=True)
    tokens = TAGGING.tokenise(tokenizer, [entry], ("X",), limits)
    first = len(tokenizer.encode("Nobody").ids)
    assert tokens.scored_positions.tolist() == [first - 1, len(tokens.ids) - 1]


def test_a_tokenizer_that_changes_words_is_refused(load):
    from tokenizers import normalizers

    tokenizer = load("unigram")
    tokenizer.normalizer = normalizers.Replace(" ", "-")
    with pytest.raises(SettingsError, match="other tokens than the same words in a sentence"):
        as_in_text(tokenizer)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_two_texts_are_kept_apart(load, name):
    tokenizer = load(name)
    example = PairExample("u", "c", "en", "The cat", "on the roof", "yes")
    tokens = CLASSIFICATION.tokenise(tokenizer, [example], ("yes",), LONG)
    pair = tokenizer.encode("The cat", "on the roof")
    assert tokens.ids.tolist() == pair.ids
    second = pair.sequence_ids.index(1)
    assert pair.sequence_ids[second - 1] is None, "nothing stands between the texts"
    one = [id_ for id_, text in zip(pair.ids, pair.sequence_ids, strict=True) if text == 0]
    assert one == tokenizer.encode("The cat", add_special_tokens=False).ids


def test_without_a_token_to_separate_them_texts_stay_as_they_are(load):
    tokenizer = load("qwen", settings="{}")
    assert None not in tokenizer.encode("The cat", "on the roof").sequence_ids


@pytest.mark.parametrize("name", TOKENIZERS)
def test_running_text_is_masked_between_the_special_tokens(load, name):
    tokenizer = load(name)
    before, behind = around_text(tokenizer)
    limits = InputLimits(max_length=20, token_types=1)
    text = TextExample("u", "d", "en", " ".join(SENTENCES))
    tokens = MASKED.tokenise(tokenizer, [text], (), limits)
    whole = tokenizer.encode(text.text, add_special_tokens=False).ids
    assert tokens.ids[tokens.scored_positions].tolist() == whole
    assert tokens.n_rows == len(whole)
    for start, end in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True):
        sequence = tokens.ids[start:end].tolist()
        assert sequence[: len(before)] == before
        assert sequence[len(sequence) - len(behind) :] == behind
        assert len(sequence) <= 20
    assert tokens.arrays["mask"].tolist() == [tokenizer.token_to_id("<mask>")]
