"""Where the files of a published data set lie: under its authors' names, or as on the Hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosscal.data.files.layout import folder_names
from crosscal.data.files.lines import opening
from crosscal.data.files.naming import check_one_language, file_of, is_folder
from crosscal.data.files.parquet import shards
from crosscal.data.reader import LanguageRows, ParsedFiles, Request
from crosscal.exceptions import DataError, SettingsError

# What data sets call their splits; the first is what studies say.
_WORDS = (
    ("train", "trn", "training"),
    ("dev", "val", "valid", "validation", "trial", "sample"),
    ("test", "tst"),
)


def split_words(split: str | None) -> tuple[str, ...]:
    """Return what a split may be called in a file name.

    Parameters
    ----------
    split : str or None
        As asked for.

    Returns
    -------
    tuple of str
        The split itself first; empty for None.
    """
    if split is None:
        return ()
    others = next((words for words in _WORDS if split in words), ())
    return (split, *(word for word in others if word != split))


def published_files(request: Request, language: str, names: Sequence[str]) -> list[Path]:
    """Return the files of one language.

    Parameters
    ----------
    request : Request
        Its path is a file, a path with ``{split}`` and ``{language}`` in it, or a folder.
    language : str
        Code.
    names : sequence of str
        What the file is called in a folder; the first that is there is taken, under any name of
        the split. A folder with Parquet files, or with a folder of them for the language, is
        read as from the Hub instead.

    Returns
    -------
    list of pathlib.Path
        One file, or the shards from the Hub in order.

    Raises
    ------
    SettingsError
        If the path is a folder and no split is given, or one file is to be several languages.
    DataError
        If there is no such file.
    """
    path = request.path
    assert path is not None
    if not is_folder(path):
        return [file_of(request, language, names)]
    if request.split is None:
        raise SettingsError(
            "no split is given", where=str(path), remedy="Name one: 'train', 'dev' or 'test'"
        )
    words = split_words(request.split)
    for folder in (path / language, path):
        if is_folder(folder) and any(n.endswith(".parquet") for n in folder_names(folder)):
            if folder == path:
                check_one_language(request)
            return shards(folder, "dev" if "dev" in words else request.split)
    spelled = [name.replace("{split}", word) for word in words[1:] for name in names]
    return [file_of(request, language, [*names, *spelled])]


def read_published(
    request: Request, names: Sequence[str], rows: Callable[[Path, int], list[Any]]
) -> ParsedFiles:
    """Read the files of every language.

    Parameters
    ----------
    request : Request
        What was asked.
    names : sequence of str
        As for `published_files`.
    rows : callable
        From a file, and how many rows of the language were read before it, to its rows.

    Returns
    -------
    ParsedFiles
        One part a language. Where it has several files, rows say in which one they stand.

    Raises
    ------
    DataError, SettingsError
        As `published_files` and `rows`.
    """
    parts: list[LanguageRows] = []
    files: list[Path] = []
    for language in request.languages:
        found = published_files(request, language, names)
        read: list[Any] = []
        for file in found:
            more = rows(file, len(read))
            if len(found) > 1:
                more = [replace(row, where=f"{row.where} of {file.name}") for row in more]
            read += more
        parts.append(LanguageRows(language=language, file=found[0], rows=read))
        files += found
    return ParsedFiles(parts=parts, files=tuple(dict.fromkeys(files)))


def check_there(request: Request) -> None:
    """Refuse a path at which nothing is.

    Parameters
    ----------
    request : Request
        What was asked.

    Raises
    ------
    DataError
        If the path has no fields in braces and does not exist.
    """
    path = request.path
    assert path is not None
    with opening(path):
        if "{" not in str(path) and not path.exists():
            raise DataError(
                "there is no such file or folder", where=str(path), remedy="Check the path"
            )


def check_languages(request: Request, known: Sequence[str], format: str) -> None:
    """Refuse languages that a data set does not have, after `check_there`.

    Parameters
    ----------
    request : Request
        What was asked.
    known : sequence of str
        The data set's languages.
    format : str
        Its format, for the message.

    Raises
    ------
    SettingsError
        For the first language that is not among them.
    DataError
        If the path does not exist.
    """
    check_there(request)
    for language in request.languages:
        if language not in known:
            raise SettingsError(
                f"format '{format}' holds {', '.join(known)}, not '{language}'",
                where="languages",
                remedy="Ask for those; read a translation of the data in another format",
            )
