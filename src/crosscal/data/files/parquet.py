"""Parquet files of the Hugging Face Hub: shards found whole, columns read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from crosscal.data.files.json_tree import NOT_TEXT
from crosscal.data.files.layout import HUB_NAMES, folder_names
from crosscal.data.files.lines import opening
from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean

# Before 2023 the Hub put the name of the data set first: 'xnli-test.parquet'.
_SHARD = re.compile(
    r"(?:\w+-)??(?P<split>\w+?)(?:-(?P<number>\d{5})-of-(?P<count>\d{5}))?\.parquet"
)


_ARROW = ".arrow"  # as the package `datasets` keeps them: record batches in a stream


def is_table(file: Path) -> bool:
    """Whether a file holds a table in binary form, and no text."""
    return file.suffix in (".parquet", _ARROW)


def shards(folder: Path, split: str) -> list[Path]:
    """Return the files of a split in order."""
    hub_split = HUB_NAMES.get(split, split)
    by_split: dict[str, list[tuple[str, re.Match[str]]]] = {}
    for name in folder_names(folder):
        if match := _SHARD.fullmatch(name):
            by_split.setdefault(match["split"], []).append((name, match))
    if hub_split not in by_split:
        raise DataError(
            f"there is no split '{split}': no file is named {hub_split}-*.parquet",
            where=str(folder),
            remedy=did_you_mean(hub_split, sorted(by_split))
            if by_split
            else "The folder has no parquet",
        )
    count = by_split[hub_split][0][1]["count"]
    numbers = [match["number"] for _, match in by_split[hub_split]]
    complete = [None] if count is None else [f"{i:05d}" for i in range(int(count))]
    if numbers != complete:
        raise DataError(
            f"split '{split}' has {len(numbers)} files, but there should be {len(complete)}",
            where=str(folder),
            remedy="Fetch the missing shards, and remove those of another version",
        )
    return [folder / name for name, _ in by_split[hub_split]]


def read_table(file: Path, required: Sequence[str], optional: Sequence[str] = ()) -> pa.Table:
    """Read columns of one file."""
    with opening(file):
        try:
            # Its own handle: pyarrow's message for a missing permission names no cause.
            with file.open("rb") as handle, _opened(handle, file) as (names, n_rows, read):
                for name in required:
                    if name not in names:
                        raise DataError(
                            f"the file has no column '{name}'",
                            where=str(file),
                            remedy=f"{did_you_mean(name, names)}; or choose another format",
                        )
                present = [name for name in optional if name in names]
                table = read([*required, *present])
                table.validate(full=True)
                promised = table.num_rows if n_rows is None else n_rows
        except (DataError, FileNotFoundError, IsADirectoryError, PermissionError):
            raise
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise DataError(
                f"this is no whole {file.suffix[1:].title()} file ({_first_line(error)})",
                where=str(file),
                remedy="It was truncated or altered; fetch it again",
            ) from error
    if table.num_rows != promised:
        raise DataError(
            f"the file holds {table.num_rows} rows, but its footer says {promised}",
            where=str(file),
            remedy="It was altered; fetch it again",
        )
    if table.num_rows == 0:
        raise DataError("the file has no rows", where=str(file), remedy="Fetch the file again")
    return table


@contextmanager
def _opened(
    handle: IO[bytes], file: Path
) -> Iterator[tuple[list[str], int | None, Callable[[list[str]], pa.Table]]]:
    """Give the names of the columns, the rows that the file promises, and what reads columns."""
    if file.suffix == _ARROW:
        with pa.ipc.open_stream(handle) as stream:
            yield stream.schema.names, None, lambda names: stream.read_all().select(names)
        return
    with pq.ParquetFile(handle, page_checksum_verification=True) as parquet:
        yield (
            parquet.schema_arrow.names,
            parquet.metadata.num_rows,
            lambda names: parquet.read(columns=names, use_threads=False),
        )


def parquet_names(file: Path) -> list[str]:
    """Return the names of a file's columns."""
    try:
        with opening(file), file.open("rb") as handle, _opened(handle, file) as (names, _, _):
            return list(names)
    except pa.ArrowException:
        return []  # reading its rows says what is wrong


def texts(column: pa.ChunkedArray | pa.Array, name: str, file: Path) -> list[str]:
    """Return a column of text."""
    return list(_values(column, name, file, "text", str))


def label_names(
    column: pa.ChunkedArray | pa.Array, name: str, file: Path, names: Sequence[str]
) -> list[str | None]:
    """Return a column of label numbers as names; None for -1, as the Hub marks no label."""
    labels: list[str | None] = []
    for row, value in enumerate(_values(column, name, file, "whole numbers", int)):
        if not -1 <= value < len(names):
            raise DataError(
                f"unknown label {value} in column '{name}'",
                where=f"{file}:row {row}",
                remedy="Known are: " + ", ".join(f"{i} {label}" for i, label in enumerate(names)),
            )
        labels.append(None if value == -1 else names[value])
    return labels


def names_of(schema: pa.Schema, column: str) -> tuple[str, ...] | None:
    """Return the names that a file of the Hub gives the numbers of a column."""
    metadata = (schema.metadata or {}).get(b"huggingface")
    try:
        feature: Any = json.loads(metadata or b"null")
    except (ValueError, RecursionError):
        return None
    # A list of labels is {"feature": {"names": [...]}}, or, in old files, [{"names": [...]}].
    for key in ("info", "features", column):
        feature = feature.get(key) if isinstance(feature, dict) else None
    while isinstance(feature, dict) and "names" not in feature:
        feature = feature.get("feature")
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    names = feature.get("names") if isinstance(feature, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return None if NOT_TEXT.search("".join(names)) else tuple(names)


def names_in_order(schema: pa.Schema, column: str, usual: Sequence[str]) -> Sequence[str]:
    """Return the names of a file's label numbers: its own order of them, or the usual one."""
    own = names_of(schema, column)
    return own if own is not None and sorted(own) == sorted(usual) else usual


def plain_values(column: pa.ChunkedArray | pa.Array, name: str, file: Path) -> list[Any]:
    """Return a column as Python values."""
    try:
        values: list[Any] = column.to_pylist()
    except (UnicodeDecodeError, OverflowError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"column '{name}' cannot be read; it may not be UTF-8 text ({_first_line(error)})",
            where=str(file),
            remedy="The file is damaged; fetch it again",
        ) from error
    return values


def lists(column: pa.ChunkedArray, name: str, file: Path, item: type) -> list[list[Any]]:
    """Return a column of lists of `str` or `int`, one per row."""
    values = plain_values(column, name, file)
    for row, value in enumerate(values):
        if not isinstance(value, list) or any(type(entry) is not item for entry in value):
            what = "text" if item is str else "whole numbers"
            raise DataError(
                f"column '{name}' holds no list of {what}",
                where=f"{file}:row {row}",
                remedy="Check that the file is of this data set, and fetch it again",
            )
    return values


def _values(
    column: pa.ChunkedArray | pa.Array, name: str, file: Path, kind: str, expected: type
) -> list[Any]:
    values = plain_values(column, name, file)
    for row, value in enumerate(values):
        if type(value) is not expected:
            what = "no value" if value is None else f"no {kind}, but {type(value).__name__}"
            raise DataError(
                f"column '{name}' holds {what}",
                where=f"{file}:row {row}",
                remedy="Check that the file is of this data set, and fetch it again",
            )
    return values


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:160].rstrip(".")
