"""What a study reads: every source once, its hash, its labels, and its files by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crosscal.artifacts import sha256_file
from crosscal.data import FORMATS, Dataset
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
from crosscal.tasks import Task, task
from crosscal.tasks.families.span import NO_ANSWER


class StudyDatasets:
    """The sources of a study, by their field in the study file: ``target.train``, ``mlm.texts``."""

    def __init__(self) -> None:
        self.by_field: dict[str, Dataset] = {}
        self._digests: dict[str, str] = {}

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
            dataset = source.read()
            _check_texts(field, dataset, description)
            self.by_field[field] = dataset
        return source

    def digest(self, source: SplitSource) -> str:
        """Hash of everything that a stage sees of its examples; taken once: many runs share it."""
        if source.field not in self._digests:
            digest = hashlib.sha256()
            for example in self.by_field[source.field].examples:
                digest.update(json.dumps(list(asdict(example).values())).encode())
            self._digests[source.field] = digest.hexdigest()
        return self._digests[source.field]

    def labels(self, name: str, config: TaskConfig) -> tuple[str, ...]:
        """Labels of the task; of a task with an open set, those of its training examples."""
        description = task(config.task)
        if description.scoring == "squad2":
            # What a question may be answered with besides a span.
            return (NO_ANSWER,)
        if not description.open_labels:
            return description.labels
        field = f"{name}.train"
        source = source_of(config, "train")
        self.read(field, source, "train", config.train_languages, description)
        return tuple(
            sorted({tag for example in self.by_field[field].examples for tag in example.tags})
        )

    def file_hashes(self, names: Collection[str]) -> dict[str, str]:
        """Hash of every file read for these targets and intermediate tasks, by its name."""
        return distinct_names(
            {
                file: sha256_file(file)
                for field, dataset in self.by_field.items()
                if field.split(".")[0] in names
                for file in dataset.files
            }
        )


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
    names: dict[str, str] = {}
    for path, content in hashes.items():
        others = [other for other, hashed in hashes.items() if hashed != content]
        n_parts = 1
        while n_parts < len(path.parts) and any(
            other.parts[-n_parts:] == path.parts[-n_parts:] for other in others
        ):
            n_parts += 1
        names["/".join(path.parts[-n_parts:])] = content
    return names


def n_characters(example: Any) -> int:
    """Length of all texts of an example."""
    skipped = ("unit_id", "cluster_id", "language", "label", "tags", "answers", "partners")
    texts = [value for name, value in asdict(example).items() if name not in skipped]
    return sum(_length(value) for value in texts)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(len(item) for item in value) if isinstance(value, list | tuple) else 0
