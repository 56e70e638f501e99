"""Chunks: stretches of words that tags mark as one thing, and their F1.

XTREME scores both of its tagging tasks with seqeval 0.0.12, which takes the first character of
a tag for a prefix and what follows the last hyphen for a type. For named entities (``B-PER``,
``I-PER``, ``O``) that is the lenient reading of conlleval. Parts of speech have no hyphen, so the
type is the whole tag and the prefix is merely its first letter:

- neighbours of one tag are one chunk: NOUN NOUN counts once, and only if both words are right
  and the chunk is no longer;
- tags that begin with S, B or E are one chunk a word (of the 17 universal tags: SCONJ, SYM);
- tags that begin with O or a full stop would be no chunk at all (no universal tag does).

Such a score depends on how often a language puts equal tags side by side. It is what the
literature reports; `crosscal.metrics.tokens` has what to believe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from crosscal.exceptions import DataError
from crosscal.metrics.overlap import overlap

Chunk = tuple[str, int, int]
"""Type, first and last word; words are counted through all sentences, one added after each."""

Sentences = Iterable[Sequence[str]]


def after_last_hyphen(tag: str) -> str:
    """Return the type of a tag in seqeval 0.0.12: ``B-geo-loc`` is a ``loc``."""
    return tag.rpartition("-")[2]


def after_first_hyphen(tag: str) -> str:
    """Return the type of a tag in seqeval 1.2.2: ``B-geo-loc`` is a ``geo-loc``."""
    return tag[1:].split("-", maxsplit=1)[-1] or "_"


def chunks(
    sentences: Sentences, type_of: Callable[[str], str] = after_last_hyphen
) -> frozenset[Chunk]:
    """Return the chunks (type, first, last) that seqeval's default mode finds."""
    # Between a word and the next, with prefixes p and q: a chunk ends if p is E or S; or p is B or
    # I and q is B, S or O; or the types differ and p is neither O nor a full stop. A chunk starts
    # if q is B or S; or p is E, S or O and q is E or I; or the types differ and q is neither O nor
    # a full stop. It runs from the last start to the end. Each sentence is followed by an O.
    spans: list[Chunk] = []
    prefix, kind, start = "O", "", 0
    for position, tag in enumerate(_with_ends(sentences)):
        next_prefix, next_kind = tag[0], type_of(tag)
        change = kind != next_kind
        if (
            prefix in "ES"
            or (prefix in "BI" and next_prefix in "BSO")
            or (change and prefix not in "O.")
        ):
            spans.append((kind, start, position - 1))
        if (
            next_prefix in "BS"
            or (prefix in "ESO" and next_prefix in "EI")
            or (change and next_prefix not in "O.")
        ):
            start = position
        prefix, kind = next_prefix, next_kind
    return frozenset(spans)


def strict_chunks(sentences: Sentences) -> frozenset[Chunk]:
    """Return the entities of well-formed IOB2 tags: one begins at B- and nowhere else.

    As seqeval 1.2.2 with ``mode="strict", scheme=IOB2``: an I- that does not go on with an entity
    of its own type is outside.
    """
    spans: list[Chunk] = []
    kind, start = "", -1
    for position, tag in enumerate(_with_ends(sentences)):
        if start >= 0 and not (tag[0] == "I" and after_first_hyphen(tag) == kind):
            spans.append((kind, start, position - 1))
            start = -1
        if tag[0] == "B":
            kind, start = after_first_hyphen(tag), position
    return frozenset(spans)


def _with_ends(sentences: Sentences) -> Iterable[str]:
    for number, sentence in enumerate(sentences, start=1):
        for tag in sentence:
            if not tag:
                raise DataError(
                    "a tag is empty", where=f"sentence {number}", remedy="Give every word a tag"
                )
            yield tag
        yield "O"


def chunk_scores(
    predicted: Sentences,
    gold: Sentences,
    find: Callable[[Sentences], frozenset[Chunk]] = chunks,
) -> dict[str, float]:
    """Return micro-averaged F1, precision and recall over the chunks that `find` finds."""
    return overlap(find(predicted), find(gold))
