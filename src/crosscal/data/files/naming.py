"""Which files a request means: one file, a name with fields in braces, or a folder of known names.

Names of files in a folder are patterns with ``{split}``, ``{language}`` and further fields. A
published data set lies under its authors' names or, as Parquet, as on the Hugging Face Hub.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crosscal.data.files.hub import split_files
from crosscal.data.files.layout import folder_names, in_folder, is_folder, split_names
from crosscal.data.files.lines import opening
from crosscal.data.files.parquet import shards
from crosscal.data.reader import Request
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

_FIELD = re.compile(r"\{(?:split|language)\}")


def under_any_split(request: Request, names: Sequence[str]) -> list[str]:
    """Return patterns, then the same with the split under its other names."""
    others = split_names(request.split)[1:]
    return [*names, *(name.replace("{split}", other) for other in others for name in names)]


def file_of(request: Request, language: str, names: Sequence[str] = (), **fields: str) -> Path:
    """Return the file of one language: the path itself, or the first of `names` in its folder.

    At a path without fields nothing need exist. `fields` are further fields of the names.
    """
    path = request.source
    values = {"language": language, **fields}
    if request.split is not None:
        values = {"split": request.split, **values}
    if _FIELD.search(str(path)):
        _check_language_in(str(path), values, request)
        return _filled(path, values)
    if is_folder(path):
        if not names:
            raise DataError(
                "this is a folder, but a file is needed",
                where=str(path),
                remedy="Name the file; {split} and {language} may stand in its name",
            )
        candidates = [path / name for name in names]
        present = (name for name in candidates if _exists(name, values))
        pattern = next(present, candidates[0])
        _check_language_in(str(pattern), values, request)
        return _filled(pattern, values)
    _check_language_in(str(path), values, request)
    return path


def published_files(request: Request, language: str, names: Sequence[str]) -> list[Path]:
    """Return the files of one language: one under its authors' names, or shards from the Hub.

    The split may have any of its names. A folder with Parquet files, or with a folder of them for
    the language, is read as from the Hub.
    """
    if request.hub is not None:
        return split_files(request, language)
    path = request.source
    if not is_folder(path) or not any("{split}" in name for name in names):
        return [file_of(request, language, names)]
    split = request.needed_split()
    for folder in (path / language, path):
        if is_folder(folder) and any(n.endswith(".parquet") for n in folder_names(folder)):
            if folder == path:
                check_one_language(request)
            return shards(folder, "dev" if "dev" in split_names(split) else split)
    return [file_of(request, language, under_any_split(request, names))]


def hub_files(request: Request, language: str, folders: Sequence[str] = ()) -> list[Path]:
    """Return the Parquet files of one language.

    The path is a file, a folder of files for one language, a folder of folders for several (named
    by the first of `folders` that exists, or by the code), or holds ``{language}``.
    """
    if request.hub is not None:
        return split_files(request, language)
    path = request.source
    if "{" in str(path):
        path = file_of(request, language)
    if not is_folder(path):
        return [file_of(request, language)] if path == request.path else [path]
    split = request.needed_split()
    if path != request.path:
        return shards(path, split)
    candidates = [name.replace("{language}", language) for name in (*folders, "{language}")]
    names = folder_names(path)
    folder = next((name for name in candidates if name in names), None)
    if folder is not None:
        return shards(path / folder, split)
    if len(request.languages) == 1 and any(name.endswith(".parquet") for name in names):
        return shards(path, split)
    raise no_language_folder(path, language, candidates[0], names)


def no_language_folder(path: Path, language: str, name: str, names: Sequence[str]) -> DataError:
    """Say which folders there are instead."""
    return DataError(
        f"there is no folder for language '{language}'",
        where=str(path),
        remedy=did_you_mean(name, names) if names else "The folder is empty",
    )


def check_one_language(request: Request) -> None:
    """Refuse to read one file, or one folder of its parts, as several languages."""
    if len(request.languages) > 1:
        raise SettingsError(
            f"one file cannot hold {len(request.languages)} languages in this format",
            where=str(request.path),
            remedy="Write {language} into the file name, for example 'test.{language}.txt', or "
            "name a source for each language with by_language",
        )


def check_exists(request: Request) -> None:
    """Refuse a path without fields in braces at which nothing is."""
    if request.hub is not None:
        return
    path = request.source
    with opening(path):
        if "{" not in str(path) and not path.exists():
            raise DataError(
                "there is no such file or folder", where=str(path), remedy="Check the path"
            )


def check_languages(request: Request, known: Sequence[str], format: str) -> None:
    """Refuse languages that a data set does not have, after `check_exists`."""
    check_exists(request)
    for language in request.languages:
        if language not in known:
            raise SettingsError(
                f"format '{format}' holds {', '.join(known)}, not '{language}'",
                where="languages",
                remedy="Ask for those; read a translation of the data in another format",
            )


def _check_language_in(name: str, values: dict[str, str], request: Request) -> None:
    """Refuse several languages where no part of the name changes with the language."""
    if not any("{" + field + "}" in name for field in values if field != "split"):
        check_one_language(request)


def _exists(path: Path, values: dict[str, str]) -> bool:
    with opening(path):
        return Path(_replaced(path, values)).exists()


def _filled(path: Path, values: dict[str, str]) -> Path:
    """Replace the fields; those of the last part by looking at what is in the folder."""
    if "{split}" in str(path) and "split" not in values:
        raise SettingsError(
            "the file is found by its split, but no split is given",
            where=str(path),
            remedy="Name the split, for example 'test'",
        )
    used = {field: value for field, value in values.items() if "{" + field + "}" in path.name}
    return in_folder(Path(_replaced(path.parent, values)), path.name, **used)


def _replaced(path: Path, values: dict[str, str]) -> str:
    name = str(path)
    for field, value in values.items():
        name = name.replace("{" + field + "}", value)
    return name
