"""In which encoding a text file is: one rule for data and predictions alike.

What its first bytes say is taken: a byte order mark, or where the zero bytes of UTF-16 and UTF-32
stand. All else is UTF-8. The encodings of a byte a letter, and those of East Asia, do not tell
themselves apart: bytes that are not UTF-8 are an error that shows how they read in each, until the
user names the right one. A named encoding is taken, unless a mark says another.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

UTF8 = "utf-8"
START = 1 << 16
"""How many bytes tell the encoding."""

_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# Common encodings of one or two bytes a character; which is meant, a reader sees from the text.
_OTHERS = ("cp1252", "cp1250", "cp1251", "cp1256", "gb18030", "shift_jis", "euc_kr")
_SNIPPET = 24
# Signs that texts hold in any script, where lines and cells end and numbers stand.
_SEPARATORS = "\n\t ,;"
_DECISIVE = 20
# Of UTF-16 that is all ASCII half of the bytes are zero, of damaged ASCII few.
_FEW_ZEROS = 0.25
_CONTROLS = bytes(sorted({*range(1, 32)} - {*b"\t\n\r\f\v"}))
_HOW = "--encoding on the command line, encoding = in a study file or in Python"


def find_encoding(start: bytes, named: str | None, *, where: str) -> str:
    """Return the encoding of a text that begins with these bytes, as Python names it.

    Parameters
    ----------
    start : bytes
        The first `START` bytes, or all.
    named : str or None
        The encoding that the user names.
    where : str
        The file, for messages.

    Raises
    ------
    SettingsError
        If no encoding has that name.
    DataError
        If the text begins with the mark of another, or could be UTF-16 of both byte orders.
    """
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    if named is None:
        return marked or _by_zeros(start, where) or UTF8
    name = known_encoding(named)
    if marked is not None:
        if not name.startswith(marked):
            raise DataError(
                f"the file begins with the mark of {marked.upper()}, but is said to be {named}",
                where=where,
                remedy="Leave the encoding out: what a mark says is read so",
            )
        return marked
    if name in ("utf-16", "utf-32"):
        # Python would take the byte order of this machine.
        found = _by_zeros(start, where) or ""
        return found if found.startswith(name) else f"{name}-le"
    return UTF8 if name == "utf-8-sig" else name


def known_encoding(name: str) -> str:
    """Return Python's own name of an encoding of texts, or refuse it."""
    try:
        found = codecs.lookup(name)
        "".encode(found.name)  # not those from bytes to bytes, as base64
    except (LookupError, ValueError) as error:
        raise SettingsError(
            f"no encoding is called '{name}'",
            where="encoding",
            remedy=f"{did_you_mean(name, [UTF8, 'utf-16', 'latin-1', *_OTHERS])}; Python's "
            "documentation lists all",
        ) from error
    return found.name


def not_in_encoding(error: UnicodeDecodeError, encoding: str, where: str, offset: int) -> DataError:
    """Return the error of bytes that are not in an encoding, with other readings of them.

    `offset` is where the file has the first of the bytes that could not be decoded.
    """
    content = error.object
    excerpt = content[max(0, error.start - _SNIPPET) : error.start + _SNIPPET]
    readings = ", ".join(f'{name} "{text}"' for name, text in _readings(excerpt, encoding))
    return DataError(
        f"not {encoding.upper()}: byte 0x{content[error.start]:02X} at byte offset {offset} "
        f"({error.reason})",
        where=where,
        remedy=f"Name the encoding ({_HOW}), or convert the file to UTF-8"
        + (f". It reads: {readings}" if readings else ""),
    )


def reads_as_utf8(content: bytes) -> bool:
    """Whether bytes, not all of them ASCII, are UTF-8: text of another encoding hardly ever is."""
    try:
        content.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return not content.isascii()


def _readings(excerpt: bytes, failed: str) -> Iterator[tuple[str, str]]:
    """Yield each other encoding with what the bytes are in it, equal ones once."""
    seen = set()
    for name in _OTHERS:
        # Its ends may be cut within a letter.
        text = excerpt.decode(name, errors="replace").strip("\ufffd")
        text = " ".join(text.split())
        if text.isprintable() and "\ufffd" not in text and text not in seen and name != failed:
            seen.add(text)
            yield name, text


def _by_zeros(start: bytes, where: str) -> str | None:
    """Return the encoding of two or four bytes a letter that zero bytes show, if one does."""
    if b"\0" not in start or _is_damaged(start):
        return None
    texts = {name: text for name in _WIDE if (text := _decoded(start, name))}
    counts = {name: sum(map(text.count, _SEPARATORS)) for name, text in texts.items()}
    best = max(counts, key=counts.__getitem__, default=None)
    if best is None or not counts[best]:
        return None
    others = [name for name in counts if name != best and counts[name] * _DECISIVE > counts[best]]
    if others:
        raise DataError(
            f"the text could be {' or '.join(name.upper() for name in (best, *others))}",
            where=where,
            remedy=f"Name the encoding ({_HOW})",
        )
    return best


def _is_damaged(start: bytes) -> bool:
    """Whether bytes are text in UTF-8 into which some zero bytes have come."""
    rest = start.replace(b"\0", b"")
    few = len(start) - len(rest) <= _FEW_ZEROS * len(start)
    return few and not set(_CONTROLS) & set(rest) and _decoded(rest, UTF8) is not None


def _decoded(start: bytes, encoding: str) -> str | None:
    """Return the text that bytes, perhaps cut within a letter, are; None if they are none."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or "\ufffe" in text else text
