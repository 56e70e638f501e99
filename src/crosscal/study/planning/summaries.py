"""What a plan knows of a dataset, so that it needs the examples no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from crosscal.artifacts import sha256_file
from crosscal.data import Dataset, PairExample
from crosscal.data.examples import ChoiceExample, TagExample
from crosscal.study.config.sources import examples_digest


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """A dataset without its examples.

    Attributes
    ----------
    digest : str
        Hash of everything that a stage sees of the examples.
    examples : int
        How many there are.
    characters : float
        Of all texts of all examples, as often as a model reads them.
    clusters : dict of str to tuple of str
        The clusters of each language, each once, in order; none of training examples, which no
        interval is about.
    tags : tuple of str
        All that words are tagged with, sorted.
    text_counts : tuple of int
        How many texts are classified together: 1, 2, or both where examples differ.
    files : dict of pathlib.Path to str
        Every file that was read, and its SHA-256.
    dropped, parallel, notes
        As in `Dataset`.
    is_there : bool
        False if nothing was read, and the sizes are those that the study states.
    """

    digest: str
    examples: int
    characters: float
    clusters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    text_counts: tuple[int, ...] = ()
    files: dict[Path, str] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    parallel: bool = False
    notes: tuple[str, ...] = ()
    is_there: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` takes: JSON-ready, but for tuples that become lists."""
        return {**asdict(self), "files": {str(path): sha for path, sha in self.files.items()}}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> DatasetSummary:
        """Make what `to_dict` was made of."""
        as_tuples = {name: tuple(content[name]) for name in ("tags", "text_counts", "notes")}
        clusters = {code: tuple(names) for code, names in content["clusters"].items()}
        files = {Path(path): sha for path, sha in content["files"].items()}
        return cls(**{**content, **as_tuples, "clusters": clusters, "files": files})


def summarise(dataset: Dataset, *, with_clusters: bool) -> DatasetSummary:
    """Keep what a plan needs of a dataset."""
    return DatasetSummary(
        digest=examples_digest(dataset.examples),
        examples=len(dataset.examples),
        characters=_n_characters(dataset),
        clusters=_clusters(dataset) if with_clusters else {},
        tags=_tags(dataset),
        text_counts=_text_counts(dataset),
        files={file: sha256_file(file) for file in dataset.files},
        dropped=dataset.dropped,
        parallel=dataset.parallel,
        notes=dataset.notes,
    )


def _clusters(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    clusters: dict[str, dict[str, None]] = {}
    for example in dataset.examples:
        clusters.setdefault(example.language, {})[example.cluster_id] = None
    return {code: tuple(names) for code, names in clusters.items()}


def _tags(dataset: Dataset) -> tuple[str, ...]:
    tagged = (each for each in dataset.examples if isinstance(each, TagExample))
    return tuple(sorted({tag for example in tagged for tag in example.tags or ()}))


def _text_counts(dataset: Dataset) -> tuple[int, ...]:
    pairs = (each for each in dataset.examples if isinstance(each, PairExample))
    return tuple(sorted({1 if example.text_b is None else 2 for example in pairs}))


def _n_characters(dataset: Dataset) -> int:
    names = [entry.name for entry in fields(dataset.examples[0])] if dataset.examples else []
    skipped = ("language", "label", "tags", "answers", "partners")
    texts = [name for name in names if name not in skipped and not name.endswith("_id")]
    return sum(_length_of_texts(example, texts) for example in dataset.examples)


def _length_of_texts(example: Any, names: Sequence[str]) -> int:
    """Length of some texts of an example, as often as a model reads them."""
    lengths = [_length(getattr(example, name)) for name in names]
    if isinstance(example, ChoiceExample):  # each option is read after the context
        n_options = len(example.options)
        return n_options * sum(lengths) - (n_options - 1) * _length(example.options)
    return sum(lengths)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(len(item) for item in value) if isinstance(value, list | tuple) else 0
