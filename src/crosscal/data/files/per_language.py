"""From the files of each language to its rows: what every reader of a data set does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosscal.data.files.naming import file_of
from crosscal.data.reader import Format, LanguageRows, ParsedFiles, Request, RowSchema

# From a file, and the request for its language alone, to rows counted from 0.
RowReader = Callable[[Path, Request], Sequence[Any]]


def read_languages(
    request: Request,
    find: Callable[[Request, str], Sequence[Path]],
    rows: RowReader,
    *,
    root: Callable[[Sequence[Path]], Path] | None = None,
) -> ParsedFiles:
    """Read what `find` returns for each language, several files of one language as one.

    Messages about one of several files name the first, with the file behind the row; with a `root`,
    which returns the one file or the folder of several, the folder with the file before the row.
    """
    parts: list[LanguageRows] = []
    files: list[Path] = []
    for language in request.languages:
        own_files = find(request, language)
        own_request = replace(request, languages=(language,))
        source = own_files[0] if root is None else root(own_files)
        own_rows: list[Any] = []
        for file in own_files:
            file_rows = rows(file, own_request)
            if len(own_files) > 1 or file != source:
                folder = None if root is None else source
                file_rows = _joined(file_rows, file, folder, first=len(own_rows))
            own_rows += file_rows
        parts.append(LanguageRows(language=language, file=source, rows=own_rows))
        files += own_files
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(files)))


def _joined(rows: Sequence[Any], file: Path, root: Path | None, first: int) -> Sequence[Any]:
    """Return the rows of one of several files: numbered on, and saying where they stand."""
    before = "" if root is None else f"{file.relative_to(root)}:"
    behind = f" of {file.name}" if root is None else ""
    return [
        replace(row, index=first + row.index, where=f"{before}{row.where}{behind}") for row in rows
    ]


def file_or_folder(files: Sequence[Path]) -> Path:
    """Return the one file, or the folder of several."""
    return files[0] if len(files) == 1 else files[0].parent


def file_format(
    schema: RowSchema,
    name: str,
    description: str,
    names: Sequence[str],
    rows: RowReader,
    *,
    parallel: bool = False,
    check: Callable[[Request], None] = lambda request: None,
    **fields: Callable[[str], str],
) -> Format:
    """Return a format with one file a language, named as for `file_of`.

    `check` refuses requests; `fields` say, from the language, what else stands in a name.
    """

    def find(request: Request, language: str) -> list[Path]:
        values = {field: value(language) for field, value in fields.items()}
        return [file_of(request, language, names, **values)]

    def read(request: Request) -> ParsedFiles:
        check(request)
        return read_languages(request, find, rows)

    return Format(schema=schema, name=name, description=description, read=read, parallel=parallel)
