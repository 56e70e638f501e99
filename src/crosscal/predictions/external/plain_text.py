"""One spelling for labels, groups and ids, however a file stores them."""

from __future__ import annotations

import re
import unicodedata

IGNORED = "-100"
"""The label of what is not to be predicted: padding, pieces of words (PyTorch's `ignore_index`)."""

TRUTHS = {"true": 1, "false": 0}
_WHOLE = re.compile(r"[+]?(-?\d+)(?:[.,]0*)?")
_NUMBERED = re.compile(r"(?:label|class)[_ ]?(\d+)", re.IGNORECASE)


def plain_text(value: object) -> str:
    """Write a value as text: 1.0 and "1.0" as 1, True as true, without space around, in NFC."""
    text = unicodedata.normalize("NFC", str(value).strip())
    if text.lower() in TRUTHS:
        return text.lower()
    whole = _WHOLE.fullmatch(text)
    # Not as a number: of 007 the zeros are part of the name.
    return ("0" if set(whole[1]) == {"-", "0"} else whole[1]) if whole else text


def unnumbered(label: str) -> str:
    """Return ``2`` of ``LABEL_2``, and every other label as it is."""
    numbered = _NUMBERED.fullmatch(label)
    return str(int(numbered[1])) if numbered else label


def index_of(label: str) -> int | None:
    """Return the number that a plain label is: ``2``, ``true``, or transformers' ``LABEL_2``."""
    if label in TRUTHS:
        return TRUTHS[label]
    numbered = _NUMBERED.fullmatch(label)
    text = numbered[1] if numbered else label
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else None
