"""Shared by the tests of encoders: one thread, and a writer of the packaged encoder's format."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

SIZES = {
    "hidden": 32,
    "layers": 2,
    "heads": 4,
    "feed_forward": 64,
    "vocabulary": 48,
    "positions": 20,
    "types": 2,
}
PIECES = [
    *("<s>", "<pad>", "</s>", "<unk>"),
    *("▁", "▁hello", "▁world", "▁fine", "▁caf", "é", "▁Кошка", "▁спит", "猫", "睡觉", "แมว", "นอน"),
    *"helowrdfinca",
    *("▁l", "ll", "lo", "or", "▁fi", "ne", "▁ca", "कि", "لا"),
    "<mask>",
]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread, as the machine may be busy, and put the number back."""
    try:
        import torch
    except ImportError:  # the tests that need it skip themselves
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass
class TinyE5:
    """A small file in the packaged encoder's format, and what is in it."""

    path: Path
    size: int
    starts: list[int]
    nibbles: dict[str, np.ndarray] = field(default_factory=dict)
    scales: dict[str, np.ndarray] = field(default_factory=dict)
    floats: dict[str, np.ndarray] = field(default_factory=dict)
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    rules: dict[str, str] = field(default_factory=dict)


def shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a file with `SIZES`."""
    h, f = SIZES["hidden"], SIZES["feed_forward"]
    found: dict[str, tuple[int, ...]] = {
        "emb.word": (SIZES["vocabulary"], h),
        "emb.pos": (SIZES["positions"], h),
        "emb.type": (SIZES["types"], h),
        "emb.ln.w": (h,),
        "emb.ln.b": (h,),
    }
    for layer in range(SIZES["layers"]):
        parts = {"q": (h, h), "k": (h, h), "v": (h, h), "ao": (h, h), "fi": (f, h), "fo": (h, f)}
        for part, shape in {**parts, "aln": (h,), "oln": (h,)}.items():
            found[f"l{layer}.{part}.w"] = shape
            found[f"l{layer}.{part}.b"] = shape[:1]
    return found


def is_packed(name: str) -> bool:
    """Whether a tensor is stored in 4 bits: the word table and the matrices of the layers."""
    return name == "emb.word" or (name.startswith("l") and name.endswith(".w") and "ln" not in name)


@pytest.fixture
def write_e5(tmp_path: Path) -> Callable[..., TinyE5]:
    """Return a function that writes such a file."""

    def write(name: str = "tiny.bin", *, version: int = 1, magic: bytes = b"E5S1") -> TinyE5:
        rng = np.random.default_rng(11)
        tiny = TinyE5(path=tmp_path / name, size=0, starts=[])
        head = magic + struct.pack("<I7ifi", version, *SIZES.values(), 1e-12, 32)
        tiny.starts.append(len(head))
        long = [len(piece) > 1 for piece in PIECES]
        tiny.scores = (-8 + 4 * np.array(long) + rng.random(len(PIECES))).astype("<f4")
        tiny.scores[[0, 1, 2, 3, -1]] = 0
        blobs = [piece.encode() for piece in PIECES]
        offsets = np.cumsum([0, *map(len, blobs)]).astype("<u4")
        head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1]))
        head += offsets.tobytes() + tiny.scores.tobytes() + b"".join(blobs)
        tiny.starts.append(len(head))
        tiny.rules = {"\u00a0": " ", "\u200b": " ", "ﬁ": "fi", "\u0007": "", "ｈ": "h"}
        rules = b"".join(
            struct.pack(f"<IB{len(to)}I", ord(source), len(to), *map(ord, to))
            for source, to in tiny.rules.items()
        )
        head += struct.pack("<iI", len(tiny.rules), len(rules)) + rules
        tiny.starts.append(len(head))

        contents: dict[str, tuple[int, int, bytes]] = {}
        for tensor, shape in shapes().items():
            count = int(np.prod(shape))
            if is_packed(tensor):
                nibbles = rng.integers(0, 16, (count // 32, 32), dtype=np.uint8)
                scales = rng.normal(0, 0.05, count // 32).astype("<f2")
                tiny.nibbles[tensor], tiny.scales[tensor] = nibbles, scales
                data = b"".join(
                    scale.tobytes() + bytes(int(row[j]) | int(row[j + 16]) << 4 for j in range(16))
                    for scale, row in zip(scales, nibbles, strict=True)
                )
                contents[tensor] = (1, count, data)
            else:
                values = rng.normal(1.0 if "ln.w" in tensor else 0.0, 0.1, shape).astype("<f4")
                tiny.floats[tensor] = values
                contents[tensor] = (0, count, values.tobytes())
        entries = {tensor: tensor.encode() for tensor in contents}
        length = 4 + sum(2 + len(entry) + 1 + 4 + 8 + 8 for entry in entries.values())
        place = start = (len(head) + length + 63) // 64 * 64
        directory = struct.pack("<i", len(contents))
        for tensor, (kind, count, data) in contents.items():
            entry = entries[tensor]
            directory += struct.pack(
                f"<H{len(entry)}sBIQQ", len(entry), entry, kind, count, place, len(data)
            )
            place += len(data)
        head += directory
        tiny.starts.append(len(head))
        body = b"".join(data for _, _, data in contents.values())
        tiny.path.write_bytes(head.ljust(start, b"\0") + body)
        tiny.size = tiny.path.stat().st_size
        return tiny

    return write
