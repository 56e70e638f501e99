"""What a tokenizer from anywhere could do to a program: never end, or tear it down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscal.exceptions import ArtifactError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_LONGEST = 10_000  # characters; the longest patterns in use have some hundred
_LONGEST_TEXT = 100  # that is put in the place of another, or before all; it is a sign or two
# An escaped sign, a set (which may hold sets), the end of a group, and what repeats what is before.
_PARTS = re.compile(r"\\.|\[|\(\?[:=!>]|\(\?<[=!]|\(|\)|[*+]\+?\??|\{\d+,\d*\}|[?|]|.", re.DOTALL)
_OFTEN = re.compile(r"[*+]|\{\d+,(?:\d{2,})?\}")


def check_patterns(tokenizer: Tokenizer, folder: Path) -> None:
    """Refuse patterns that could take for ever, and texts that would make others far longer."""
    for part in (tokenizer.normalizer, tokenizer.pre_tokenizer):
        for name, text in () if part is None else _texts(json.loads(part.__getstate__())):
            why = _why_endless(text) if name == "Regex" else ""
            if name in ("content", "prepend", "replacement") and len(text) > _LONGEST_TEXT:
                why = f"puts {len(text):,} characters in the place of others"
            if why:
                raise ArtifactError(
                    f"the tokenizer's rule {text[:80]!r} {why}",
                    where=str(folder / "tokenizer.json"),
                    remedy="Use the tokenizer as its authors published it, or write a pattern "
                    "without the outer repetition",
                )


def _texts(state: Any) -> Iterator[tuple[str, str]]:
    """Yield the texts of a part of a tokenizer, each with what it is called there."""
    if isinstance(state, dict):
        yield from ((name, text) for name, text in state.items() if isinstance(text, str))
        state = list(state.values())
    for each in state if isinstance(state, list) else ():
        yield from _texts(each)


def _why_endless(pattern: str) -> str:
    """Say why matching could take exponential time, or nothing."""
    if len(pattern) > _LONGEST:
        return f"has {len(pattern):,} characters"
    in_sets, repeats, closed = 0, [False], False  # of each open group; of the one just closed
    for part in _PARTS.findall(pattern):
        of_group, closed = closed, False
        if part == "[" or in_sets:
            in_sets += (part == "[") - (part == "]")
        elif part.startswith("("):
            repeats.append(False)
        elif part == ")" and len(repeats) > 1:
            closed = repeats.pop()
            repeats[-1] |= closed
        elif _OFTEN.match(part):
            if of_group:
                return (
                    "repeats a group that repeats within, or has alternatives: some texts "
                    "would take it for ever"
                )
            repeats[-1] = True
        elif part == "|" and len(repeats) > 1:
            repeats[-1] = True
    return ""


@contextmanager
def tokenising(folder: Path) -> Iterator[None]:
    """Turn what the tokenizers library raises at texts into an error that names the tokenizer."""
    try:
        yield
    except BaseException as error:
        # It raises nothing but bare ones, and lets panics through, which are no `Exception`.
        if type(error) is not Exception and type(error).__name__ != "PanicException":
            raise
        raise ArtifactError(
            f"the tokenizer cannot read a text ({str(error)[:200]})",
            where=str(folder),
            remedy="It may be damaged, or not that of this encoder: save it again with "
            "save_pretrained()",
        ) from error
