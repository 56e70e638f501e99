"""Cut running text into sentences by offsets, in any script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Span = tuple[int, int]

# Signs that end a sentence only before white space; signs that need none; line ends.
_STOPS = re.compile(
    r"(?P<spaced>[.!?…؟۔।॥።]+)[\"'”’»)\]]*(?=\s)|[。！？｡]+[”’」』）]*|(?P<line>[\r\n\u2028\u2029]+)"
)
# One letter (an initial), or a word that is nearly always followed by more of its sentence.
_SHORT = re.compile(
    r"(?:^|[\s(\"'“])(?:\w|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Gen|Col|Lt|Sgt|Capt|Rev|No|vs|etc|ca|cf|approx|"
    r"(?:\w\.)+\w)$"
)
_LONGEST_SHORT = 12


def sentences(text: str, whole: Iterable[Span] = ()) -> list[Span]:
    """Cut a text into sentences.

    A guess by punctuation: a stop followed by a small letter, or after an initial or a common
    abbreviation, ends nothing. Text in a script without stops stays in one piece.
    """
    spans = list(whole)
    cuts = [cut for cut in _cuts(text) if not any(start < cut < end for start, end in spans)]
    pieces = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[start:end]
        if piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            pieces.append((left, left + len(piece.strip())))
    return pieces


def _cuts(text: str) -> Iterator[int]:
    for stop in _STOPS.finditer(text):
        if stop["spaced"] is not None:
            after = text[stop.end() : stop.end() + 3].lstrip()
            before = text[max(0, stop.start() - _LONGEST_SHORT) : stop.start()]
            if after[:1].islower() or (stop["spaced"] == "." and _SHORT.search(before)):
                continue
        yield stop.end()
