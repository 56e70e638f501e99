"""Which file a request means: a file, a name with fields in braces, or a folder of known names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crosscal.data.files.layout import in_folder
from crosscal.data.files.lines import opening
from crosscal.data.reader import Request
from crosscal.exceptions import DataError, SettingsError

_FIELD = re.compile(r"\{(?:split|language)\}")


def file_of(request: Request, language: str, names: Sequence[str] = (), **fields: str) -> Path:
    """Return the file of one language.

    Parameters
    ----------
    request : Request
        Its path is a file, or a path with ``{split}`` and ``{language}`` anywhere in it, or a
        folder.
    language : str
        Code.
    names : sequence of str, default ()
        What the file may be called in a folder, folders within it included; the first that is
        there is taken. Fields in braces are ``split``, ``language`` and those in `fields`.
    **fields : str
        Further fields with their values.

    Returns
    -------
    pathlib.Path
        The file; at a path without fields nothing need exist.

    Raises
    ------
    SettingsError
        If the name holds the split and none is given, or one file is to be several languages.
    DataError
        If no such file is in the folder; says which split or language there is.
    """
    path = request.path
    assert path is not None
    values = {"language": language, **fields}
    if request.split is not None:
        values = {"split": request.split, **values}
    if _FIELD.search(str(path)):
        _check_own(str(path), values, request)
        return _filled(path, values)
    if is_folder(path):
        if not names:
            raise DataError(
                "this is a folder, but a file is needed",
                where=str(path),
                remedy="Name the file; {split} and {language} may stand in its name",
            )
        candidates = [path / name for name in names]
        there = (name for name in candidates if _exists(name, values))
        found = next(there, candidates[0])
        _check_own(str(found), values, request)
        return _filled(found, values)
    _check_own(str(path), values, request)
    return path


def check_one_language(request: Request) -> None:
    """Refuse to read one file, or one folder of its parts, as several languages.

    Parameters
    ----------
    request : Request
        What was asked.

    Raises
    ------
    SettingsError
        If several languages are asked for.
    """
    if len(request.languages) > 1:
        raise SettingsError(
            f"one file cannot hold {len(request.languages)} languages in this format",
            where=str(request.path),
            remedy="Write {language} into the file name, for example 'test.{language}.txt'",
        )


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder.

    Parameters
    ----------
    path : pathlib.Path
        Any path.

    Returns
    -------
    bool
        False also if nothing is there.

    Raises
    ------
    DataError
        If looking is not permitted.
    """
    with opening(path):
        return path.is_dir()


def _check_own(name: str, values: dict[str, str], request: Request) -> None:
    """Refuse several languages where no part of the name changes with the language."""
    if not any("{" + field + "}" in name for field in values if field != "split"):
        check_one_language(request)


def _exists(path: Path, values: dict[str, str]) -> bool:
    name = str(path)
    for field, value in values.items():
        name = name.replace("{" + field + "}", value)
    with opening(path):
        return Path(name).exists()


def _filled(path: Path, values: dict[str, str]) -> Path:
    """Replace the fields; those of the last part by looking at what is there."""
    if "{split}" in str(path) and "split" not in values:
        raise SettingsError(
            "the file is found by its split, but no split is given",
            where=str(path),
            remedy="Name the split, for example 'test'",
        )
    folder = str(path.parent)
    for field, value in values.items():
        folder = folder.replace("{" + field + "}", value)
    used = {field: value for field, value in values.items() if "{" + field + "}" in path.name}
    return in_folder(Path(folder), path.name, **used)
