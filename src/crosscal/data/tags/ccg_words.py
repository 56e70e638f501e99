"""Formats ``ccg-json`` and ``ccg-stagged``: sentences with a CCG supertag a word.

``ccg-json`` is one list of ``[sentence, [[supertag, ...], [head, ...]]]`` with words separated
by single spaces. ``ccg-stagged`` is the C&C tools' ``word|POS|supertag``, a sentence a line.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.files.json_tree import Node, read_json
from crosscal.data.files.lines import read_lines
from crosscal.data.files.per_language import file_format
from crosscal.data.reader import Request
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.data.text import shown
from crosscal.exceptions import DataError


def _json_rows(file: Path, request: Request) -> list[TagRow]:
    rows = []
    for index, item in enumerate(read_json(file).items()):
        sentence, annotation = _two(item, "a sentence and its annotation")
        tags, heads = _two(annotation, "supertags and heads")
        words = tuple(sentence.text().split(" "))
        gold = tuple(tag.text() for tag in tags.items())
        count = len([head.whole() for head in heads.items()])
        if not len(words) == len(gold) == count:
            raise item.fault(
                f"{len(words)} words, {len(gold)} supertags and {count} heads",
                "Give each word, separated by single spaces, one of each",
            )
        rows.append(TagRow(index, item.location, words, gold))
    return rows


def _two(node: Node, what: str) -> list[Node]:
    items = list(node.items())
    if len(items) != 2:
        raise node.fault(f"{len(items)} items instead of 2 ({what})", "Check the format")
    return items


def _stagged_rows(file: Path, request: Request) -> list[TagRow]:
    rows: list[TagRow] = []
    for number, line in read_lines(file):
        # The C&C tools begin their files with comments and a blank line.
        if not rows and (not line or (line.startswith("#") and "|" not in line)):
            continue
        cells = [word.rsplit("|", 2) for word in line.split(" ")]
        for cell in cells:
            if len(cell) != 3:
                raise DataError(
                    f"'{shown(cell[0])}' is not word|POS|supertag"
                    if cell[0]
                    else "the line is blank, or has two spaces in a row or at an end",
                    where=f"{file}:{number}",
                    remedy="Separate words by one space, and sentences by line ends",
                )
        words = tuple(cell[0] for cell in cells)
        rows.append(TagRow(len(rows), number, words, tuple(cell[2] for cell in cells)))
    return rows


FORMATS = (
    file_format(
        TAGS,
        "ccg-json",
        "CCG supertags: JSON list of [sentence, [[supertag, ...], [head, ...]]]; {split} may stand "
        "in the file name",
        ("{split}.json",),
        _json_rows,
    ),
    file_format(
        TAGS,
        "ccg-stagged",
        "CCG supertags: word|POS|supertag, one sentence a line; {split} may stand in the file name",
        ("{split}.staggedGold", "{split}.stagged"),
        _stagged_rows,
    ),
)
