"""What a study reads: every source once, its hash, its labels, and its files by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from crosscal.artifacts import sha256_file
from crosscal.data import FORMATS, Dataset
from crosscal.data.examples import ChoiceExample
from crosscal.exceptions import SettingsError
from crosscal.study.config.load import languages_of
from crosscal.study.config.settings import (
    MLM,
    RETRIEVAL,
    SourceConfig,
    Study,
    TargetTask,
    TaskConfig,
)
from crosscal.study.config.sources import SplitSource
from crosscal.study.planning.inputs import ExpectedDataset
from crosscal.tasks import Task, task
from crosscal.tasks.families.span import NO_ANSWER


class StudyDatasets:
    """The sources of a study, by their field in the study file: ``target.train``, ``mlm.texts``."""

    def __init__(self, read: Callable[[SplitSource], Dataset] = SplitSource.read) -> None:
        self._read = read
        self.by_field: dict[str, Dataset] = {}
        # Several fields often name the same files, as do tasks that are trained on and translated.
        self._by_source: dict[tuple[Any, ...], Dataset] = {}
        self._digests: dict[int, str] = {}  # by the dataset, all of which are kept
        self._labels: dict[str, tuple[str, ...]] = {}
        self._file_hashes: dict[Path, str] = {}

    def read(
        self,
        field: str,
        config: SourceConfig,
        split: str,
        languages: Sequence[str],
        description: Task,
    ) -> SplitSource:
        """Read a source unless that was done before."""
        source = SplitSource(
            field=field,
            config=config,
            split=split,
            languages=tuple(languages),
            labels=description.labels,
        )
        if field not in self.by_field:
            _check_family(field, config, description)
            key = (config.model_dump_json(), split, source.languages, source.labels)
            if key not in self._by_source:
                self._by_source[key] = self._read(source)
            _check_texts(field, self._by_source[key], description)
            self.by_field[field] = self._by_source[key]
        return source

    def digest(self, source: SplitSource) -> str:
        """Hash of everything that a stage sees of its examples; taken once: many runs share it."""
        dataset = self.by_field[source.field]
        if id(dataset) not in self._digests:
            digest = hashlib.sha256()
            if isinstance(dataset, ExpectedDataset):
                expected = [source.config.model_dump_json(), source.split, source.languages]
                digest.update(repr(expected).encode())
            encode = json.JSONEncoder(default=asdict).encode  # default: of answers in examples
            names = _names(dataset)
            for example in dataset.examples:
                digest.update(encode([getattr(example, name) for name in names]).encode())
            self._digests[id(dataset)] = digest.hexdigest()
        return self._digests[id(dataset)]

    def labels(self, name: str, config: TaskConfig) -> tuple[str, ...]:
        """Labels of the task; of a task with an open set, those of its training examples."""
        description = task(config.task)
        if description.scoring == "squad2":
            # What a question may be answered with besides a span.
            return (NO_ANSWER,)
        if not description.open_labels:
            return description.labels
        if name not in self._labels:
            field = f"{name}.train"
            source = source_of(config, "train")
            self.read(field, source, "train", config.train_languages, description)
            examples = self.by_field[field].examples
            self._labels[name] = tuple(sorted({tag for each in examples for tag in each.tags}))
        return self._labels[name]

    def file_hashes(self, names: Collection[str]) -> dict[str, str]:
        """Hash of every file read for these targets and intermediate tasks, by its name."""
        files = [
            file
            for field, dataset in self.by_field.items()
            if field.split(".")[0] in names
            for file in dataset.files
        ]
        for file in files:
            if file not in self._file_hashes:
                self._file_hashes[file] = sha256_file(file)
        return distinct_names({file: self._file_hashes[file] for file in files})


def _check_family(field: str, source: SourceConfig, description: Task) -> None:
    for part in (source, *source.also, *source.by_language.values()):
        # An unknown format is an error of the reader.
        known = part.format in FORMATS
        family = FORMATS[part.format].schema.family if known else description.family
        if family != description.family:
            raise SettingsError(
                f"format '{part.format}' holds examples of the family {family}, but the task "
                f"'{description.name}' is of {description.family}",
                where=f"{field}.format",
                remedy="Choose a format of the task's family: `crosscal data formats` lists them",
            )


def _check_texts(field: str, dataset: Dataset, description: Task) -> None:
    """Refuse pairs for a task of single texts, and the other way round."""
    for example in dataset.examples if description.texts else ():
        n_texts = 1 if example.text_b is None else 2
        if n_texts != description.texts:
            kinds = {1: "single texts", 2: "pairs of texts"}
            raise SettingsError(
                f"the task '{description.name}' is about {kinds[description.texts or 0]}, but "
                f"these are {kinds[n_texts]}",
                where=field,
                remedy="Name the column of each text, as columns = { text_a = ..., text_b = ... }"
                if n_texts == 1
                else "Name one column, as columns = { text = ... }",
            )


def source_of(config: TaskConfig, split: str) -> SourceConfig:
    """Return what the study file says of a split: train, dev, test or calibration."""
    source: SourceConfig = getattr(config, split)
    return source


def read_all(study: Study) -> StudyDatasets:
    """Read every source of a study, whether or not a recipe uses it."""
    datasets = StudyDatasets()
    for name, config in (*study.targets.items(), *study.intermediate.items()):
        description = task(config.task)
        languages = {"train": config.train_languages, "dev": config.dev_languages}
        if isinstance(config, TargetTask):
            languages |= dict.fromkeys(("test", "calibration"), languages_of(config))
            if description.family == RETRIEVAL:
                languages["dev"] = languages_of(config)
        for split, codes in languages.items():
            source = getattr(config, split)
            if source is not None:
                datasets.read(f"{name}.{split}", source, split, codes, description)
    if study.mlm is not None:
        texts = study.mlm
        datasets.read("mlm.texts", texts.texts, "train", texts.languages, task(MLM))
    return datasets


def distinct_names(hashes: Mapping[Path, str]) -> dict[str, str]:
    """Name files as shortly as tells them apart: name to hash.

    Files of one name but other contents get as many of the folders above them as that takes;
    equal files of one name are one.
    """
    n_parts: dict[Path, int] = {}
    n = 0
    while len(n_parts) < len(hashes):
        n += 1
        contents: dict[tuple[str, ...], set[str]] = {}
        for path, content in hashes.items():
            contents.setdefault(path.parts[-n:], set()).add(content)
        for path in hashes.keys() - n_parts.keys():
            if len(contents[path.parts[-n:]]) == 1 or n >= len(path.parts):
                n_parts[path] = n
    return {"/".join(path.parts[-n_parts[path] :]): hashes[path] for path in hashes}


def _names(dataset: Dataset) -> list[str]:
    """Names of the fields of a dataset's examples, which are of one kind."""
    return [entry.name for entry in fields(dataset.examples[0])] if dataset.examples else []


def sizes(dataset: Dataset) -> tuple[int, float]:
    """Count the examples of a dataset and the characters of all their texts."""
    if isinstance(dataset, ExpectedDataset):
        size = dataset.size
        return size.examples, size.examples * size.characters
    skipped = ("language", "label", "tags", "answers", "partners")
    names = [n for n in _names(dataset) if n not in skipped and not n.endswith("_id")]
    return len(dataset.examples), sum(_n_characters(each, names) for each in dataset.examples)


def _n_characters(example: Any, names: Sequence[str]) -> int:
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
