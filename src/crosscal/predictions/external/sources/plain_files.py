"""Files as they lie on disk: standard input, compression and encodings are dealt with here.

What is not a plain file in UTF-8 is written as one into a folder that lasts as long as the source.
"""

from __future__ import annotations

import codecs
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa

from crosscal.artifacts import disk_errors
from crosscal.exceptions import DataError, MissingExtra
from crosscal.text_encoding import START, UTF8, find_encoding, not_in_encoding, reads_as_utf8

_BLOCK = 1 << 20
LONGEST_ROW, _LONGEST_JSON, LONGEST_DOCUMENT = 1 << 23, 1 << 26, 1 << 28
"""Characters of a line of columns, and of JSON; and bytes of one JSON document: what is read has to
be in memory as a whole, ten times over where it is numbers."""
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
STANDARD_INPUT = "-"
# Files that unpack to more than this many times their size are no predictions: of a few kilobytes
# they would fill the disk. Small ones may, as columns of one value do.
MOST_PACKED, LARGE = 100, 1 << 28
# Seconds to wait for a program that writes into a pipe with a name.
_PATIENCE = 10.0


@dataclass(frozen=True, kw_only=True)
class PlainFile:
    """A file that can be read without further ado."""

    name: str  # as the user knows it
    path: Path
    suffix: str  # without that of compression
    notes: tuple[str, ...]  # what had to be done
    folder: tempfile.TemporaryDirectory[str] | None  # of a copy

    @property
    def start(self) -> bytes:
        """The first bytes."""
        with self.path.open("rb") as stream:
            return stream.read(64)


def open_plain(name: str) -> PlainFile:
    """Find a file, or read standard input, and undo compression."""
    folder = None
    if name == STANDARD_INPUT:
        folder = tempfile.TemporaryDirectory(prefix="crosscal-")
        path, name = Path(folder.name) / "input", "standard input"
        # Of what stands in for it and is no file of the system nothing is known.
        with suppress(OSError, AttributeError):
            if not sys.stdin.isatty():
                _demand_content(os.fstat(sys.stdin.fileno()).st_mode, name)
        with path.open("wb") as stream, disk_errors(path):
            for block in iter(lambda: sys.stdin.buffer.read(_BLOCK), b""):
                stream.write(block)
    else:
        path = Path(name)
        try:
            _demand_content(path.stat().st_mode, name)
        except FileNotFoundError:
            raise DataError("no such file", where=name, remedy="Check the path") from None
        except (OSError, ValueError) as error:  # of names that no file can have
            raise _not_readable(name, error) from error
    plain = PlainFile(name=name, path=path, suffix=path.suffix.lower(), notes=(), folder=folder)
    try:
        if not path.stat().st_size and path.is_file():
            raise DataError("the file is empty", where=name, remedy="Write it again")
        if not path.is_file():  # a pipe, as of <(zcat file)
            plain = _copied(plain, _piped(path, name), "input", ())
        start = plain.start
    except OSError as error:
        raise _not_readable(name, error) from error
    kind = next((k for mark, k in _COMPRESSIONS.items() if start.startswith(mark)), None)
    return _decompressed(plain, kind) if kind else plain


def _demand_content(mode: int, name: str) -> None:
    """Refuse what is neither a file nor a pipe: a device may have no end."""
    if stat.S_ISDIR(mode):
        raise DataError("this is a folder", where=name, remedy="Name the files in it")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise DataError("this is a device, not a file", where=name, remedy="Name a file")


def _not_readable(name: str, error: Exception) -> DataError:
    why = getattr(error, "strerror", None) or error
    return DataError(
        f"the file cannot be read ({why})", where=name, remedy="Check the path and its permissions"
    )


def _piped(path: Path, name: str) -> Iterator[bytes]:
    """Yield what is written into a pipe, but do not wait for ever for somebody to open it."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb", buffering=0) as stream:
        deadline = time.monotonic() + _PATIENCE
        block: bytes | None = b""
        while not block:
            block = stream.read(_BLOCK)
            if block is None:  # somebody has it open, and takes his time
                os.set_blocking(descriptor, True)
            elif not block and time.monotonic() > deadline:
                raise DataError(
                    f"this is a pipe, and nobody has written into it for {_PATIENCE:g} seconds",
                    where=name,
                    remedy="Start the program that writes first, or name a file",
                )
            elif not block:
                time.sleep(0.05)
        os.set_blocking(descriptor, True)
        while block:
            yield block
            block = stream.read(_BLOCK)


def demand_unpackable(where: str, unpacked: int, packed: int) -> None:
    """Refuse a file that is far larger once it is unpacked: it would fill memory or disk."""
    if unpacked > LARGE and unpacked > MOST_PACKED * packed:
        raise DataError(
            f"it unpacks to more than {MOST_PACKED} times its size, over {LARGE >> 20} MiB",
            where=where,
            remedy="Decompress it where there is room, and look at it",
        )


def _decompressed(plain: PlainFile, kind: str) -> PlainFile:
    if not pa.Codec.is_available(kind):
        raise MissingExtra(
            f"this pyarrow cannot read {kind}", where=plain.name, remedy="Decompress the file first"
        )
    inner = Path(plain.path.stem)
    known = plain.suffix in (".gz", ".zst", ".zstd", ".bz2")
    name = inner.name if known else plain.path.name

    def blocks() -> Iterator[bytes]:
        unpacked = 0
        try:
            with (
                pa.OSFile(str(plain.path)) as packed,
                pa.CompressedInputStream(packed, kind) as stream,
            ):
                while block := stream.read(_BLOCK):
                    unpacked += len(block)
                    demand_unpackable(plain.name, unpacked, packed.tell())
                    yield block
        except (pa.ArrowException, OSError, EOFError) as error:
            raise DataError(
                f"not a readable {kind} file, perhaps truncated: {str(error).splitlines()[0]}",
                where=plain.name,
                remedy="Write it again, or look whether it was copied whole",
            ) from error

    return _copied(plain, blocks(), name, (f"decompressed ({kind})",))


def in_utf8(plain: PlainFile, named: str | None = None) -> PlainFile:
    """Return a text file in UTF-8; another encoding that it shows, or that is named, is said."""
    with plain.path.open("rb") as stream:
        encoding = find_encoding(stream.read(START), named, where=plain.name)
    if encoding == UTF8:
        for _ in _of_short_lines(plain, _decoded(plain, UTF8)):
            pass
        return plain
    notes = [f"encoding: {encoding}"]
    if named and reads_as_utf8(plain.path.read_bytes()):
        notes.append("encoding: it would be UTF-8, too; look at the names of classes and groups")
    texts = _of_short_lines(plain, _decoded(plain, encoding))
    blocks = (block.encode() for block in texts)
    return _copied(plain, blocks, f"{plain.path.stem}{plain.suffix}", tuple(notes))


def _of_short_lines(plain: PlainFile, texts: Iterator[str]) -> Iterator[str]:
    """Yield a text in parts, and refuse a line that could not be held in memory."""
    begins = plain.start.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if plain.suffix in (".jsonl", ".ndjson"):
        longest = _LONGEST_JSON
    else:
        longest = LONGEST_DOCUMENT if begins in (b"{", b"[") else LONGEST_ROW
    line, length = 1, 0
    for text in texts:
        end = max(text.rfind("\n"), text.rfind("\r"))
        length = length + len(text) if end < 0 else len(text) - end - 1
        if length > longest:
            raise DataError(
                f"a line of more than {longest >> 20} million characters",
                where=f"{plain.name}:{line + text.count(chr(10))}",
                remedy="Write each prediction on a line of its own, as CSV with a header or JSON "
                "lines; or write Parquet",
            )
        if "\0" in text:
            raise DataError(
                "NUL character",
                where=f"{plain.name}:{line + text[: text.index(chr(0))].count(chr(10))}",
                remedy="The file is damaged, or in another encoding: write it again, or name that",
            )
        line += text.count("\n")
        yield text


def _decoded(plain: PlainFile, encoding: str) -> Iterator[str]:
    """Yield the text of a file in parts."""
    decoder = codecs.getincrementaldecoder(encoding)()
    taken = lines = 0
    try:
        for block in chain(_blocks(plain.path), [b""]):
            taken += len(block)
            text = decoder.decode(block, final=not block)
            lines += text.count("\n")
            yield text
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="replace")
        where = f"{plain.name}:{lines + before.count(chr(10)) + 1}"
        offset = taken - len(error.object) + error.start
        raise not_in_encoding(error, encoding, where, offset) from error
    except UnicodeError as error:
        raise DataError(
            f"the file cannot be read as {encoding} ({error})",
            where=plain.name,
            remedy="Name another encoding",
        ) from error


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _copied(
    plain: PlainFile, blocks: Iterator[bytes], name: str, notes: tuple[str, ...]
) -> PlainFile:
    folder = tempfile.TemporaryDirectory(prefix="crosscal-")
    path = Path(folder.name) / name
    size = 0
    with disk_errors(path), path.open("wb") as stream:
        for block in blocks:
            size += stream.write(block)
    if not size:
        raise DataError("the file is empty", where=plain.name, remedy="Write it again")
    return PlainFile(
        name=plain.name,
        path=path,
        suffix=path.suffix.lower(),
        notes=(*plain.notes, *notes),
        folder=folder,
    )
