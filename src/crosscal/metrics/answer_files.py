"""Files of answers: SQuAD's JSON of questions, and JSON from question id to answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosscal.exceptions import DataError
from crosscal.metrics.label_files import read_text

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_COLON = re.compile(r"\s*:")


def read_answers(path: Path) -> dict[str, str]:
    """Read one JSON object from question id to answer; DataError names the line."""
    document = _Document(path)
    if not isinstance(document.content, _Object):
        raise document.fault("not an object from question id to answer", None)
    for question, answer in document.content.items():
        if not isinstance(answer, str):
            raise document.fault(
                f"the answer to {question!r} is not text", document.content, question
            )
    return dict(document.content)


def read_golds(path: Path) -> dict[str, tuple[str, ...]]:
    """Read the right answers (one or more) of each question id from a file in SQuAD's format.

    ``{"data": [{"paragraphs": [{"qas": [{"id": ..., "answers": [{"text": ...}]}]}]}]}``, or the
    list alone. Empty right answers are an error: XTREME publishes its test sets so.
    """
    document = _Document(path)
    top = document.content
    articles = document.items(top, "data") if isinstance(top, _Object) else top
    if not isinstance(articles, list):
        raise document.fault("neither an object with 'data' nor a list", None)
    golds: dict[str, tuple[str, ...]] = {}
    for article in articles:
        for paragraph in document.items(article, "paragraphs"):
            for question in document.items(paragraph, "qas"):
                name = document.text_at(question, "id")
                if name in golds:
                    raise document.fault(f"question {name!r} is there twice", question)
                answers = document.items(question, "answers")
                golds[name] = tuple(document.text_at(answer, "text") for answer in answers)
                if not answers:
                    raise document.fault(f"question {name!r} has no right answer", question)
                if not all(text.strip() for text in golds[name]):
                    what = f"a right answer to {name!r} is empty; were the labels removed?"
                    raise document.fault(what, question)
    if not golds:
        raise document.fault("there are no questions", None)
    return golds


class _Object(dict[str, Any]):
    """A JSON object that knows how many objects close before it in the text."""

    closed_before: int


class _Document:
    """The content of a JSON file, and where its parts stand in the text."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = read_text(path)
        self._closed = 0
        try:
            self.content: object = json.loads(self._text, object_pairs_hook=self._object)
        except json.JSONDecodeError as error:
            raise self._fault_at(f"not JSON: {error.msg}", error.lineno) from error
        except (RecursionError, ValueError) as error:
            raise self._fault_at(f"JSON that cannot be read: {error}", 1) from error

    def _object(self, pairs: list[tuple[str, Any]]) -> _Object:
        made = _Object(pairs)
        made.closed_before = self._closed
        self._closed += 1
        if len(made) < len(pairs):
            (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
            raise self.fault(f"{twice!r} is there twice", made, twice)
        return made

    def items(self, node: object, key: str) -> list[object]:
        """Return the list that an object has under a key."""
        value = node.get(key) if isinstance(node, _Object) else None
        if not isinstance(value, list):
            raise self.fault(f"an object with a list {key!r} is needed here", node)
        return value

    def text_at(self, node: object, key: str) -> str:
        """Return the text that an object has under a key."""
        value = node.get(key) if isinstance(node, _Object) else None
        if not isinstance(value, str):
            raise self.fault(f"an object with a text {key!r} is needed here", node)
        return value

    def fault(self, what: str, node: object, key: str | None = None) -> DataError:
        """Return the error that names the line of an object, or of the last use of its key."""
        offsets = list(self._offsets(node, key)) if isinstance(node, _Object) else []
        return self._fault_at(what, self._text.count("\n", 0, offsets[-1]) + 1 if offsets else 1)

    def _fault_at(self, what: str, line: int) -> DataError:
        return DataError(what, where=f"{self._path}:{line}", remedy="Write the file again")

    def _offsets(self, node: _Object, key: str | None) -> Iterator[int]:
        """Yield the offsets of an object and of the uses of one of its keys."""
        closed = 0  # objects are known by the order in which the parser closes them
        open_at: list[list[int]] = []
        for token in _TOKENS.finditer(self._text):
            if token[0] == "{":
                open_at.append([token.start()])
            elif token[0] == "}":
                positions = open_at.pop()
                if closed == node.closed_before:
                    yield from positions
                    return
                closed += 1
            elif key is not None and open_at and self._is_key(token, key):
                open_at[-1].append(token.start())

    def _is_key(self, text: re.Match[str], key: str) -> bool:
        return bool(_COLON.match(self._text, text.end())) and json.loads(text[0]) == key
