"""Dataset the sources of a study: the examples that its files hold, and how many are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from crosscal.data import Dataset, read_examples
from crosscal.study.config.settings import SourceConfig


def read_source(
    source: SourceConfig, split: str, languages: Sequence[str], labels: Sequence[str]
) -> Dataset:
    """Read a source of a study and those that it is followed by, each with what it keeps.

    Parameters
    ----------
    source : SourceConfig
        Format, path, number of clusters.
    split : str
        The role of the source: train, dev or test; also the file's split unless the source
        names another.
    languages : sequence of str
        Codes.
    labels : sequence of str
        Labels of the task.

    Returns
    -------
    Dataset
        Of several sources, unit and cluster ids begin with the number of the source.
    """
    if not source.also:
        return _read(source, split, languages, labels)
    parts = [_read(part, split, languages, labels) for part in (source, *source.also)]
    return replace(
        parts[0],
        examples=tuple(
            replace(
                example,
                unit_id=f"{number}/{example.unit_id}",
                cluster_id=f"{number}/{example.cluster_id}",
            )
            for number, part in enumerate(parts)
            for example in part.examples
        ),
        files=tuple(dict.fromkeys(file for part in parts for file in part.files)),
        dropped={
            f"{why} (source {number})": count
            for number, part in enumerate(parts)
            for why, count in part.dropped.items()
        },
    )


def _read(
    source: SourceConfig, split: str, languages: Sequence[str], labels: Sequence[str]
) -> Dataset:
    reading = read_examples(
        source.format,
        source.path,
        split=source.split or split,
        languages=languages,
        labels=labels,
        columns=source.columns,
    )
    if source.clusters is None:
        return reading
    examples: list[Any] = []
    for _, part in groupby(reading.examples, key=lambda example: example.language):
        examples += _keep(list(part), source.clusters)
    return replace(reading, examples=tuple(examples))


def _keep(examples: list[Any], wanted: int) -> list[Any]:
    """Keep all examples of so many clusters, evenly spaced."""
    clusters = list(dict.fromkeys(example.cluster_id for example in examples))
    step = max(1.0, len(clusters) / wanted)
    kept = {clusters[int(index * step)] for index in range(min(wanted, len(clusters)))}
    return [example for example in examples if example.cluster_id in kept]


def characters(example: Any) -> int:
    """Return the length of all texts of an example."""
    return sum(_length(value) for value in _texts(example))


def _texts(example: Any) -> list[Any]:
    skipped = ("unit_id", "cluster_id", "language", "label", "tags", "answers", "partners")
    return [value for name, value in asdict(example).items() if name not in skipped]


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(len(item) for item in value) if isinstance(value, list | tuple) else 0


def digest(examples: Sequence[Any]) -> str:
    """Hash of everything that a stage sees of its examples."""
    found = hashlib.sha256()
    for example in examples:
        found.update(json.dumps(list(asdict(example).values())).encode())
    return found.hexdigest()


def distinct_names(hashes: Mapping[Path, str]) -> dict[str, str]:
    """Name files as shortly as tells them apart.

    Parameters
    ----------
    hashes : mapping of Path to str
        Of each file's contents.

    Returns
    -------
    dict of str to str
        A file's name to its hash; where files of one name differ, with the last folders of the
        path before it. Equal files of one name are one.
    """
    found: dict[str, str] = {}
    for path, content in hashes.items():
        others = [other for other, hashed in hashes.items() if hashed != content]
        taken = 1
        while taken < len(path.parts) and any(
            other.parts[-taken:] == path.parts[-taken:] for other in others
        ):
            taken += 1
        found["/".join(path.parts[-taken:])] = content
    return found
