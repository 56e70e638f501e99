r"""Files of labels in XTREME's layout for submissions: one label, pair or tag a line.

Lines end at ``\n`` or ``\r\n``; white space around a line is removed, as XTREME's evaluator
does.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crosscal.exceptions import DataError
from crosscal.metrics.bitext import Pair


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file without byte order mark; refuse an empty one."""
    text = _decoded(path)
    if not text.strip():
        raise DataError("the file is empty", where=f"{path}:1", remedy="Write the file again")
    return text


def _decoded(path: Path) -> str:
    """Return the text of a file that may be empty."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"this file cannot be read ({error.strerror or error})",
            where=str(path),
            remedy="Check the path and its permissions",
        ) from error
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"not UTF-8: byte 0x{error.object[error.start]:02X} ({error.reason})",
            where=f"{path}:{line}",
            remedy="Convert the file to UTF-8, for example with iconv",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            "NUL character", where=f"{path}:{line}", remedy="The file is damaged; write it again"
        )
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their one-based numbers; blank ones too, but not what ends the file."""
    for number, line in enumerate(text.rstrip().split("\n"), start=1):
        yield number, line.strip()


def _known(label: str, known: re.Pattern[str], path: Path, number: int) -> str:
    if known.fullmatch(label):
        return label
    what = f"unknown label {label!r}" if label else "the line is blank"
    raise DataError(
        what,
        where=f"{path}:{number}",
        remedy=f"A label must match {known.pattern} and nothing else",
    )


def read_labels(path: Path, known: re.Pattern[str]) -> list[str]:
    """Read one label a line; each must match the whole pattern."""
    return [_known(line, known, path, number) for number, line in _lines(read_text(path))]


def read_pairs(path: Path) -> list[Pair]:
    """Read two ids a line, divided by a tab; an empty file has none: nothing was mined."""
    pairs: list[Pair] = []
    text = _decoded(path)
    for number, line in _lines(text) if text.strip() else ():
        ids = line.split("\t")
        if len(ids) != 2 or not all(ids):
            raise DataError(
                f"not two ids divided by a tab: {line!r}",
                where=f"{path}:{number}",
                remedy="Write the ids of a sentence and of its translation",
            )
        pairs.append((ids[0], ids[1]))
    return pairs


@dataclass(frozen=True, kw_only=True)
class TaggedSentence:
    """The tags of one sentence."""

    line: int  # of its first tag, one-based
    tags: tuple[str, ...]


def read_sentences(path: Path, known: re.Pattern[str]) -> list[TaggedSentence]:
    """Read one tag a line, with blank lines after each sentence but perhaps the last."""
    sentences: list[TaggedSentence] = []
    tags: list[str] = []
    first = 1
    for number, line in [*_lines(read_text(path)), (0, "")]:
        if line:
            first = number if not tags else first
            tags.append(_known(line, known, path, number))
        elif tags:
            sentences.append(TaggedSentence(line=first, tags=tuple(tags)))
            tags = []
    return sentences
