"""What a family of tasks is: pure functions between examples and predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from crosscal.tasks.families.tokens import EncodedDataset, Ints

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class InputLimits:
    """What an encoder can take in: tokens, special ones included, and types it tells apart.

    In a causal one a token has seen those before it only.
    """

    max_length: int
    token_types: int
    causal: bool = False


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Predictions as columns, one entry a unit.

    `units` has columns ``unit_id, cluster_id, language``; `gold` is the index of the right choice,
    -1 if it is none of them; `extra` holds further columns, such as the choices of each unit.
    """

    units: pa.Table
    scores: Sequence[npt.NDArray[np.floating]] | Floats
    gold: npt.NDArray[np.int64]
    extra: Mapping[str, list[Any]] = field(default_factory=dict)


def one_each(dataset: EncodedDataset) -> Ints:
    """Return the numbers of groups of which each is a unit."""
    return np.arange(len(dataset))


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a family's examples become model input, and scores become predictions.

    Attributes
    ----------
    name : str
        As tasks name it.
    outputs : callable
        From the task's labels to the number of scores a row.
    tokenise : callable
        From (tokenizer, examples, labels, limits) to an `EncodedDataset`.
    predictions : callable
        From (data set, float32 scores of its rows, labels) to `Scored`; the scores have shape
        (rows, outputs).
    shared_labels : bool
        Whether the labels are the choices of every unit.
    units_of : callable
        From a data set to the row of `units` that each group is, or is the first part of; as a
        rule each group is one.
    bias : tuple of float
        What a new head adds to each of its scores before it has learnt anything, for scores of
        which some are seldom right (Lin et al. 2017, section 4.1); empty: nothing.
    version : int
        Raised when data sets or scores of this family come out otherwise than before: stages
        of older versions are then computed again, those of other families stay.
    renewed : callable, optional
        Whether data sets come out otherwise than before with this tokenizer, and not with most:
        their version is one higher.
    """

    name: str
    outputs: Callable[[Sequence[str]], int]
    tokenise: Callable[[Tokenizer, Sequence[Any], Sequence[str], InputLimits], EncodedDataset]
    predictions: Callable[[EncodedDataset, Floats, Sequence[str]], Scored]
    shared_labels: bool
    units_of: Callable[[EncodedDataset], Ints] = one_each
    bias: tuple[float, ...] = ()
    version: int = 1
    renewed: Callable[[Tokenizer], bool] | None = None


def unit_table(examples: Sequence[Any], **more: pa.Array) -> pa.Table:
    """Return the identifying columns of examples, and more."""
    columns = {
        name: pa.array([getattr(example, name) for example in examples], type=pa.string())
        for name in ("unit_id", "cluster_id", "language")
    }
    return pa.table({**columns, **more})
