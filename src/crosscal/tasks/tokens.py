"""Tokenised examples: made once, kept as flat arrays on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class TokenSet:
    """N tokenised examples, laid end to end.

    Attributes
    ----------
    ids : ndarray of int32
        Token ids of the full vocabulary.
    types : ndarray of uint8
        Token types (0 first text, 1 second, where the encoder tells them apart).
    offsets : ndarray of int64
        Example i has tokens ``offsets[i]:offsets[i + 1]``; shape (N + 1,).
    gold : ndarray of int32
        Index of the right choice, -1 where there is none.
    units : pyarrow.Table
        Columns ``unit_id, cluster_id, language``.
    truncated : int
        Examples that were cut to the longest input.
    """

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    gold: npt.NDArray[np.int32]
    units: pa.Table
    truncated: int

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.gold)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each example."""
        return np.diff(self.offsets)

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder."""
        for name in ("ids", "types", "offsets", "gold"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        table = self.units.replace_schema_metadata({"truncated": str(self.truncated)})
        pq.write_table(table, folder / "units.parquet")

    @classmethod
    def load(cls, folder: Path) -> TokenSet:
        """Map the arrays of a folder written by `save` into memory."""
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r")
            for name in ("ids", "types", "offsets", "gold")
        }
        units = pq.read_table(folder / "units.parquet")
        truncated = int((units.schema.metadata or {}).get(b"truncated", b"0"))
        return cls(units=units, truncated=truncated, **arrays)


def tokenise_pairs(
    tokenizer: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    gold: Sequence[int],
    units: pa.Table,
    *,
    max_length: int,
    types: int,
) -> TokenSet:
    """Tokenise pairs of texts as the encoder was pretrained to see them.

    Parameters
    ----------
    tokenizer : Tokenizer
        The encoder's fast tokenizer.
    pairs : sequence of (str, str)
        First and second text of each example.
    gold : sequence of int
        Index of the right choice of each example, -1 where there is none.
    units : pyarrow.Table
        Columns ``unit_id, cluster_id, language`` of the examples.
    max_length : int
        Longest input in tokens; of longer ones the longer text is cut first.
    types : int
        Token types that the encoder knows; with one, all types are 0.
    """
    parts: list[list[int]] = []
    kinds: list[list[int]] = []
    truncated = 0
    for start in range(0, len(pairs), _CHUNK):
        chunk = list(pairs[start : start + _CHUNK])
        tokenizer.no_truncation()
        whole = tokenizer.encode_batch(chunk)
        long = [place for place, encoding in enumerate(whole) if len(encoding.ids) > max_length]
        if long:
            truncated += len(long)
            tokenizer.enable_truncation(max_length, strategy="longest_first")
            for place in long:
                whole[place] = tokenizer.encode(*chunk[place])
        parts.extend(encoding.ids for encoding in whole)
        kinds.extend(encoding.type_ids for encoding in whole)
    tokenizer.no_truncation()
    flat_types = np.concatenate([np.asarray(kind, dtype=np.uint8) for kind in kinds])
    return TokenSet(
        ids=np.concatenate([np.asarray(part, dtype=np.int32) for part in parts]),
        types=flat_types if types > 1 else np.zeros_like(flat_types),
        offsets=np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64),
        gold=np.asarray(gold, dtype=np.int32),
        units=units,
        truncated=truncated,
    )
