"""Files with a word a line: columns, and blank lines between sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crosscal.data.files.lines import read_lines
from crosscal.data.tags.tags import TagRow
from crosscal.exceptions import DataError

Line = tuple[int, list[str]]
_DOCUMENT = "-DOCSTART-"


def word_lines(path: Path, separator: str | None = "\t") -> Iterator[list[Line]]:
    r"""Yield the sentences of a file.

    A blank line ends a sentence, and several do so once; so does a line whose first cell is
    ``-DOCSTART-`` (CoNLL-2003: a new document). The last sentence may end with the file.
    """
    lines = list(read_lines(path))
    if separator is None:
        separator = "\t" if any("\t" in line for _, line in lines) else " "
    sentence: list[Line] = []
    first: Line | None = None
    for number, line in lines:
        cells = line.split(separator)
        if separator == " ":
            cells = [cell for cell in cells if cell]
        if not line or cells[:1] == [_DOCUMENT]:
            if sentence:
                yield sentence
            sentence = []
            continue
        first = first or (number, cells)
        if len(cells) != len(first[1]):
            raise _uneven(path, number, cells, first, separator)
        sentence.append((number, cells))
    if sentence:
        yield sentence


def _uneven(path: Path, number: int, cells: list[str], first: Line, separator: str) -> DataError:
    count = f"{len(cells)} column{'s' * (len(cells) != 1)}"
    between = "one tab" if separator == "\t" else "spaces"
    return DataError(
        f"{count}, but {len(first[1])} in line {first[0]}",
        where=f"{path}:{number}",
        remedy=f"Columns are separated by {between}, and a blank line between sentences is empty",
    )


def tag_rows(sentences: Iterator[list[Line]]) -> list[TagRow]:
    """Make rows of sentences whose first column is the word and whose last is the tag."""
    return [
        TagRow(index, sentence[0][0], *_words_and_tags([cells for _, cells in sentence]))
        for index, sentence in enumerate(sentences)
    ]


def _words_and_tags(
    cells: Sequence[Sequence[str]],
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    words = tuple(cell[0] for cell in cells)
    return words, None if len(cells[0]) == 1 else tuple(cell[-1] for cell in cells)
