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
    """Where an answer stands in its sentence, and both texts' translations.

    Attributes
    ----------
    sentence : str
        Of the source.
    span : (int, int)
        The answer in it.
    translated_sentence, translated_answer : str
        Each translated on its own.
    """

    sentence: str
    span: Span
    translated_sentence: str
    translated_answer: str

    @property
    def answer(self) -> str:
        """The answer in the source."""
        return self.sentence[slice(*self.span)]


def find(place: AnswerPosition, method: str, level: float) -> Span | str:
    """Find a translated answer in its translated sentence.

    Parameters
    ----------
    place : AnswerPosition
        What is known.
    method : {"exact", "normalised", "fuzzy"}
        Letter by letter; without regard to case and diacritics; by the words in common.
    level : float
        For ``"fuzzy"``: least overlap, in (0, 1].

    Returns
    -------
    (int, int) or str
        Start and end in the translated sentence; or `NOT_FOUND` or `AMBIGUOUS`.

    Notes
    -----
    An answer that stands k times in the source sentence must stand k times in its translation,
    and the same one of the k is taken. Matches begin and end where words do.
    """
    wanted = _trimmed(place.translated_answer, place.answer)
    if not wanted:
        return NOT_FOUND
    folded = method != "exact"
    before = occurrences(place.answer, place.sentence, folded=folded)
    if method == "fuzzy":
        after = overlapping(wanted, place.translated_sentence, level)
    else:
        after = occurrences(wanted, place.translated_sentence, folded=folded)
    if not after:
        return NOT_FOUND
    if place.span not in before:  # an answer that cuts a word
        before = sorted([*before, place.span])
    return after[before.index(place.span)] if len(after) == len(before) else AMBIGUOUS


def occurrences(needle: str, text: str, *, folded: bool) -> list[Span]:
    """All places where a text stands in another between the borders of words.

    Parameters
    ----------
    needle, text : str
        What is sought, and in what.
    folded : bool
        Whether case and diacritics are disregarded.

    Returns
    -------
    list of (int, int)
        Start and end in `text`, in order, not overlapping; empty if the needle is empty.
    """
    sought, _ = _folded(needle, folded)
    line, origin = _folded(text, folded)
    found: list[Span] = []
    at = line.find(sought) if sought else -1
    while at >= 0:
        end = at + len(sought)
        # A letter that folds to two (ß, ﬁ) cannot be taken by half.
        halved = (at and origin[at - 1] == origin[at]) or origin[end - 1] == origin[end]
        span = (origin[at], origin[end])
        if not halved and _is_border(text, span[0]) and _is_border(text, span[1]):
            found.append(span)
            at = line.find(sought, end)
        else:
            at = line.find(sought, at + 1)
    return found


def overlapping(needle: str, text: str, level: float) -> list[Span]:
    """Stretches of words that share most with a text, by letters in common.

    Parameters
    ----------
    needle, text : str
        What is sought, and in what.
    level : float
        Least harmonic mean of the share of the needle's letters in the stretch and of the
        stretch's letters in the needle, counted by whole words without case and diacritics.

    Returns
    -------
    list of (int, int)
        All stretches with the highest overlap, in order; empty if it is below the level.
    """
    sought = [_folded(needle[slice(*word)], True)[0] for word in words(needle)]
    places = words(text)
    line = [_folded(text[slice(*word)], True)[0] for word in places]
    known, size = Counter(sought), sum(map(len, sought))
    best, found = level, list[Span]()
    for start, first in enumerate(line):
        if first not in known:
            continue
        used, common, length = Counter[str](), 0, 0
        for end in range(start, min(len(line), start + 2 * len(sought))):
            word = line[end]
            length += len(word)
            if used[word] < known[word]:
                used[word] += 1
                common += len(word)
            overlap = 2 * common / (size + length)
            if word in known and overlap >= best:
                span = (places[start][0], places[end][1])
                found = [*found, span] if overlap == best else [span]
                best = overlap
    return found


def words(text: str) -> list[Span]:
    """Cut a text into words: letters, digits and their marks; one letter where none are separated.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of (int, int)
        Start and end of each word; what is between them belongs to none.
    """
    found: list[Span] = []
    for at, letter in enumerate(text):
        if not _in_word(letter):
            continue
        grows = found and found[-1][1] == at and not _is_border(text, at)
        if grows:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


def mark(sentence: str, span: Span) -> tuple[str, tuple[str, str]] | None:
    """Put marks around a stretch of a sentence.

    Parameters
    ----------
    sentence : str
        In the source.
    span : (int, int)
        The stretch.

    Returns
    -------
    (str, (str, str)) or None
        The marked sentence, and its two marks; None if all marks occur in the sentence anyway.
    """
    start, end = span
    for left, right in _MARKS:
        if left not in sentence and right not in sentence:
            marked = sentence[:start] + left + sentence[start:end] + right + sentence[end:]
            return marked, (left, right)
    return None


def unmark(translated: str, marks: Sequence[str]) -> tuple[str, Span] | str:
    """Take the marks out of a translation again.

    Parameters
    ----------
    translated : str
        Translation of a marked sentence.
    marks : (str, str)
        As `mark` returned them.

    Returns
    -------
    (str, (int, int)) or str
        The sentence without marks, and the stretch between them without white space around it;
        `MARKS_LOST` unless each mark stands once, in order, with something between.
    """
    left, right = marks
    if translated.count(left) != 1 or translated.count(right) != 1:
        return MARKS_LOST
    before, _, rest = translated.partition(left)
    inside, found, after = rest.partition(right)
    if not found or not words(inside):
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
