r"""Text files as lines, strictly: nothing is guessed, repaired or left out.

Python's own text mode is not used. Universal newlines and `str.splitlines` also break
lines at U+0085, U+2028, ``\x0b`` and ``\x1c``, which occur inside sentences of real
data sets; and a decoding error should name the line and the byte.
"""

from __future__ import annotations

import bz2
import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from crosscal.exceptions import DataError

_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a file into a `DataError`."""
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


def read_lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a file with their numbers.

    Lines end at ``\n`` or ``\r\n`` and nowhere else; the line end is removed, a byte
    order mark at the start too, and nothing else is changed.
    """
    if encoding != "utf-8":
        yield from _lines_in(path, encoding)
        return
    with opening(path), _binary(path) as handle:
        offset = 0
        for number, data in enumerate(_sound(handle, path), start=1):
            yield number, _decode(data, path, number, offset)
            offset += len(data)
        if offset == 0:
            raise DataError(
                "the file is empty", where=str(path), remedy="Fetch or write the file again"
            )


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, of a compressed one what was packed."""
    with opening(path), _binary(path) as handle:
        return b"".join(_sound(handle, path))


def _lines_in(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    try:
        text = read_bytes(path).decode(encoding).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as error:
        raise DataError(
            f"the file cannot be read as {encoding} ({error})",
            where=str(path),
            remedy="Name another encoding, or convert the file to UTF-8",
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
    if path.suffix != ".bz2":
        yield from handle
        return
    number = 0
    try:
        for data in handle:
            number += 1
            yield data
    except (EOFError, OSError, ValueError) as error:
        raise DataError(
            f"the compressed file is damaged after line {number} ({error})",
            where=str(path),
            remedy="It was cut or altered, or is not bz2; fetch it again",
        ) from error


def _decode(data: bytes, path: Path, number: int, offset: int) -> str:
    if number == 1:
        for bom, name in _WIDE_MARKS.items():
            if data.startswith(bom):
                raise DataError(
                    f"the file is in {name}, not UTF-8",
                    where=f"{path}:1",
                    remedy=f"Convert it, for example with iconv -f {name} -t UTF-8",
                )
        if data.startswith(codecs.BOM_UTF8):
            offset += len(codecs.BOM_UTF8)
            data = data[len(codecs.BOM_UTF8) :]
    if b"\0" in data:
        raise DataError(
            f"NUL character at byte offset {offset + data.index(0)}",
            where=f"{path}:{number}",
            remedy="The file is damaged or not UTF-8 text; fetch it again",
        )
    try:
        line = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"not UTF-8: byte 0x{data[error.start]:02X} at byte offset {offset + error.start} "
            f"({error.reason})",
            where=f"{path}:{number}",
            remedy="Convert the file to UTF-8, for example with iconv, or fetch it again",
        ) from error
    line = line.removesuffix("\n")
    return line.removesuffix("\r")
