"""The normaliser of SentencePiece's ``nmt_nfkc`` rule, compiled into a character map.

The packaged encoder's file lists its normalisation rules for single code
points only. SentencePiece also composes sequences (``e`` + U+0301 becomes
``é``), so these are added here from Unicode's own tables, and the whole is
written in the form the tokenizer expects: a double-array trie over UTF-8 bytes
followed by the replacement texts (the layout of the Darts-clone library).
"""

from __future__ import annotations

import struct
import sys
import unicodedata
from collections.abc import Iterator, Mapping

_HAS_LEAF = 1 << 8
_LEAF = 1 << 31
_WINDOW = 512


def composed_sequences() -> dict[str, str]:
    """Sequences of two or more code points that normalisation form KC changes."""
    sequences: dict[str, str] = {}
    for number in range(sys.maxunicode + 1):
        if 0xD800 <= number < 0xE000:
            continue
        decomposed = unicodedata.normalize("NFKD", chr(number))
        if len(decomposed) > 1:
            composed = unicodedata.normalize("NFKC", decomposed)
            if composed != decomposed:
                sequences[decomposed] = composed
    return sequences


def compile_charsmap(rules: Mapping[str, str]) -> bytes:
    """Compile replacement rules into SentencePiece's precompiled character map."""
    texts = bytearray()
    offsets: dict[str, int] = {}
    for replacement in sorted(set(rules.values())):
        offsets[replacement] = len(texts)
        texts += replacement.encode() + b"\0"
    trie = _double_array({key.encode(): offsets[value] for key, value in rules.items()})
    return struct.pack("<I", len(trie)) + trie + bytes(texts)


def _double_array(values: Mapping[bytes, int]) -> bytes:
    """Lay a trie out as a double array: node ``i`` of offset ``o`` has child ``c`` at ``i^o^c``."""
    units = [0] * 1024
    taken = bytearray(1024)
    taken[0] = 1
    bases: set[int] = set()
    first_free, highest = 1, 0
    for node, children, value in _breadth_first(values, units_of := [0]):
        labels = sorted(children) if value is None else [0, *sorted(children)]
        position = units_of[node]
        # Only the end of the array is searched: holes further back are too few to pay for it.
        first_free = max(first_free, highest - _WINDOW)
        while taken[first_free]:
            first_free += 1
        base = _find_base(labels, position, first_free, taken, bases)
        missing = (base | 0xFF) + 2 - len(units)
        if missing > 0:
            units.extend([0] * missing)
            taken.extend(bytes(missing))
        bases.add(base)
        units[position] |= (base ^ position) << 10
        if value is not None:
            units[position] |= _HAS_LEAF
            units[base] = _LEAF | value
        for label in labels:
            taken[base ^ label] = 1
            highest = max(highest, base ^ label)
        for label, child in children.items():
            units[base ^ label] = label
            units_of[child] = base ^ label
    return struct.pack(f"<{len(units)}I", *units)


def _breadth_first(
    values: Mapping[bytes, int], positions: list[int]
) -> Iterator[tuple[int, dict[int, int], int | None]]:
    """Yield (node, children by byte, value) from the root down; grows `positions` to all nodes."""
    children: list[dict[int, int]] = [{}]
    ends: dict[int, int] = {}
    for key in sorted(values):
        node = 0
        for byte in key:
            if byte not in children[node]:
                children[node][byte] = len(children)
                children.append({})
            node = children[node][byte]
        ends[node] = values[key]
    positions.extend([0] * (len(children) - 1))
    level = [0]
    while level:
        for node in level:
            if children[node] or node in ends:
                yield node, children[node], ends.get(node)
        level = [child for node in level for child in children[node].values()]


def _find_base(
    labels: list[int], position: int, first_free: int, taken: bytearray, bases: set[int]
) -> int:
    """Smallest base, unused by other nodes, at which every label falls on a free unit."""
    # The format holds 21 bits of offset; a few hundred thousand units, as here, never need more.
    start = first_free
    while True:
        base = start ^ labels[0]
        if base not in bases and all(
            (base ^ label) >= len(taken) or not taken[base ^ label] for label in labels
        ):
            if base ^ position >= 1 << 21:
                raise OverflowError("the character map has too many rules for this layout")
            return base
        start += 1
