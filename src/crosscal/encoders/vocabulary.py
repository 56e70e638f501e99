"""Vocabulary trimming: an encoder that holds only the embedding rows it needs.

A multilingual vocabulary has 250,000 rows, most of an encoder's parameters; a
stage touches a tenth of them. The tokenizer stays as it is: ids are remapped
after tokenisation, and rows are put back into the full table on export. Rows
that a stage never sees have no gradient, so training on the trimmed table gives
the same bits as on the full one as long as embeddings have no weight decay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]

# Padding ids below are among the special tokens at the beginning of a vocabulary.
_FIRST_IDS = 1000


@dataclass(frozen=True)
class Vocabulary:
    """The token ids an encoder keeps.

    Attributes
    ----------
    ids : ndarray of int32
        Ids of the full vocabulary, ascending; row i of the trimmed table is ``ids[i]``.
    """

    ids: Ids

    @classmethod
    def of(cls, tokens: Iterable[Ids], *, pad: int) -> Vocabulary:
        """Vocabulary of all ids that occur, and those up to the padding id.

        Keeping the first ids leaves the padding id, which positions of RoBERTa
        and its kin are counted from, where it was. One that stands behind the
        words, as ModernBERT's, is kept alone.
        """
        first = np.arange(pad + 1, dtype=np.int32)[-1 if pad >= _FIRST_IDS else 0 :]
        parts = [first, *(np.unique(ids) for ids in tokens)]
        return cls(np.unique(np.concatenate(parts)).astype(np.int32))

    @classmethod
    def full(cls, size: int) -> Vocabulary:
        """All ids of a vocabulary of this size: nothing is trimmed."""
        return cls(np.arange(size, dtype=np.int32))

    def __len__(self) -> int:
        """Return the number of kept ids."""
        return len(self.ids)

    def rows(self, ids: Ids) -> npt.NDArray[np.int64]:
        """Rows of the trimmed table for ids of the full vocabulary."""
        rows = np.searchsorted(self.ids, ids)
        is_kept = self.ids[np.minimum(rows, len(self.ids) - 1)] == ids
        if not is_kept.all():
            raise KeyError(f"token id {int(ids[~is_kept][0])} is not in the trimmed vocabulary")
        return rows.astype(np.int64)
