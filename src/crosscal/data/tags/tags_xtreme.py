"""Formats ``udpos-xtreme`` and ``panx-xtreme``: tagging as the XTREME benchmark lays it out.

Hu et al. (2020), "XTREME". ``{split}-{language}.tsv`` holds word TAB tag, a blank line between
sentences. Its test files have words alone: they can be read where no tags are required.
"""

from __future__ import annotations

from pathlib import Path

from crosscal.data.files.layout import in_folder
from crosscal.data.files.per_language import read_languages
from crosscal.data.reader import Format, ParsedFiles, Request
from crosscal.data.tags.tags import TAGS, TagRow
from crosscal.data.tags.word_lines import tag_rows, word_lines
from crosscal.exceptions import DataError

_N_COLUMNS = 2


def _read(request: Request) -> ParsedFiles:
    split = request.needed_split()

    def find(request: Request, language: str) -> list[Path]:
        pattern = "{split}-{language}.tsv"
        return [in_folder(request.source, pattern, split=split, language=language)]

    return read_languages(request, find, _rows)


def _rows(file: Path, request: Request) -> list[TagRow]:
    sentences = list(word_lines(file))
    if sentences and len(sentences[0][0][1]) > _N_COLUMNS:
        number, cells = sentences[0][0]
        raise DataError(
            f"{len(cells)} columns instead of {_N_COLUMNS} (word TAB tag)",
            where=f"{file}:{number}",
            remedy="Read files with more columns in format 'conll' or 'conllu'",
        )
    return tag_rows(iter(sentences))


def _format(name: str, what: str) -> Format:
    return Format(
        schema=TAGS,
        name=name,
        description=f"{what} in XTREME form: folder of {{split}}-{{language}}.tsv, word TAB tag, "
        "blank line between sentences",
        read=_read,
        parallel=False,
    )


FORMATS = (
    _format("udpos-xtreme", "UD part-of-speech tags"),
    _format("panx-xtreme", "PAN-X (WikiANN) named entities"),
)
