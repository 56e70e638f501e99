"""Damage done to files at random: to their bytes, their lines, and the nodes of their JSON."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

# How many damaged files a format gets; far more before a release than in every run.
COUNT = int(os.environ.get("CROSSCAL_FUZZ", "300"))

PIECES = (
    *(b"\t", b" ", b"\n", b"\r\n", b"\r", b"\n\n", b"\0", b"\xff", b"\xed\xa0\x80", b'"', b"|"),
    *(b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xe2\x80\x8f", b"#", b"-", b"_", b"(", b")"),
    *(b"-DOCSTART-", b"{", b"]", b",", b":", b"\\u0000", b"NaN", b"1e999", b"0", b"-1", b"<", b">"),
)
DEEP = 100_000
RAW = (
    *("null", "true", "false", "0", "-1", "7", "1.5", "NaN", "Infinity", "-Infinity", "1e999"),
    *('""', '" "', '"\\ud83d"', '"\\u0000"', '"x"', "[]", "{}", "[[]]", '[{"text": "", "a": 0}]'),
    *("9" * 18, "9" * 19, "9" * 5000, "[" * 200 + "]" * 200, "[" * DEEP + "]" * DEEP),
    *("[" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, '{"a": 1, "a": 2}', '{"id": 1, "id": 2}'),
)


def mutated(content: bytes, rng: np.random.Generator, *, is_json: bool = False) -> bytes:
    """Return content with one to three random changes."""
    for _ in range(rng.integers(1, 4)):
        if is_json and rng.random() < 0.7:
            content = _json(content, rng)
        elif rng.random() < 0.4:
            content = _lines(content, rng)
        else:
            content = _bytes(content, rng)
    return content


def _bytes(content: bytes, rng: np.random.Generator) -> bytes:
    index = int(rng.integers(len(content) + 1))
    match rng.integers(5):
        case 0:
            return content[:index]
        case 1:
            return content[:index] + content[index + int(rng.integers(1, 9)) :]
        case 2:
            return content[:index] + rng.bytes(int(rng.integers(1, 5))) + content[index:]
        case 3:
            flipped = content[index : index + 1]
            flipped = bytes(byte ^ (1 << int(rng.integers(8))) for byte in flipped)
            return content[:index] + flipped + content[index + 1 :]
    piece = PIECES[rng.integers(len(PIECES))]
    return content[:index] + piece + content[index + int(rng.integers(2)) * len(piece) :]


def _lines(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.split(b"\n")
    first, second = (int(index) for index in rng.integers(len(lines), size=2))
    match rng.integers(5):
        case 0:
            del lines[first]
        case 1:
            lines.insert(second, lines[first])
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
        case 3:
            lines[first] = b""
        case 4:
            cells = lines[first].split(b"\t")
            del cells[int(rng.integers(len(cells)))]
            lines[first] = b"\t".join(cells)
    return b"\n".join(lines)


def _json(content: bytes, rng: np.random.Generator) -> bytes:
    """Remove, repeat, exchange or replace a random node."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return _bytes(content, rng)
    indices: list[tuple[Any, Any]] = []
    _collect(tree, indices)
    if not indices:
        return _bytes(content, rng)
    holder, key = indices[rng.integers(len(indices))]
    mark = "@@ here @@"
    match rng.integers(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case 2:
            other, second = indices[rng.integers(len(indices))]
            if not isinstance(holder[key], (dict, list)):
                holder[key] = other[second]
        case 3 if isinstance(holder, dict):
            holder[str(rng.integers(9))] = holder.pop(key)
        case _:
            holder[key] = mark
    raw = RAW[rng.integers(len(RAW))]
    try:
        return json.dumps(tree).replace(json.dumps(mark), raw).encode()
    except (ValueError, RecursionError):  # a node that was put into itself
        return content


def _collect(node: Any, indices: list[tuple[Any, Any]]) -> None:
    stack = [node]
    while stack:
        node = stack.pop()
        keys = (
            node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        )
        for key in keys:
            indices.append((node, key))
            stack.append(node[key])
