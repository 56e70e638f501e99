"""Columns of lists in Parquet files of the Hub, and where the files of a language lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crosscal.data.files.layout import folder_names
from crosscal.data.files.naming import file_of, is_folder
from crosscal.data.files.parquet import plain_values, shards
from crosscal.data.reader import Request
from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean


def hub_files(request: Request, language: str, names: Sequence[str] = ()) -> list[Path]:
    """Return the Parquet files of one language.

    Parameters
    ----------
    request : Request
        Its path is a file; a folder of files for one language; a folder of folders for
        several; or a path with ``{language}`` in it.
    language : str
        Code.
    names : sequence of str, default ()
        What the folder of a language may be called, with ``{language}`` in it; the first that
        is there is taken, then one named by the code alone.

    Returns
    -------
    list of pathlib.Path
        In order.

    Raises
    ------
    SettingsError
        If no split is given, or one folder is to be several languages.
    DataError
        If a folder or file is missing.
    """
    path = request.path
    assert path is not None
    if "{" in str(path):
        path = file_of(request, language)
    if not is_folder(path):
        return [file_of(request, language)] if path == request.path else [path]
    if request.split is None:
        raise SettingsError(
            "no split is given", where=str(path), remedy="Name one: 'train', 'dev' or 'test'"
        )
    if path != request.path:
        return shards(path, request.split)
    wanted = [name.replace("{language}", language) for name in (*names, "{language}")]
    there = folder_names(path)
    folder = next((name for name in wanted if name in there), None)
    if folder is not None:
        return shards(path / folder, request.split)
    if len(request.languages) == 1 and any(name.endswith(".parquet") for name in there):
        return shards(path, request.split)
    raise DataError(
        f"there is no folder for language '{language}'",
        where=str(path),
        remedy=did_you_mean(wanted[0], there) if there else "The folder is empty",
    )


def lists(column: pa.ChunkedArray, name: str, file: Path, wanted: type) -> list[list[Any]]:
    """Return a column of lists.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        The column.
    name : str
        Its name, for the message.
    file : pathlib.Path
        Its file, for the message.
    wanted : type
        Of the items: `str` or `int`.

    Returns
    -------
    list of list
        One per row.

    Raises
    ------
    DataError
        If a value is no list, or an item is missing, of another type, or not UTF-8.
    """
    values = plain_values(column, name, file)
    for row, value in enumerate(values):
        if not isinstance(value, list) or any(type(item) is not wanted for item in value):
            what = "text" if wanted is str else "whole numbers"
            raise DataError(
                f"column '{name}' holds no list of {what}",
                where=f"{file}:row {row}",
                remedy="Check that the file is of this data set, and fetch it again",
            )
    return values
