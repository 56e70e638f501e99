"""Files as they lie on disk: standard input, compression and encodings are dealt with here.

What is not a plain file in UTF-8 is written as one into a folder that lasts as long as the source.
"""

from __future__ import annotations

import codecs
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from crosscal.exceptions import DataError, MissingExtra

_BLOCK = 1 << 20
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
STANDARD_INPUT = "-"


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
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream, _BLOCK)
    else:
        path = Path(name)
        if path.is_dir():
            raise DataError("this is a folder", where=name, remedy="Name the files in it")
        if not path.exists():
            raise DataError("no such file", where=name, remedy="Check the path")
    plain = PlainFile(name=name, path=path, suffix=path.suffix.lower(), notes=(), folder=folder)
    if not path.stat().st_size and path.is_file():
        raise DataError("the file is empty", where=name, remedy="Write it again")
    if not path.is_file():  # a pipe, as of <(zcat file)
        plain = _copied(plain, _blocks(path), "input", ())
    start = plain.start
    kind = next((k for mark, k in _COMPRESSIONS.items() if start.startswith(mark)), None)
    return _decompressed(plain, kind) if kind else plain


def _decompressed(plain: PlainFile, kind: str) -> PlainFile:
    if not pa.Codec.is_available(kind):
        raise MissingExtra(
            f"this pyarrow cannot read {kind}", where=plain.name, remedy="Decompress the file first"
        )
    inner = Path(plain.path.stem)
    known = plain.suffix in (".gz", ".zst", ".zstd", ".bz2")
    name = inner.name if known else plain.path.name

    def blocks() -> Iterator[bytes]:
        try:
            with pa.input_stream(str(plain.path), compression=kind) as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except (pa.ArrowException, OSError, EOFError) as error:
            raise DataError(
                f"not a readable {kind} file, perhaps truncated: {str(error).splitlines()[0]}",
                where=plain.name,
                remedy="Write it again, or look whether it was copied whole",
            ) from error

    return _copied(plain, blocks(), name, (f"decompressed ({kind})",))


def in_utf8(plain: PlainFile) -> PlainFile:
    """Return a text file in UTF-8; other encodings are recognised, and said."""
    encoding = _encoding(plain)
    if encoding is None:
        return plain
    note = f"encoding: {encoding}"
    if encoding == "cp1252":
        note = f"encoding: not UTF-8 ({_fault(plain.path)}); read as Windows-1252, that is Latin-1"
    blocks = _recoded(plain, encoding)
    return _copied(plain, blocks, f"{plain.path.stem}{plain.suffix}", (note,))


def _recoded(plain: PlainFile, encoding: str) -> Iterator[bytes]:
    errors = "replace" if encoding == "cp1252" else "strict"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for block in _blocks(plain.path):
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except (UnicodeError, ValueError) as error:
        raise DataError(
            f"not readable as {encoding}, for which it was taken: {error}",
            where=plain.name,
            remedy="Save it as UTF-8",
        ) from error


def _encoding(plain: PlainFile) -> str | None:
    """Return the encoding of a text file that is not UTF-8."""
    with plain.path.open("rb") as stream:
        start = stream.read(4096)
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    if b"\0" in start:
        odd, even = start[1::2].count(0), start[::2].count(0)
        return "utf-16-le" if odd > even else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(plain.path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return None


def _fault(path: Path) -> str:
    """Name the first byte that is not UTF-8."""
    with path.open("rb") as stream:
        for line, raw in enumerate(stream, start=1):
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                return f"line {line}, byte 0x{raw[error.start]:02x}"
    return "a character is cut"


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
    with path.open("wb") as stream:
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
