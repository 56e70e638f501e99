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

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
PLACES = 16
# Overlap of windows in tokens, as in the scripts of XTREME; less where inputs are short.
_STRIDE = 128
_LEAST_CONTEXT = 16
# What a letter can be composed with (category Mn of the general scripts).
_MARKS = "".join(map(chr, [*range(0x0300, 0x0370), *range(0x064B, 0x0656), 0x3099, 0x309A]))


@contextmanager
def set_apart(tokenizer: Tokenizer) -> Iterator[None]:
    """Let a tokenizer cut where answers start and end, until the context is left.

    Parameters
    ----------
    tokenizer : Tokenizer
        Changed only if it marks spaces as sentencepiece does; others cut at punctuation anyway.
    """
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


@dataclass(frozen=True, kw_only=True)
class Windows:
    """A question with its context, window by window.

    Attributes
    ----------
    encodings : list of Encoding
        At least one.
    question_cut : bool
        Whether the question was too long to leave room for the context, and was cut.
    """

    encodings: list[Encoding]
    question_cut: bool


def question_windows(
    tokenizer: Tokenizer, question: str, context: Encoding, limits: InputLimits
) -> Windows:
    """Tokenise a question with every part of its context.

    Parameters
    ----------
    tokenizer : Tokenizer
        The encoder's fast tokenizer.
    question : str
        First text.
    context : Encoding
        Second text, tokenised without special tokens: once for all questions about it, as most
        tokens are the context's.
    limits : InputLimits
        Longest input.

    Returns
    -------
    Windows
        They overlap by 128 tokens, or by a third of the room where that is less.

    Raises
    ------
    DataError
        If inputs are so short that no context fits.
    """
    tokenizer.no_truncation()
    asked = tokenizer.encode(question, add_special_tokens=False)
    special = tokenizer.num_special_tokens_to_add(is_pair=True)
    if special + len(asked) + len(context) <= limits.max_length:
        return Windows(encodings=[tokenizer.post_process(asked, context)], question_cut=False)
    most = limits.max_length - special - _LEAST_CONTEXT
    if most < 1:
        raise DataError(
            f"inputs of {limits.max_length} tokens leave no room for a context",
            where="training.max_length",
            remedy="Allow longer inputs: 384 is usual for this family",
        )
    cut = len(asked) > most
    while len(asked) > most:  # what is left may be tokenised in another way, and longer
        question = question[: asked.offsets[most][0]]
        asked = tokenizer.encode(question, add_special_tokens=False)
    room = limits.max_length - special - len(asked)
    tokenizer.enable_truncation(
        limits.max_length, stride=min(_STRIDE, room // 3), strategy="only_second"
    )
    first = tokenizer.post_process(asked, context)
    tokenizer.no_truncation()
    return Windows(encodings=[first, *first.overflowing], question_cut=cut)


def window_types(window: Encoding, limits: InputLimits) -> list[int]:
    """Return the token types of a window; all 0 where the encoder tells none apart."""
    if limits.types <= 1:
        return [0] * len(window)
    # In windows behind the first the library has 0 for a context that was tokenised by itself,
    # but the right type for the token that closes it.
    second = window.type_ids[-1]
    return [
        second if text == 1 else kind
        for kind, text in zip(window.type_ids, window.sequence_ids, strict=True)
    ]


def context_rows(window: Encoding, context: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the tokens of a window at which an answer may start or end.

    Parameters
    ----------
    window : Encoding
        Of question and context.
    context : str
        The whole context.

    Returns
    -------
    tuple
        Places of the tokens within the window, and the characters ``start:end`` that each
        covers, without the blanks around. Tokens that cover nothing but white space, the
        lone ``▁`` among them, are left out.
    """
    places, spans = [], []
    # Attributes of an encoding are copied on every access.
    tokens, offsets = window.tokens, window.offsets
    for place, text in enumerate(window.sequence_ids):
        if text != 1 or not tokens[place].strip(_SPACES):
            continue
        start, end = offsets[place]
        piece = context[start:end]
        start += len(piece) - len(piece.lstrip(_BLANK))
        end -= len(piece) - len(piece.rstrip(_BLANK))
        if start < end:
            places.append(place)
            spans.append((start, end))
    if spans:
        nexts = [*(start for start, _ in spans[1:]), len(context)]
        spans = [
            (start, end if end >= following else _behind_marks(context, end, following))
            for (start, end), following in zip(spans, nexts, strict=True)
        ]
    return places, spans


def _behind_marks(context: str, end: int, following: int) -> int:
    """Move an end behind marks that no token covers: normalisation composed them with a letter."""
    left_over = context[end:following]
    marks = len(left_over) - len(left_over.lstrip(_MARKS))
    # At the end of a window the marks may be those of a token in the next.
    return end if following == len(context) and marks < len(left_over) else end + marks


def places_of(spans: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many places each token has: one a character, 16 at most.

    Parameters
    ----------
    spans : ndarray of int64, shape (R, 2)
        Characters of each token, as `context_rows` returns them; an empty one has one place.
    """
    return np.asarray(np.clip(spans[:, 1] - spans[:, 0], 1, PLACES), dtype=np.int64)


def place_spans(
    spans: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lay the places of tokens end to end.

    Parameters
    ----------
    spans : ndarray of int64, shape (R, 2)
        Characters of each token.

    Returns
    -------
    rows : ndarray of int64, shape (P,)
        The token of each place.
    within : ndarray of int64, shape (P,)
        Characters between the edge of the token and the place.
    characters : ndarray of int64, shape (P, 2)
        Where an answer starts that starts at the place, and where one ends that ends there:
        places of starts are counted from the token's first character, those of ends from its
        last.
    """
    counts = places_of(spans)
    rows = np.repeat(np.arange(len(spans)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    characters = np.stack([spans[rows, 0] + within, spans[rows, 1] - within], axis=1)
    return rows, within, characters


def gold_places(
    spans: Sequence[tuple[int, int]], answers: Sequence[Answer] | None
) -> tuple[int, int]:
    """Return the places at which the answer starts and ends in a window.

    Parameters
    ----------
    spans : sequence of (int, int)
        Characters of each token, as `context_rows` returns them.
    answers : sequence of Answer or None
        The first that lies in the window counts.

    Returns
    -------
    tuple of (int, int)
        Counted from 1; (0, 0) if no answer lies in the window, (-1, -1) if the answers are not
        known. A start in blanks is that of the token behind them, an end that of the token
        before; so is one that stands deeper in a token than its places go.
    """
    if answers is None:
        return -1, -1
    counts = [min(max(end - start, 1), PLACES) for start, end in spans]
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
