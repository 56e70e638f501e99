"""Format ``ccg-auto``: CCGbank's AUTO files, words with the supertags of their leaves.

Hockenmaier and Steedman (2007), "CCGbank", appendix A. A line ``ID=...`` and a line with a
derivation: inner nodes ``(<T category head children> ...)``, leaves
``(<L category modified-POS original-POS word predicate-argument-category>)``. Splits of the
whole corpus are by section, as is usual: train 02 to 21, dev 00, test 23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crosscal.data.files.layout import folder_names, is_folder
from crosscal.data.files.lines import read_lines
from crosscal.data.files.naming import file_of
from crosscal.data.files.per_language import read_languages
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

SECTIONS = {
    "train": tuple(f"{section:02d}" for section in range(2, 22)),
    "dev": ("00",),
    "test": ("23",),
}
_ROOTS = ("data/AUTO", "AUTO", ".")
_ID = re.compile(r"ID=([^\s,]+)[\s,]?.*")
_PIECE = re.compile(
    r"\(<L (?P<tag>\S+) \S+ \S+ (?P<word>\S+) \S+>\) ?"
    r"|\(<T \S+ [01] (?P<children>[12])> ?"
    r"|(?P<end>\)) ?"
)


def _read(request: Request) -> ParsedFiles:
    files, source = _files(request)
    return read_languages(request, lambda *_: files, _rows, root=lambda _: source)


def _rows(file: Path, request: Request) -> list[TagRow]:
    return [
        TagRow(index, number, words, tags, row_id=row_id)
        for index, (number, row_id, words, tags) in enumerate(_sentences(file))
    ]


def _files(request: Request) -> tuple[list[Path], Path]:
    """Return the files in order, and the file or folder to name in messages."""
    path = request.source
    if len(request.languages) > 1:
        raise SettingsError(
            "CCGbank is one language",
            where="languages",
            remedy=f"Ask for '{request.languages[0]}' alone",
        )
    if "{" not in str(path) and is_folder(path):
        roots = (path / root for root in _ROOTS)
        root = next((r for r in roots if any(is_folder(r / s) for s in ("00", "02", "23"))), None)
        if root is not None:
            return _sections(root, request.split), root
    file = file_of(request, request.languages[0], ("{split}.auto",))
    return [file], file


def _sections(root: Path, split: str | None) -> list[Path]:
    if split not in SECTIONS:
        raise SettingsError(
            f"CCGbank has no split '{split}'",
            where="split",
            remedy=did_you_mean(split or "", SECTIONS),
        )
    files = []
    for section in SECTIONS[split]:
        names = [name for name in folder_names(root / section) if name.endswith(".auto")]
        if not names:
            raise DataError(
                f"section {section} has no .auto files",
                where=str(root / section),
                remedy=f"Split '{split}' needs all of its sections; unpack CCGbank again",
            )
        files += [root / section / name for name in names]
    return files


def _sentences(file: Path) -> Iterator[tuple[int, str, tuple[str, ...], tuple[str, ...]]]:
    """Yield line of the derivation, id, words and supertags."""
    row_id: str | None = None
    for number, line in read_lines(file):
        where = f"{file}:{number}"
        if match := _ID.fullmatch(line):
            if row_id is not None:
                raise _fault(f"sentence '{row_id}' has no derivation", where)
            row_id = match[1]
        elif line:
            if row_id is None:
                raise _fault("a derivation without an ID line before it", where)
            leaves = list(_leaves(line, where))
            words, tags = (tuple(side) for side in zip(*leaves, strict=True))
            yield number, row_id, words, tags
            row_id = None
    if row_id is not None:
        raise _fault(f"sentence '{row_id}' has no derivation", str(file))


def _leaves(line: str, where: str) -> Iterator[tuple[str, str]]:
    """Yield word and supertag of each leaf, after checking that the tree is whole."""
    open_slots = [1]
    position = 0
    while position < len(line):
        match = _PIECE.match(line, position)
        column = position + 1
        if match is None:
            raise _fault(f"no node of a derivation at column {column}", where)
        position = match.end()
        if match["end"]:
            if len(open_slots) == 1 or open_slots.pop():
                raise _fault(f"a node ends too early at column {column}", where)
            continue
        if not open_slots[-1]:
            raise _fault(f"one node too many at column {column}", where)
        open_slots[-1] -= 1
        if match["children"]:
            open_slots.append(int(match["children"]))
        else:
            yield match["word"], match["tag"]
    if open_slots != [0]:
        raise _fault("the derivation is cut off at its end", where)


def _fault(what: str, where: str) -> DataError:
    return DataError(
        what, where=where, remedy="Lines 'ID=...' and derivations alternate; fetch the file again"
    )


FORMAT = Format(
    schema=TAGS,
    name="ccg-auto",
    description="CCGbank: folder of AUTO/{section}/*.auto, split by section (train 02-21, dev "
    "00, test 23), or one .auto file; words and supertags",
    read=_read,
    parallel=False,
)
