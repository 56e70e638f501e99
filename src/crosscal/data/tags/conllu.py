"""Formats ``conllu`` and ``ud-pud``: Universal Dependencies in CoNLL-U, words and UPOS tags.

https://universaldependencies.org/format.html. Ten columns; ranges of words (``1-2``) and empty
nodes (``1.1``) are skipped, since the syntactic words beside them carry the tags. The id of a
sentence is its ``sent_id``. The PUD treebanks translate the same 1,000 sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from crosscal.data.files.layout import folder_names, is_folder
from crosscal.data.files.lines import read_lines
from crosscal.data.files.naming import file_of
from crosscal.data.files.per_language import read_languages
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.data.text import shown
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

_COLUMNS = 10
_SENT_ID = re.compile(r"#\s*sent_id\s*=\s*(.*?)\s*")
_WORD = re.compile(r"[1-9][0-9]*")
_BESIDE = re.compile(r"[1-9][0-9]*-[1-9][0-9]*|[0-9]+\.[1-9][0-9]*")
_NAME = re.compile(r"(?P<language>[a-z]{2,3})_(?P<bank>\w+)-ud-(?P<split>[a-z]+)(?:-.+)?\.conllu")
_NONE = "_"

# First line, words, tags, id.
Sentence = tuple[int, tuple[str, ...], tuple[str, ...] | None, str | None]


def _read(request: Request, *, bank: str | None) -> ParsedFiles:
    if bank == "pud" and request.split not in (None, "test"):
        raise SettingsError(
            f"PUD has no split '{request.split}'", where="split", remedy="It is all 'test'"
        )

    def root(files: Sequence[Path]) -> Path:
        return files[0] if len(files) == 1 else request.source

    parsed = read_languages(
        request, lambda request, language: _files(request, language, bank), _rows, root=root
    )
    return replace(parsed, parts=[_with_banks(part) for part in parsed.parts])


def _rows(file: Path, request: Request) -> list[TagRow]:
    return [
        TagRow(index, line, words, tags, row_id=row_id)
        for index, (line, words, tags, row_id) in enumerate(_sentences(file))
    ]


def _with_banks(part: LanguageRows) -> LanguageRows:
    """Put the file before the ids: they are unique in a treebank, a language may have several."""
    if part.file.is_file():
        return part
    rows = [
        row if row.row_id is None else replace(row, row_id=f"{_file_in(row.where)}:{row.row_id}")
        for row in part.rows
    ]
    return replace(part, rows=rows)


def _file_in(where: str) -> str:
    return where.rpartition(":")[0]


def _files(request: Request, language: str, bank: str | None) -> list[Path]:
    """Find the files of one language in a folder, or in the folders of treebanks within it."""
    path = request.source
    if "{" in str(path) or not is_folder(path):
        return [file_of(request, language)]
    split = "test" if bank == "pud" else request.needed_split()
    names = folder_names(path)
    folders = [path, *(path / name for name in names if is_folder(path / name))]
    files_of: dict[str, dict[str, list[Path]]] = {}
    for folder in folders:
        for name in folder_names(folder):
            match = _NAME.fullmatch(name)
            if match and bank in (None, match["bank"]):
                splits = files_of.setdefault(match["language"], {})
                splits.setdefault(match["split"], []).append(folder / name)
    for field, value, present in (
        ("language", language, list(files_of)),
        ("split", split, list(files_of.get(language, ()))),
    ):
        if value not in present:
            raise DataError(
                f"there is no {field} '{value}'",
                where=str(path),
                remedy=did_you_mean(value, sorted(present))
                if present
                else f"Files are named {{language}}_{bank or '*'}-ud-{{split}}.conllu",
            )
    return sorted(files_of[language][split])


def _sentences(file: Path) -> Iterator[Sentence]:
    """Yield what stands between blank lines; the last blank line may be missing."""
    block: list[tuple[int, str]] = []
    for number, line in read_lines(file):
        if line:
            block.append((number, line))
        elif block:
            yield _sentence(block, file)
            block = []
    if block:
        yield _sentence(block, file)


def _sentence(block: Sequence[tuple[int, str]], file: Path) -> Sentence:
    row_id: str | None = None
    words: list[str] = []
    tags: list[str] = []
    for number, line in block:
        where = f"{file}:{number}"
        if line.startswith("#"):
            if words:
                raise _fault("a comment inside a sentence", where)
            if match := _SENT_ID.fullmatch(line):
                if row_id is not None or not match[1]:
                    raise _fault("a second or empty sent_id for one sentence", where)
                row_id = match[1]
            continue
        cells = line.split("\t")
        if len(cells) != _COLUMNS:
            raise _fault(f"{len(cells)} columns instead of {_COLUMNS}", where)
        if _BESIDE.fullmatch(cells[0]):
            continue
        if not _WORD.fullmatch(cells[0]) or cells[0] != str(len(words) + 1):
            raise _fault(f"id '{shown(cells[0])}' instead of {len(words) + 1}", where)
        words.append(cells[1])
        # An unspecified tag is none, whatever the others of the sentence are.
        tags.append("" if cells[3] == _NONE else cells[3])
    first = block[0][0]
    if len(words) > 1 and set(words) == {_NONE}:
        raise DataError(
            "the words of the sentence are left out ('_')",
            where=f"{file}:{first}",
            remedy="Merge the texts into the treebank first, as its README says",
        )
    return first, tuple(words), tuple(tags) if any(tags) else None, row_id


def _fault(what: str, where: str) -> DataError:
    return DataError(
        what, where=where, remedy="Check that the file is valid CoNLL-U, and fetch it again"
    )


FORMATS = (
    Format(
        schema=TAGS,
        name="conllu",
        description="Universal Dependencies: a CoNLL-U file, or folder of "
        "{language}_{treebank}-ud-{split}.conllu, also within folders; words and UPOS tags",
        read=partial(_read, bank=None),
        parallel=False,
    ),
    Format(
        schema=TAGS,
        name="ud-pud",
        description="Parallel Universal Dependencies: {language}_pud-ud-test.conllu in a folder "
        "or in folders within it; the same sentences in every language",
        read=partial(_read, bank="pud"),
    ),
)
