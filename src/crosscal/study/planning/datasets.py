"""What a study reads: every source once, its summary, its labels, and its files by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

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
from crosscal.study.planning.summaries import DatasetSummary, summarise
from crosscal.tasks import Task, task
from crosscal.tasks.families.span import NO_ANSWER


class StudyDatasets:
    """The sources of a study, by their field in the study file: ``target.train``, ``mlm.texts``."""

    def __init__(self, summary: Callable[[SplitSource], DatasetSummary]) -> None:
        self._summary = summary
        self.by_field: dict[str, DatasetSummary] = {}
        # Several fields often name the same files, as do tasks that are trained on and translated.
        self._by_source: dict[tuple[Any, ...], DatasetSummary] = {}
        self._labels: dict[str, tuple[str, ...]] = {}

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
                self._by_source[key] = self._summary(source)
            _check_texts(field, self._by_source[key], description)
            self.by_field[field] = self._by_source[key]
        return source

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
            self._labels[name] = self.by_field[field].tags
        return self._labels[name]

    def file_hashes(self, names: Collection[str]) -> dict[str, str]:
        """Hash of every file read for these targets and intermediate tasks, by its name."""
        hashes: dict[Path, str] = {}
        for field, summary in self.by_field.items():
            if field.split(".")[0] in names:
                hashes |= summary.files
        return distinct_names(hashes)


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


def _check_texts(field: str, summary: DatasetSummary, description: Task) -> None:
    """Refuse pairs for a task of single texts, and the other way round."""
    wrong = [count for count in summary.text_counts if count != description.texts]
    if description.texts and wrong:
        kinds = {1: "single texts", 2: "pairs of texts"}
        raise SettingsError(
            f"the task '{description.name}' is about {kinds[description.texts]}, but "
            f"these are {kinds[wrong[0]]}",
            where=field,
            remedy="Name the column of each text, as columns = { text_a = ..., text_b = ... }"
            if wrong[0] == 1
            else "Name one column, as columns = { text = ... }",
        )


def source_of(config: TaskConfig, split: str) -> SourceConfig:
    """Return what the study file says of a split: train, dev, test or calibration."""
    source: SourceConfig = getattr(config, split)
    return source


def read_all(study: Study) -> tuple[dict[str, Dataset], dict[str, DatasetSummary]]:
    """Read every source of a study, whether or not a recipe uses it: all by their fields."""
    whole: dict[int, Dataset] = {}  # by the summary, all of which are kept

    def read(source: SplitSource) -> DatasetSummary:
        dataset = source.read()
        summary = summarise(dataset, with_clusters=True)
        whole[id(summary)] = dataset
        return summary

    datasets = StudyDatasets(read)
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
    by_field = {field: whole[id(summary)] for field, summary in datasets.by_field.items()}
    return by_field, datasets.by_field


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
