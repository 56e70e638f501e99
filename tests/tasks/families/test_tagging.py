"""Tagging: every word is scored once, at its first token, whatever its script and length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from crosscal.data.examples import TagExample
from crosscal.encoders.loading import load_tokenizer
from crosscal.tasks import InputLimits
from crosscal.tasks.families.tagging import TAGGING, tag_gold, windows

LABELS = ("ADJ", "NOUN", "VERB")
KINDS = ("bert", "xlm-roberta", "deberta-v2")
WORDS = {
    "th": ("แมว", "นอนหลับ", "อยู่", "บน", "หลังคาบ้าน"),
    "ar": ("القطة", "تنام", "على", "سطح", "المنزل", "الدافئ", "."),
    "hi": ("बिल्ली", "घर", "की", "गरम", "छत", "पर", "सो", "रही", "है", "।"),
    "zh": ("猫", "在", "温暖", "的", "屋顶", "上", "睡觉", "。"),
    "ko": ("고양이가", "따뜻한", "지붕", "위에서", "잔다", "."),
    "ru": ("Кошка", "спит", "на", "тёплой", "крыше", "дома", "."),
    "en": ("The", "cat", "(", "118", ")", "does", "n't", "sleep", "."),
}


def example(words, tags=None, number=0, language="en"):
    words = tuple(words)
    tags = tuple(LABELS[i % 3] for i in range(len(words))) if tags is None else tags
    return TagExample(
        f"test-{number:05d}", f"test-{number:05d}", language, words, tags if tags else None
    )


def sentences_of(tokens):
    return [part.tolist() for part in np.split(tokens.ids, tokens.offsets[1:-1])]


sizes_of = st.lists(st.integers(1, 30), min_size=1, max_size=80)


@given(sizes_of, st.integers(6, 40))
def test_windows_score_every_word_once(sizes, room):
    sizes = [min(size, room) for size in sizes]
    found = list(windows(sizes, room))
    scored = [word for window in found for word in range(window.begin, window.end)]
    assert scored == list(range(len(sizes)))
    for window in found:
        assert 0 <= window.first <= window.begin < window.end <= window.last <= len(sizes)
        assert sum(sizes[window.first : window.last]) <= room
    if sum(sizes) <= room:
        assert len(found) == 1


@given(st.lists(st.integers(1, 3), min_size=30, max_size=80), st.integers(18, 24))
def test_windows_have_context_on_both_sides(sizes, room):
    """Words of up to 3 tokens: context is there wherever the sentence goes on."""
    for window in windows(sizes, room):
        before = sum(sizes[window.first : window.begin])
        after = sum(sizes[window.end : window.last])
        if window.begin > 0:
            assert window.first == 0 or before >= room // 4 - 3
        if window.end < len(sizes):
            assert window.last == len(sizes) or after >= room // 4 - 3
        # Nothing more would have fitted behind.
        if window.last < len(sizes):
            assert sum(sizes[window.first : window.last + 1]) > room


@pytest.mark.parametrize("kind", KINDS)
def test_ids_equal_the_tokenizers_own_for_words(tiny_encoder, kind):
    tokenizer = load_tokenizer(tiny_encoder(kind))
    examples = [example(words, number=i) for i, words in enumerate(WORDS.values())]
    tokens = TAGGING.tokenise(
        tokenizer, examples, LABELS, InputLimits(max_length=200, token_types=2)
    )
    assert len(tokens) == len(examples)
    assert tokens.softmax_over == "labels"
    row = 0
    for number, entry in enumerate(examples):
        alone = tokenizer.encode(list(entry.words), is_pretokenized=True)
        assert sentences_of(tokens)[number] == alone.ids
        firsts = [alone.word_ids.index(word) for word in range(len(entry.words))]
        rows = tokens.scored_positions[tokens.row_offsets[number] : tokens.row_offsets[number + 1]]
        assert (rows - tokens.offsets[number]).tolist() == firsts
        gold = [LABELS.index(tag) for tag in entry.tags]
        assert tokens.gold[row : row + len(gold)].tolist() == gold
        row += len(gold)
    assert row == len(tokens.gold) == tokens.n_rows == len(tokens.units)
    assert tokens.truncated == 0
    assert not tokens.token_type_ids.any()


def test_transformers_agrees_on_the_words(tiny_encoder):
    from transformers import AutoTokenizer

    folder = tiny_encoder("xlm-roberta")
    theirs = AutoTokenizer.from_pretrained(folder)
    for words in WORDS.values():
        tokens = TAGGING.tokenise(
            load_tokenizer(folder),
            [example(words)],
            LABELS,
            InputLimits(max_length=200, token_types=1),
        )
        found = theirs(list(words), is_split_into_words=True)
        assert tokens.ids.tolist() == found["input_ids"]
        ids = found.word_ids()
        assert tokens.scored_positions.tolist() == [ids.index(word) for word in range(len(words))]


def test_units_are_words_in_order(tiny_encoder):
    examples = [
        example(words, number=i, language=code) for i, (code, words) in enumerate(WORDS.items())
    ]
    tokens = TAGGING.tokenise(
        load_tokenizer(tiny_encoder("bert")),
        examples,
        LABELS,
        InputLimits(max_length=20, token_types=2),
    )
    ids = tokens.units["unit_id"].to_pylist()
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids) == sum(map(len, WORDS.values()))
    assert ids[:2] == ["test-00000-0000", "test-00000-0001"]
    assert tokens.units["word"].to_pylist() == [word for words in WORDS.values() for word in words]
    expected = [code for code, words in WORDS.items() for _ in words]
    assert tokens.units["language"].to_pylist() == expected
    assert tokens.units["cluster_id"].to_pylist() == [unit[:10] for unit in ids]
    scores = np.random.default_rng(1).normal(size=(len(ids), 3)).astype(np.float32)
    found = TAGGING.predictions(tokens, scores, LABELS)
    assert np.array_equal(found.scores, scores)
    assert found.gold.tolist() == tokens.gold.tolist()
    assert found.extra["word"] == tokens.units["word"].to_pylist()
    assert found.units.column_names == ["unit_id", "cluster_id", "language"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_length", [8, 13, 30])
def test_long_sentences_are_split_and_rejoined(tiny_encoder, kind, max_length):
    """The first token of each scored word is the word's own, with its neighbours around it."""
    tokenizer = load_tokenizer(tiny_encoder(kind))
    words = [word for part in WORDS.values() for word in part] * 3
    tokens = TAGGING.tokenise(
        tokenizer, [example(words)], LABELS, InputLimits(max_length=max_length, token_types=1)
    )
    opening, closing = tokenizer.encode("").ids
    for sequence in sentences_of(tokens):
        assert len(sequence) <= max_length
        assert (sequence[0], sequence[-1]) == (opening, closing)
        assert opening not in sequence[1:]
    alone = tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)
    parts = [[] for _ in words]
    for token, word in zip(alone.ids, alone.word_ids, strict=True):
        parts[word].append(token)
    assert tokens.truncated == sum(len(part) > max_length - 2 for part in parts)
    assert tokens.ids[tokens.scored_positions].tolist() == [part[0] for part in parts]
    assert tokens.n_rows == len(words) == len(tokens.gold)
    ends = tokens.offsets[np.searchsorted(tokens.offsets, tokens.scored_positions, side="right")]
    for row, end, part in zip(tokens.scored_positions, ends, parts, strict=True):
        kept = part[: max_length - 2]
        assert tokens.ids[row : row + len(kept)].tolist() == kept
        assert row + len(kept) < end


def test_words_that_leave_nothing_behind_are_scored_too(tiny_encoder):
    from tokenizers import normalizers

    tokenizer = load_tokenizer(tiny_encoder("xlm-roberta"))
    tokenizer.normalizer = normalizers.Sequence(
        [tokenizer.normalizer, normalizers.Replace("\ufe0f", "")]
    )
    from tokenizers import pre_tokenizers

    # Without a mark of its own for the beginning of a word, nothing is left of the selector.
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    words = ("猫", "\ufe0f", "cat", "\ufe0f")
    alone = tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False)
    assert set(alone.word_ids) == {0, 2}
    tokens = TAGGING.tokenise(
        tokenizer, [example(words)], LABELS, InputLimits(max_length=30, token_types=1)
    )
    asked = tokenizer.encode("?", add_special_tokens=False).ids[-1]
    assert tokens.n_rows == 4
    assert tokens.ids[tokens.scored_positions].tolist()[1::2] == [asked, asked]
    assert len(tokens.units) == len(tokens.gold) == 4


def test_a_word_longer_than_the_input_is_cut_and_counted(tiny_encoder):
    tokenizer = load_tokenizer(tiny_encoder("bert"))
    words = ("The", "Donaudampfschifffahrtsgesellschaftskapitän" * 3, "cat")
    tokens = TAGGING.tokenise(
        tokenizer, [example(words)], LABELS, InputLimits(max_length=12, token_types=2)
    )
    assert tokens.truncated == 1
    assert tokens.n_rows == 3
    assert np.diff(tokens.offsets).max() == 12


def test_chunks_do_not_show(tiny_encoder, monkeypatch):
    tokenizer = load_tokenizer(tiny_encoder("bert"))
    examples = [example(words, number=i) for i, words in enumerate(WORDS.values())]
    limits = InputLimits(max_length=15, token_types=2)
    whole = TAGGING.tokenise(tokenizer, examples, LABELS, limits)
    monkeypatch.setattr("crosscal.tasks.families.tagging._CHUNK", 2)
    parts = TAGGING.tokenise(tokenizer, examples, LABELS, limits)
    for name in ("ids", "offsets", "scored_positions", "row_offsets", "gold"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))


def test_gold_of_tags():
    words = ("a", "b", "c")
    assert tag_gold(example(words), LABELS) == [0, 1, 2]
    assert tag_gold(example(words, ("VERB", "PROPN", "ADJ")), LABELS) == [2, -1, 0]
    assert tag_gold(example(words, ()), LABELS) == [-1, -1, -1]
    assert TAGGING.outputs(LABELS) == 3
    assert TAGGING.shared_labels
