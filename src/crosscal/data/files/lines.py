r"""Text files as lines, strictly: nothing is guessed, repaired or left out.

Python's own text mode is not used. Universal newlines and `str.splitlines` also break
lines at U+0085, U+2028, ``\x0b`` and ``\x1c``, which occur inside sentences of real
data sets; and a decoding error should name the line and the byte.
"""

from __future__ import annotations

import bz2
import codecs
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from crosscal.exceptions import DataError
from crosscal.text_encoding import (
    START,
    UTF8,
    find_encoding,
    known_encoding,
    not_in_encoding,
    reads_as_utf8,
)

_LONGEST_LINE = 1 << 28  # bytes; a data set in JSON may be one line
# What a user names counts for all text files of a source, whichever reader opens them.
_NAMED: ContextVar[str | None] = ContextVar("named encoding", default=None)


@contextmanager
def reading_as(encoding: str | None) -> Iterator[None]:
    """Read the text files within as of this encoding; None: of the one that they show."""
    token = _NAMED.set(None if encoding is None else known_encoding(encoding))
    try:
        yield
    finally:
        _NAMED.reset(token)


def encoding_notes(files: Sequence[Path]) -> Iterator[str]:
    """Say which text files are not in UTF-8, and which would be, although another is named."""
    by_encoding: dict[str, list[Path]] = {}
    for file in files:
        with opening(file), _binary(file) as handle:
            by_encoding.setdefault(_encoding(handle, file), []).append(file)
    by_encoding.pop(UTF8, None)
    for encoding, same in by_encoding.items():
        more = f" and {len(same) - 1} more are" if len(same) > 1 else " is"
        yield f"{same[0].name}{more} in {encoding.upper()}"
        for file in same if encoding == _NAMED.get() else ():
            if reads_as_utf8(_content(file)):
                yield f"{file.name} would be UTF-8, too: look at its texts"


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a file into a `DataError`; wait for no pipe."""
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise DataError(
            "this is a pipe or a device, but a file is needed",
            where=str(path),
            remedy="Write what it gives into a file",
        )
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(
            "there is no such file", where=str(path), remedy="Check the path"
        ) from error
    except IsADirectoryError as error:
        raise DataError(
            "this is a folder, but a file is needed",
            where=str(path),
            remedy="Name the file, or give the split as well",
        ) from error
    except PermissionError as error:
        raise DataError(
            "reading this file is not permitted",
            where=str(path),
            remedy="Give yourself read permission, for example with chmod u+r",
        ) from error
    except OSError as error:
        raise DataError(
            f"this file cannot be read ({error.strerror or error})",
            where=str(path),
            remedy="Check the disk and the path",
        ) from error


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a file with their numbers.

    Lines end at ``\n`` or ``\r\n`` and nowhere else; the line end is removed, a byte
    order mark at the start too, and nothing else is changed.
    """
    with opening(path), _binary(path) as handle:
        encoding = _encoding(handle, path)
        if encoding != UTF8:
            yield from _lines_in(path, encoding)
            return
        offset = 0
        for number, data in enumerate(_sound(handle, path), start=1):
            yield number, _decode(data, path, number, offset)
            offset += len(data)
        if offset == 0:
            raise _empty(path)


def _empty(path: Path) -> DataError:
    return DataError("the file is empty", where=str(path), remedy="Fetch or write the file again")


def _encoding(handle: IO[bytes], path: Path) -> str:
    try:
        start = handle.read(START)
    except (EOFError, OSError, ValueError):
        if path.suffix != ".bz2":
            raise
        start = b""  # what is damaged, reading the lines says
    handle.seek(0)
    return find_encoding(start, _NAMED.get(), where=str(path))


def _content(path: Path) -> bytes:
    with opening(path), _binary(path) as handle:
        return b"".join(_sound(handle, path))


def _lines_in(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    content = _content(path)
    if not content:
        raise _empty(path)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, errors="replace")
        where = f"{path}:{before.count(chr(10)) + 1}"
        raise not_in_encoding(error, encoding, where, error.start) from error
    except UnicodeError as error:
        raise DataError(
            f"the file cannot be read as {encoding} ({error})",
            where=str(path),
            remedy="Name another encoding",
        ) from error
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        if "\0" in line:
            raise DataError(
                "NUL character",
                where=f"{path}:{number}",
                remedy="The file is damaged, or in another encoding",
            )
        yield number, line.removesuffix("\r")


def _binary(path: Path) -> IO[bytes]:
    return bz2.open(path, "rb") if path.suffix == ".bz2" else path.open("rb")


def _sound(handle: IO[bytes], path: Path) -> Iterator[bytes]:
    """Yield lines; of damage to a compressed file the bz2 module says neither what nor where."""
    number = 0
    try:
        while data := handle.readline(_LONGEST_LINE + 1):
            number += 1
            if len(data) > _LONGEST_LINE:
                raise DataError(
                    f"a line of more than {_LONGEST_LINE >> 20} MiB",
                    where=f"{path}:{number}",
                    remedy="Check that the file is of this format, and fetch it again",
                )
            yield data
    except (EOFError, OSError, ValueError) as error:
        if path.suffix != ".bz2":
            raise
        raise DataError(
            f"the compressed file is damaged after line {number} ({error})",
            where=str(path),
            remedy="It was cut or altered, or is not bz2; fetch it again",
        ) from error


def _decode(data: bytes, path: Path, number: int, offset: int) -> str:
    if number == 1 and data.startswith(codecs.BOM_UTF8):
        offset += len(codecs.BOM_UTF8)
        data = data[len(codecs.BOM_UTF8) :]
    if b"\0" in data:
        raise DataError(
            f"NUL character at byte offset {offset + data.index(0)}",
            where=f"{path}:{number}",
            remedy="The file is damaged, or in another encoding: fetch it again, or name that",
        )
    try:
        line = data.decode(UTF8)
    except UnicodeDecodeError as error:
        where = f"{path}:{number}"
        raise not_in_encoding(error, UTF8, where, offset + error.start) from error
    line = line.removesuffix("\n")
    return line.removesuffix("\r")
