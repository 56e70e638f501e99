"""Sentences of two sides and the pairs between them, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crosscal.data.bitexts.sentences import SentenceRow
from crosscal.data.files.naming import check_exists
from crosscal.data.reader import LanguageRows, Request
from crosscal.exceptions import SettingsError


@dataclass(frozen=True, kw_only=True)
class Side:
    """The sentences of one file."""

    file: Path
    lines: Sequence[int]  # line number of each
    ids: Sequence[str]  # id of each, all different
    texts: Sequence[str]


def bitext_parts(
    language: str,
    other: Side,
    english: Side,
    pairs: Sequence[tuple[int, int]] | None,
    request: Request,
) -> list[LanguageRows]:
    """Make rows of two sides: the other language first, then English, which goes on counting.

    Sentences that a chain of pairs connects form one cluster, named by its first pair.
    """
    first = len(other.ids)
    partners: dict[int, list[int]] = {}
    for other_index, english_index in pairs or ():
        partners.setdefault(other_index, []).append(first + english_index)
        partners.setdefault(first + english_index, []).append(other_index)
    clusters = _connected(partners)
    parts = []
    for is_english, side, begin in ((False, other, 0), (True, english, first)):
        sentences = zip(side.lines, side.ids, side.texts, strict=True)
        rows = [
            SentenceRow(
                index,
                line,
                is_english,
                sentence_id,
                text,
                None if pairs is None else tuple(sorted(partners.get(index, ()))),
                cluster=f"{request.prefix}-pair-{clusters[index]:05d}"
                if index in clusters
                else None,
                row_id=sentence_id,
            )
            for index, (line, sentence_id, text) in enumerate(sentences, begin)
        ]
        parts.append(LanguageRows(language=language, file=side.file, rows=rows))
    return parts


def _connected(partners: dict[int, list[int]]) -> dict[int, int]:
    """Return, for each sentence that has a partner, the first sentence of its group."""
    group: dict[int, int] = {}
    for start in sorted(partners):
        queue = [] if start in group else [start]
        while queue:
            index = queue.pop()
            if group.setdefault(index, start) == start:
                queue += [p for p in partners[index] if p not in group]
    return group


def check_not_english(request: Request) -> None:
    """Refuse English as the language of a pair, after `check_exists`."""
    check_exists(request)
    if "en" in request.languages:
        raise SettingsError(
            "English is one side of every pair, not the language of one",
            where="languages",
            remedy="Leave 'en' out; each language is read together with its English side",
        )
