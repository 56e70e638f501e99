"""Find in a translated sentence what was marked, or answered, in its source.

Places are offsets in code points, so that an answer is always a slice of its context. Nothing is
guessed: where a place is not certain, the reason is returned instead.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crosscal.translation.sentences import Span

METHODS = ("exact", "normalised", "marked", "fuzzy")

NOT_FOUND = "the translated answer is not in the translated context"
AMBIGUOUS = "the translated answer stands at several places, or the source's at others"
MARKS_LOST = "the marks around the answer did not survive the translation"
REASONS = (AMBIGUOUS, NOT_FOUND, MARKS_LOST)

_MARKS = (("[", "]"), ("{", "}"), ("«", "»"), ("<", ">"))
# Scripts that do not separate words, by the names of their characters.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPosition:
    """Where an answer stands in its sentence, and the translation of each on its own."""

    sentence: str
    span: Span
    translated_sentence: str
    translated_answer: str

    @property
    def answer(self) -> str:
        """The answer in the source."""
        return self.sentence[slice(*self.span)]


def find(position: AnswerPosition, method: str, level: float) -> Span | str:
    """Return the span of a translated answer in its sentence; or `NOT_FOUND` or `AMBIGUOUS`.

    An answer that stands k times in the source sentence must stand k times in its translation,
    and the same one of the k is taken. Matches begin and end where words do.
    """
    answer = _trimmed(position.translated_answer, position.answer)
    if not answer:
        return NOT_FOUND
    folded = method != "exact"
    before = occurrences(position.answer, position.sentence, folded=folded)
    if method == "fuzzy":
        after = overlapping(answer, position.translated_sentence, level)
    else:
        after = occurrences(answer, position.translated_sentence, folded=folded)
    if not after:
        return NOT_FOUND
    if position.span not in before:  # an answer that cuts a word
        before = sorted([*before, position.span])
    return after[before.index(position.span)] if len(after) == len(before) else AMBIGUOUS


def occurrences(needle: str, text: str, *, folded: bool) -> list[Span]:
    """All spans at which a text stands in another between the borders of words, in order.

    `folded` says whether case and diacritics are disregarded.
    """
    pattern, _ = _folded(needle, folded)
    line, origin = _folded(text, folded)
    spans: list[Span] = []
    at = line.find(pattern) if pattern else -1
    while at >= 0:
        end = at + len(pattern)
        # A letter that folds to two (ß, ﬁ) cannot be taken by half.
        halved = (at and origin[at - 1] == origin[at]) or origin[end - 1] == origin[end]
        span = (origin[at], origin[end])
        if not halved and _is_border(text, span[0]) and _is_border(text, span[1]):
            spans.append(span)
            at = line.find(pattern, end)
        else:
            at = line.find(pattern, at + 1)
    return spans


def overlapping(needle: str, text: str, level: float) -> list[Span]:
    """Stretches of words that share most with a text, if at least `level`, in order.

    The share is the harmonic mean of the needle's letters in the stretch and of the stretch's in
    the needle, counted by whole words without case and diacritics.
    """
    needed = [_folded(needle[slice(*word)], True)[0] for word in words(needle)]
    spans = words(text)
    line = [_folded(text[slice(*word)], True)[0] for word in spans]
    known, size = Counter(needed), sum(map(len, needed))
    highest, best = level, list[Span]()
    for start, first in enumerate(line):
        if first not in known:
            continue
        used, common, length = Counter[str](), 0, 0
        for end in range(start, min(len(line), start + 2 * len(needed))):
            word = line[end]
            length += len(word)
            if used[word] < known[word]:
                used[word] += 1
                common += len(word)
            overlap = 2 * common / (size + length)
            if word in known and overlap >= highest:
                span = (spans[start][0], spans[end][1])
                best = [*best, span] if overlap == highest else [span]
                highest = overlap
    return best


def words(text: str) -> list[Span]:
    """Cut a text into words: letters, digits and marks; single letters in unspaced scripts."""
    spans: list[Span] = []
    for at, letter in enumerate(text):
        if not _in_word(letter):
            continue
        if spans and spans[-1][1] == at and not _is_border(text, at):
            spans[-1] = (spans[-1][0], at + 1)
        else:
            spans.append((at, at + 1))
    return spans


def mark(sentence: str, span: Span) -> tuple[str, tuple[str, str]] | None:
    """Put marks around a stretch of a sentence; None if all marks occur in it anyway."""
    start, end = span
    for left, right in _MARKS:
        if left not in sentence and right not in sentence:
            marked = sentence[:start] + left + sentence[start:end] + right + sentence[end:]
            return marked, (left, right)
    return None


def unmark(translated: str, marks: Sequence[str]) -> tuple[str, Span] | str:
    """Take the marks out of a translation; return it, and the stretch that was between them."""
    left, right = marks
    if translated.count(left) != 1 or translated.count(right) != 1:
        return MARKS_LOST
    before, _, rest = translated.partition(left)
    inside, closing, after = rest.partition(right)
    if not closing or not words(inside):
        return MARKS_LOST
    # Translators set marks off by spaces; of two at one place, one belonged to the mark.
    inner = inside.strip()
    if before and inside[0].isspace() and not before[-1].isspace():
        before += " "
    if after and inside[-1].isspace() and _in_word(after[0]):
        after = " " + after
    start = len(before)
    return before + inner + after, (start, start + len(inner))


def _trimmed(translated: str, source: str) -> str:
    """Take away punctuation at either end that the source has not, as of a whole sentence."""
    text = translated.strip()
    while text and _is_punctuation(text[-1]) and not _is_punctuation(source[-1]):
        text = text[:-1].rstrip()
    while text and _is_punctuation(text[0]) and not _is_punctuation(source[0]):
        text = text[1:].lstrip()
    return text


def _folded(text: str, fold: bool) -> tuple[str, list[int]]:
    """Text without case and diacritics, and where each letter of it comes from, the end too."""
    if not fold:
        return text, [*range(len(text) + 1)]
    letters: list[str] = []
    origin: list[int] = []
    for at, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter).casefold():
            if not _is_diacritic(part):
                letters.append(part)
                origin.append(at)
    # What follows a letter and folds to nothing is its mark: a match takes it along.
    return "".join(letters), [*origin, len(text)]


def _is_diacritic(letter: str) -> bool:
    """Whether spelling may leave it out: Latin, Greek, Cyrillic accents; Arabic vowel signs."""
    return "\u0300" <= letter <= "\u036f" or "\u064b" <= letter <= "\u0652" or letter == "\u0670"


def _is_border(text: str, at: int) -> bool:
    """Whether a word may begin or end before this letter."""
    if at in (0, len(text)):
        return True
    before, after = text[at - 1], text[at]
    if unicodedata.category(after)[0] == "M":
        return False
    if not (_in_word(before) and _in_word(after)):
        return True
    return _is_unspaced(before) or _is_unspaced(after)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] == "M"


def _is_unspaced(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_UNSPACED)


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter)[0] == "P"
