"""JSON files as trees whose nodes know their place, so that an error can name it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscal.data.files.lines import read_lines
from crosscal.exceptions import DataError
from crosscal.spelling import did_you_mean

NOT_TEXT = re.compile("[\0\ud800-\udfff]")
_DIGITS = 18
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


class _Repeating(dict[str, Any]):
    """An object in which a key stands twice; which value is meant cannot be known."""

    repeated: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a JSON file, or a row of another file as named values."""

    file: Path
    location: str  # from the root, as data[3].paragraphs[0], or empty; of a row its number
    value: Any  # as `json` reads it; whole numbers of more than 18 digits are floats

    def key(self, name: str) -> Node:
        """Return the value of a key."""
        node = self.optional(name)
        if node is None:
            keys = [key[:40] for key in self.value if key.isprintable()][:24]
            remedy = did_you_mean(name, keys) if keys else "The object is empty"
            raise self.fault(f"the object has no key '{name}'", remedy)
        return node

    def optional(self, name: str) -> Node | None:
        """Return the value of a key, or None if the object does not have it."""
        if not isinstance(self.value, dict):
            raise self._other("an object")
        if isinstance(self.value, _Repeating):
            key = self.value.repeated
            shown = f"'{key[:40]}'" if key.isprintable() else "a key"
            raise self.fault(f"{shown} stands twice in one object", "Remove one of the two")
        if name not in self.value:
            return None
        return Node(self.file, f"{self.location}.{name}".lstrip("."), self.value[name])

    def items(self) -> Iterator[Node]:
        """Yield the items of a list."""
        if not isinstance(self.value, list):
            raise self._other("a list")
        for number, item in enumerate(self.value):
            yield Node(self.file, f"{self.location}[{number}]", item)

    def text(self) -> str:
        """Return the value as text."""
        if not isinstance(self.value, str):
            raise self._other("text")
        if NOT_TEXT.search(self.value):
            raise self.fault(
                "the text holds a NUL character or half a surrogate pair",
                "The text was damaged when it was converted; fetch the file again",
            )
        return self.value

    def whole(self) -> int:
        """Return the value as a whole number."""
        if type(self.value) is not int:
            raise self._other("a whole number")
        return self.value

    def flag(self) -> bool:
        """Return the value as a truth value."""
        if not isinstance(self.value, bool):
            raise self._other("true or false")
        return self.value

    def fault(self, what: str, remedy: str) -> DataError:
        """Return an error about this place."""
        return DataError(what, where=f"{self.file}:{self.location or 'top level'}", remedy=remedy)

    def _other(self, expected: str) -> DataError:
        actual = _KINDS.get(type(self.value))
        if isinstance(self.value, dict):
            actual = "an object"
        elif actual is None:
            actual = f"the number {self.value}"
        return self.fault(
            f"{expected} is needed here, but this is {actual}",
            "Check that the file is of this format, and fetch it again",
        )


def read_json(file: Path) -> Node:
    """Read a JSON file."""
    text = "\n".join(line for _, line in read_lines(file))
    try:
        value = decoded(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"this is no JSON ({error.msg} at column {error.colno})",
            where=f"{file}:{error.lineno}",
            remedy="The file was cut or altered; fetch it again",
        ) from error
    except RecursionError as error:
        raise DataError(
            "the file is nested too deeply",
            where=str(file),
            remedy="Check that the file is of this format, and fetch it again",
        ) from error
    return Node(file, "", value)


def decoded(text: str) -> Any:
    """Return what a JSON text says, for a `Node`."""
    return json.loads(text, object_pairs_hook=_object, parse_int=_number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) == len(pairs):
        return values
    repeating = _Repeating(values)
    repeating.repeated = Counter(name for name, _ in pairs).most_common(1)[0][0]
    return repeating


def _number(digits: str) -> int | float:
    # Python refuses to convert very long numbers; none of that length is an offset.
    return int(digits) if len(digits) <= _DIGITS else float(digits)
