"""The examples that a source of the study file stands for, and how many of them are used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import groupby
from typing import Any

from crosscal.data import Dataset, SourceFiles, read_sources
from crosscal.data.formats import check_source
from crosscal.exceptions import DataError
from crosscal.study.config.settings import FilesConfig, SourceConfig


@dataclass(frozen=True, kw_only=True)
class SplitSource:
    """A split of a target or an intermediate task: where its examples are, and which are read."""

    field: str  # its name in the study file, as target.train
    config: SourceConfig
    split: str  # also the file's, unless the source names another
    languages: tuple[str, ...]
    labels: tuple[str, ...]

    def read(self) -> Dataset:
        """Read all examples."""
        return read_source(self.config, self.split, self.languages, self.labels)

    def check(self) -> None:
        """Refuse what is wrong whatever the files hold, without reading them."""
        for part in (self.config, *self.config.also):
            for files in _files(part, self.split, self.languages):
                check_source(files, self.labels)

    def read_planned(self, digest: str) -> tuple[Any, ...]:
        """Read the examples that a plan was made of; DataError if they are others by now."""
        examples = self.read().examples
        if examples_digest(examples) != digest:
            raise DataError(
                "the examples are no longer those that the study was planned with",
                where=self.field,
                remedy="Let nothing change the data meanwhile, and run the same command again",
            )
        return examples


def read_splits(
    sources: Mapping[str, SplitSource], digests: Mapping[str, str]
) -> dict[str, tuple[Any, ...]]:
    """Read the examples of several splits that a plan was made of."""
    return {split: source.read_planned(digests[split]) for split, source in sources.items()}


def examples_digest(examples: Sequence[Any]) -> str:
    """Hash of everything that a stage sees of examples, which are of one kind."""
    names = [entry.name for entry in fields(examples[0])] if examples else []
    encode = json.JSONEncoder(default=asdict).encode  # default: of answers in examples
    digest = hashlib.sha256()
    for example in examples:
        digest.update(encode([getattr(example, name) for name in names]).encode())
    return digest.hexdigest()


def read_source(
    source: SourceConfig, split: str, languages: Sequence[str], labels: Sequence[str]
) -> Dataset:
    """Read a source and those that follow it; of several, ids begin with the source's number."""
    if not source.also:
        return _read_one(source, split, languages, labels)
    parts = [_read_one(part, split, languages, labels) for part in (source, *source.also)]
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
            f"{reason} (source {number})": count
            for number, part in enumerate(parts)
            for reason, count in part.dropped.items()
        },
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _read_one(
    source: SourceConfig, split: str, languages: Sequence[str], labels: Sequence[str]
) -> Dataset:
    reading = read_sources(
        _files(source, split, languages),
        split=source.split or split,
        labels=labels,
        join=source.join,
    )
    if source.clusters is None:
        return reading
    examples: list[Any] = []
    for _, group in groupby(reading.examples, key=lambda example: example.language):
        examples += _sample_clusters(list(group), source.clusters)
    return replace(reading, examples=tuple(examples))


def _files(source: SourceConfig, split: str, languages: Sequence[str]) -> list[SourceFiles]:
    """Return what is to be read: all languages from one source but those that have their own."""
    own = [code for code in languages if code in source.by_language]
    shared = [code for code in languages if code not in source.by_language]
    groups: list[tuple[FilesConfig, list[str]]] = [(source, shared)] if shared else []
    groups += [(source.by_language[code], [code]) for code in own]
    return [
        SourceFiles(
            format=files.format,
            path=files.path,
            split=files.split or split,
            languages=codes,
            columns=files.columns,
            codes=files.codes,
            encoding=files.encoding,
            hub=files.hub,
            config=files.config,
            network=files.network,
        )
        for files, codes in groups
    ]


def _sample_clusters(examples: list[Any], n_clusters: int) -> list[Any]:
    """Keep all examples of so many clusters, evenly spaced."""
    clusters = list(dict.fromkeys(example.cluster_id for example in examples))
    step = max(1.0, len(clusters) / n_clusters)
    sampled = {clusters[int(index * step)] for index in range(min(n_clusters, len(clusters)))}
    return [example for example in examples if example.cluster_id in sampled]
