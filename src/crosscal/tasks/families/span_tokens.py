"""From characters of a context to tokens and back.

Fast tokenizers give each token the characters it covers, with traps: the lone ``▁`` of XLM-R
covers the first character of a text without spaces (Chinese, Japanese, Thai) that belongs to the
next token (huggingface/tokenizers issue 1775), tokens cover the space before them, and several
tokens of bytes cover one character together.

Answers start and end at tokens, but sentencepiece joins what answers do not: ``1990.`` and ``",``
are single tokens of XLM-R, ``(118)`` is ``(1`` and ``18)``. In XQuAD up to one answer in 22 would
be out of reach. So texts are cut at punctuation first, as BERT's tokenizers do anyway, and Thai,
which has no spaces, also at letters that can only begin a syllable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crosscal.exceptions import DataError
from crosscal.tasks.families.family import InputLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Encoding, Tokenizer

    from crosscal.data.examples import Answer

# What tokenizers write for the space before a word: sentencepiece, byte-level BPE.
_SPACES = "▁Ġ"
# A mark or symbol, together with the space before it.
_PUNCTUATION = r"▁?[\p{P}\p{S}&&[^▁]]"
# Thai: vowels written before their consonant, and the prefixes that make nouns of verbs.
_THAI_BEGINNINGS = "▁?([เแโใไ]|การ|ความ)"
# White space, and what is as invisible: zero-width space, byte-order mark.
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\ufeff"
# How many characters of a token an answer can start at, and end at: the longest piece of
# sentencepiece.
MAX_CHAR_SLOTS = 16
# Overlap of windows in tokens, as in the scripts of XTREME; less where inputs are short.
_STRIDE = 128
_LEAST_CONTEXT = 16
# A byte of a character that the vocabulary lacks.
_BYTE = re.compile("<0x([0-9A-F]{2})>")
# Vowels and final consonants of Hangul, which normalisation composes with what is before them.
_JAMO = {*range(0x1160, 0x1200), *range(0xD7B0, 0xD800)}


@contextmanager
def split_punctuation(tokenizer: Tokenizer) -> Iterator[None]:
    """Let a tokenizer of the sentencepiece kind cut at punctuation, until the context is left."""
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Sequence, Split

    before = tokenizer.pre_tokenizer
    if before is not None and b"Metaspace" in before.__getstate__():
        tokenizer.pre_tokenizer = Sequence(
            [
                before,
                Split(Regex(_PUNCTUATION), "isolated"),
                Split(Regex(_THAI_BEGINNINGS), "merged_with_next"),
            ]
        )
    try:
        yield
    finally:
        tokenizer.pre_tokenizer = before


def lost_characters(tokenizer: Tokenizer) -> bool:
    """Whether answers once lost characters: a space was taken off twice, or accents dropped."""
    normalizer = tokenizer.normalizer
    state = b"" if normalizer is None else normalizer.__getstate__()
    before = tokenizer.pre_tokenizer
    return (before is not None and b"ByteLevel" in before.__getstate__()) or any(
        sign in state for sign in (b"StripAccents", b'"lowercase":true', b'"strip_accents":true')
    )


@dataclass(frozen=True, kw_only=True)
class Windows:
    """A question with its context, window by window; too long a question was cut."""

    encodings: list[Encoding]
    question_cut: bool


def question_windows(
    tokenizer: Tokenizer, question: str, context: Encoding, limits: InputLimits
) -> Windows:
    """Tokenise a question with every part of its context.

    The context comes tokenised, without special tokens: once for all questions about it, as most
    tokens are the context's. Windows overlap by 128 tokens, or by a third of the room.
    """
    tokenizer.no_truncation()
    encoded = tokenizer.encode(question, add_special_tokens=False)
    special = tokenizer.num_special_tokens_to_add(is_pair=True)
    if special + len(encoded) + len(context) <= limits.max_length:
        return Windows(encodings=[tokenizer.post_process(encoded, context)], question_cut=False)
    most = limits.max_length - special - _LEAST_CONTEXT
    if most < 1:
        raise DataError(
            f"inputs of {limits.max_length} tokens leave no room for a context",
            where="training.max_length",
            remedy="Allow longer inputs: 384 is usual for this family",
        )
    question_cut = len(encoded) > most
    while len(encoded) > most:  # what is left may be tokenised in another way, and longer
        question = question[: encoded.offsets[most][0]]
        encoded = tokenizer.encode(question, add_special_tokens=False)
    room = limits.max_length - special - len(encoded)
    tokenizer.enable_truncation(
        limits.max_length, stride=min(_STRIDE, room // 3), strategy="only_second"
    )
    first = tokenizer.post_process(encoded, context)
    tokenizer.no_truncation()
    return Windows(encodings=[first, *first.overflowing], question_cut=question_cut)


def window_token_types(window: Encoding, limits: InputLimits) -> list[int]:
    """Return the token types of a window; all 0 where the encoder tells none apart."""
    if limits.token_types <= 1:
        return [0] * len(window)
    # In windows behind the first the library has 0 for a context that was tokenised by itself,
    # but the right type for the token that closes it.
    second = window.type_ids[-1]
    return [
        second if text == 1 else token_type
        for token_type, text in zip(window.type_ids, window.sequence_ids, strict=True)
    ]


def context_tokens(window: Encoding, context: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the tokens of a window at which an answer may start or end.

    These are their positions in the window, and the characters ``start:end`` that each covers,
    without the blanks around. Tokens of nothing but white space, as the lone ``▁``, are none.
    """
    positions, spans = [], []
    # Attributes of an encoding are copied on every access.
    tokens, offsets = window.tokens, window.offsets
    if any(map(_BYTE.fullmatch, tokens)):
        offsets = _spread_bytes(tokens, offsets)
    for position, text in enumerate(window.sequence_ids):
        if text != 1 or not tokens[position].strip(_SPACES):
            continue
        start, end = offsets[position]
        piece = context[start:end]
        start += len(piece) - len(piece.lstrip(_BLANK))
        end -= len(piece) - len(piece.rstrip(_BLANK))
        if start < end:
            positions.append(position)
            spans.append((start, end))
    if spans:
        next_starts = [*(start for start, _ in spans[1:]), len(context)]
        spans = [
            (start, end if end >= next_start else _behind_marks(context, end, next_start))
            for (start, end), next_start in zip(spans, next_starts, strict=True)
        ]
    return positions, spans


def _spread_bytes(
    tokens: Sequence[str], offsets: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Give each byte its character, where all bytes of a stretch cover all its characters."""
    spread: list[tuple[int, int]] = []
    for (start, end), stretch in groupby(zip(offsets, tokens, strict=True), lambda pair: pair[0]):
        found = [_BYTE.fullmatch(token) for _, token in stretch]
        values = bytes(int(byte[1], 16) for byte in found if byte)
        text = values.decode("utf-8", "replace")
        if len(values) < len(found) or len(text) != end - start:
            spread += [(start, end)] * len(found)
        else:
            spread += [
                (place, place + 1)
                for place, character in enumerate(text, start)
                for _ in character.encode()
            ]
    return spread


def _behind_marks(context: str, end: int, next_start: int) -> int:
    """Move an end behind marks that no token covers: normalisation composed or dropped them."""
    uncovered = context[end:next_start]
    marks = len(list(takewhile(_is_mark, uncovered)))
    # At the end of a window the marks may be those of a token in the next.
    return end if next_start == len(context) and marks < len(uncovered) else end + marks


def _is_mark(character: str) -> bool:
    """Whether a character belongs to the one before it."""
    return unicodedata.category(character)[0] == "M" or ord(character) in _JAMO


def slot_counts(spans: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many slots each token of (R, 2) has: one a character, 1 to 16; shape (R,)."""
    return np.asarray(np.clip(spans[:, 1] - spans[:, 0], 1, MAX_CHAR_SLOTS), dtype=np.int64)


def slot_spans(
    spans: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each of the S slots of tokens (R, 2) its token, number, and characters (S, 2)."""
    counts = slot_counts(spans)
    rows = np.repeat(np.arange(len(spans)), counts)
    slots = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)  # 0, 1, ...
    # Slots of starts are counted from the token's first character, those of ends from its last.
    characters = np.stack([spans[rows, 0] + slots, spans[rows, 1] - slots], axis=1)
    return rows, slots, characters


def gold_slots(
    spans: Sequence[tuple[int, int]], answers: Sequence[Answer] | None
) -> tuple[int, int]:
    """Return the slots at which the first answer that lies in a window starts and ends.

    Counted from 1; (0, 0) if none lies in the window, (-1, -1) if the answers are not known. A
    start in blanks is that of the token behind them, an end that of the token before; so is one
    that stands deeper in a token than its slots go.
    """
    if answers is None:
        return -1, -1
    counts = [min(max(end - start, 1), MAX_CHAR_SLOTS) for start, end in spans]
    for answer in answers:
        start, end = answer.start, answer.start + len(answer.text)
        if not spans or start < spans[0][0] or end > spans[-1][1]:
            continue
        first = next(row for row, span in enumerate(spans) if span[1] > start)
        last = next(row for row in reversed(range(len(spans))) if spans[row][0] < end)
        if first <= last:
            behind, before = start - spans[first][0], spans[last][1] - end
            return (
                1 + sum(counts[:first]) + (behind if 0 <= behind < counts[first] else 0),
                1 + sum(counts[:last]) + (before if 0 <= before < counts[last] else 0),
            )
    return 0, 0
