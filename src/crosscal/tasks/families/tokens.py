"""Tokenised examples: made once, kept as flat arrays on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]
SoftmaxOver = Literal["labels", "group", "sequence", "vocabulary"]

# Fields, and the names of their files.
_FILES = {
    "ids": "ids",
    "token_type_ids": "types",
    "offsets": "offsets",
    "gold": "gold",
    "groups": "groups",
    "scored_positions": "rows",
    "row_offsets": "row_offsets",
}


@dataclass(frozen=True, kw_only=True)
class EncodedDataset:
    """N token sequences, concatenated, and what of them is scored.

    The one form that all families of tasks are trained and predicted in: a head scores *rows*
    (whole sequences, or single tokens of them), and scores compete over one of four things.

    Attributes
    ----------
    ids : ndarray of int32
        Token ids of the full vocabulary.
    token_type_ids : ndarray of uint8
        0 first text, 1 second, where the encoder tells them apart.
    offsets : ndarray of int64
        Sequence i has tokens ``offsets[i]:offsets[i + 1]``; shape (N + 1,).
    softmax_over : {"labels", "group", "sequence", "vocabulary"}
        What the scores of a choice compete over: the labels of a row (classification, tagging),
        the rows of a group (the options of a question), the character slots of a sequence (where
        an answer starts and where it ends; see `arrays`), or the vocabulary at a masked row.
    gold : ndarray of int32
        The right choice, -1 where there is none: label of each row, shape (R,); or row within
        each group, shape (G, 1); or first and last slot within each sequence, shape (N, 2);
        not used over the vocabulary.
    groups : ndarray of int64
        Group g holds sequences ``groups[g]:groups[g + 1]``, which are always trained on
        together; shape (G + 1,). Usually each sequence is its own.
    scored_positions : ndarray of int64
        Indices into `ids` of the tokens that are scored, ascending; shape (R,). Empty if whole
        sequences are.
    row_offsets : ndarray of int64
        Sequence i has rows ``row_offsets[i]:row_offsets[i + 1]``; shape (N + 1,).
    units : pyarrow.Table
        Columns ``unit_id, cluster_id, language`` of the units of prediction, and what else the
        family needs to make predictions of scores.
    arrays : mapping of str to ndarray
        What else the family needs, by the name of its file. Over sequences ``places``, shape
        (R,): how many slots each row has. With C scores a row, the first half are those of a
        start at its slots, the others those of an end.
    truncated : int
        Sequences that were cut to the longest input.
    """

    ids: npt.NDArray[np.int32]
    token_type_ids: npt.NDArray[np.uint8]
    offsets: Ints
    gold: npt.NDArray[np.int32]
    units: pa.Table
    softmax_over: SoftmaxOver = "labels"
    groups: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    scored_positions: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    row_offsets: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    arrays: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    truncated: int = 0

    def __post_init__(self) -> None:
        """Fill in the usual case: each sequence its own group, and scored as a whole."""
        one_each = np.arange(len(self.offsets), dtype=np.int64)
        if not len(self.groups):
            object.__setattr__(self, "groups", one_each)
        if not len(self.row_offsets):
            object.__setattr__(self, "row_offsets", one_each)

    def __len__(self) -> int:
        """Return the number of groups: what batches are made of."""
        return len(self.groups) - 1

    @property
    def n_rows(self) -> int:
        """Number of rows that a head scores."""
        return int(self.row_offsets[-1])

    @property
    def lengths(self) -> Ints:
        """Tokens of each group."""
        lengths: Ints = np.diff(self.offsets[self.groups])
        return lengths

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder."""
        for name, file in _FILES.items():
            np.save(folder / f"{file}.npy", getattr(self, name))
        for name, values in self.arrays.items():
            np.save(folder / f"of-{name}.npy", values)
        header = {
            "truncated": self.truncated,
            "over": self.softmax_over,
            "arrays": sorted(self.arrays),
        }
        table = self.units.replace_schema_metadata({"tokens": json.dumps(header)})
        pq.write_table(table, folder / "units.parquet")

    @classmethod
    def load(cls, folder: Path) -> EncodedDataset:
        """Map the arrays of a folder written by `save` into memory."""
        units = pq.ParquetFile(folder / "units.parquet").read(use_threads=False)
        header = json.loads(units.schema.metadata[b"tokens"])
        return cls(
            units=units.replace_schema_metadata(),
            softmax_over=header["over"],
            truncated=header["truncated"],
            arrays={
                name: np.load(folder / f"of-{name}.npy", mmap_mode="r") for name in header["arrays"]
            },
            **{
                name: np.load(folder / f"{file}.npy", mmap_mode="r")
                for name, file in _FILES.items()
            },
        )


def concat_ragged(parts: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Concatenate lists of numbers; return the numbers and the offsets of the lists."""
    lengths = [len(part) for part in parts]
    flat = np.fromiter((value for part in parts for value in part), np.int64, sum(lengths))
    return flat, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
