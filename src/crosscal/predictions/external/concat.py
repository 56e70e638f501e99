"""Several files of predictions as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crosscal.exceptions import DataError
from crosscal.predictions.external.reader import ExternalPredictions


def concat_predictions(
    parts: Sequence[ExternalPredictions], names: Sequence[str], *, pooled: bool
) -> ExternalPredictions:
    """Join files of equal classes and kinds of values; equally named clusters are one.

    Where `pooled`, equally named groups belong together; else each file's groups are its own, named
    ``file`` or ``file/group``.
    """
    first = parts[0]
    for part, name in zip(parts, names, strict=True):
        if _kind(part) != _kind(first):
            raise DataError(
                f"{_kind(part)}, but {names[0]} holds {_kind(first)}",
                where=name,
                remedy="Give files of the same classes in the same order",
            )
    own = [
        [_name(group, file, pooled) for group in part.groups or ("",)]
        for part, file in zip(parts, names, strict=True)
    ]
    order = sorted({group for each in own for group in each})
    group = [
        np.array([order.index(g) for g in each], dtype=np.int32)[
            np.zeros(len(part), np.int32) if part.group is None else part.group
        ]
        for each, part in zip(own, parts, strict=True)
    ]
    return replace(
        first,
        values=np.concatenate([part.values for part in parts]),
        gold=np.concatenate([part.gold for part in parts]),
        group=np.concatenate(group),
        groups=tuple(order),
        cluster=_clusters(parts),
        cluster_names=None,
        notes=tuple(dict.fromkeys(words for part in parts for words in part.notes)),
    )


def _kind(part: ExternalPredictions) -> str:
    if part.values.ndim == 1:
        return part.value_kind
    named = f" ({', '.join(part.classes)})" if part.classes else ""
    return f"{part.value_kind} of {part.values.shape[1]} classes{named}"


def _name(group: str, file: str, pooled: bool) -> str:
    if pooled:
        return group
    return f"{file}/{group}" if group else file


def _clusters(parts: Sequence[ExternalPredictions]) -> NDArray[np.int64] | None:
    """Return clusters numbered by name over all files; rows of files without any stand alone."""
    named = [part.cluster_names for part in parts if part.cluster_names is not None]
    if not named:
        return None
    coded = pa.chunked_array([names.cast(pa.string()) for names in named]).combine_chunks()
    coded = coded.dictionary_encode()
    numbers = np.asarray(coded.indices, dtype=np.int64)
    above, at, clusters = len(coded.dictionary), 0, []
    for part in parts:
        if part.cluster is None or part.cluster_names is None:
            clusters.append(above + np.arange(len(part)))
            above += len(part)
            continue
        clusters.append(numbers[at : at + len(part.cluster_names)][part.cluster])
        at += len(part.cluster_names)
    return np.concatenate(clusters)
