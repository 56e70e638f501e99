"""Formats ``udpos-xtreme`` and ``panx-xtreme``: tagging as the XTREME benchmark lays it out.

Hu et al. (2020), "XTREME". ``{split}-{language}.tsv`` holds word TAB tag, a blank line between
sentences. Its test files have words alone: they can be read where no tags are required.
"""

from __future__ import annotations

from crosscal.data.files.layout import in_folder
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request
from crosscal.data.tags.tags import TAGS
from crosscal.data.tags.word_lines import tag_rows, word_lines
from crosscal.exceptions import DataError, SettingsError

_COLUMNS = 2


def _read(request: Request) -> ParsedFiles:
    folder, split = request.path, request.split
    assert folder is not None
    if split is None:
        raise SettingsError(
            "no split is given", where=str(folder), remedy="Name one: 'train', 'dev' or 'test'"
        )
    parts = []
    for language in request.languages:
        file = in_folder(folder, "{split}-{language}.tsv", split=split, language=language)
        sentences = list(word_lines(file))
        if sentences and len(sentences[0][0][1]) > _COLUMNS:
            raise DataError(
                f"{len(sentences[0][0][1])} columns instead of {_COLUMNS} (word TAB tag)",
                where=f"{file}:{sentences[0][0][0]}",
                remedy="Read files with more columns in format 'conll' or 'conllu'",
            )
        parts.append(LanguageRows(language=language, file=file, rows=tag_rows(iter(sentences))))
    return ParsedFiles(parts=parts, files=tuple(part.file for part in parts))


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
