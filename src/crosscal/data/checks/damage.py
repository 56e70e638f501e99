"""What a text looks like after it was decoded, converted or cut wrongly."""

from __future__ import annotations

import re
from typing import Literal

Damage = tuple[Literal["error", "warning", "note"], str]

# UTF-8 read as Windows-1252: a lead byte as a letter, then its continuation bytes.
_CP1252_HIGH = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE = re.compile(
    f"[ÂÃ][\x80-\xbf{_CP1252_HIGH}]|â[\x80-\x84€][\x80-\xbf{_CP1252_HIGH}]"
    f"|ð[\x9fŸ][\x80-\xbf{_CP1252_HIGH}]"
    # Two-byte scripts: three pairs in a row, since one alone can be good Romanian or Icelandic.
    f"|(?:[ÄÅÎÏÐÑØÙÚÛ][\x80-\xbf{_CP1252_HIGH}]){{3}}"
    f"|(?:à[¤¥¸¹¦§][\x80-\xbf{_CP1252_HIGH}]){{2}}"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_BREAK = re.compile("[\r\n\u2028\u2029]")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,6}) ?;")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")
_PARSE_TREE = re.compile(r"\( ?ROOT \(")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_MARK = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OPENING = {"\u202a", "\u202b", "\u202d", "\u202e"}
_ISOLATING = {"\u2066", "\u2067", "\u2068"}


def damages(text: str) -> tuple[Damage, ...]:
    """Name the damage that a text shows.

    Examples
    --------
    >>> damages("Il est allÃ© Ã  l'Ã©cole")
    (('warning', 'UTF-8 read as Windows-1252 (mojibake)'),)
    """
    signs: list[Damage] = []
    if "\ufffd" in text:
        signs.append(("warning", "replacement character U+FFFD: a byte was lost"))
    if _MOJIBAKE.search(text):
        signs.append(("warning", "UTF-8 read as Windows-1252 (mojibake)"))
    if _CONTROL.search(text):
        signs.append(("warning", "control character"))
    if _LINE_BREAK.search(text):
        signs.append(("note", "line break or line separator inside the text"))
    if _ENTITY.search(text):
        signs.append(("warning", "HTML entity"))
    if _ESCAPE.search(text):
        signs.append(("warning", "written-out escape such as \\u00e9"))
    if _PARSE_TREE.search(text):
        signs.append(("error", "parse tree: an unpaired quote swallowed other records"))
    if _MARK.search(text) and _unpaired_marks(text):
        signs.append(("warning", "unpaired mark of writing direction"))
    if _PRIVATE.search(text):
        signs.append(("warning", "character of private use"))
    return tuple(signs)


def _unpaired_marks(text: str) -> bool:
    """Tell whether embeddings or isolates of UAX #9 are left open or closed unopened."""
    embedded = isolated = 0
    for character in text:
        embedded += (character in _OPENING) - (character == "\u202c")
        isolated += (character in _ISOLATING) - (character == "\u2069")
        if embedded < 0 or isolated < 0:
            return True
    return bool(embedded or isolated)
