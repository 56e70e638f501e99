"""What a study reads: every source once, its hash, its labels, and its files by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crosscal.artifacts import sha256_file
from crosscal.data import FORMATS, Dataset
from crosscal.exceptions import DataError, SettingsError
from crosscal.study.config.settings import SourceConfig, TaskConfig
from crosscal.study.planning.sources import digest, distinct_names, read_source
from crosscal.tasks import Task, task
from crosscal.tasks.families.span import NO_ANSWER


class StudyDatasets:
    """The sources of a study, by their field in the study file: ``target.train``, ``mlm.texts``.

    Attributes
    ----------
    by_field : dict of str to Dataset
        All that was read so far.
    """

    def __init__(self) -> None:
        self.by_field: dict[str, Dataset] = {}
        self._digests: dict[str, str] = {}

    def read(
        self, field: str, source: SourceConfig, split: str, languages: Sequence[str], chosen: Task
    ) -> Dataset:
        """Read a source, or return what was read of it before.

        Raises
        ------
        SettingsError
            If its format holds examples of another family than the task's.
        DataError
            If anything is wrong with the data.
        """
        if field not in self.by_field:
            _check_family(field, source, chosen)
            self.by_field[field] = read_source(source, split, languages, chosen.labels)
        return self.by_field[field]

    def digest(self, field: str) -> str:
        """Hash of a source's examples, taken once: many runs share it."""
        if field not in self._digests:
            self._digests[field] = digest(self.by_field[field].examples)
        return self._digests[field]

    def labels(self, name: str, data: TaskConfig) -> list[str]:
        """Labels of the task; of a task with an open set, those of its training examples."""
        chosen = task(data.task)
        if chosen.scoring == "squad2":
            # What a question may be answered with besides a span.
            return [NO_ANSWER]
        if not chosen.open_labels:
            return list(chosen.labels)
        reading = self.read(
            f"{name}.train", source_of(data, "train"), "train", data.train_languages, chosen
        )
        return sorted({tag for example in reading.examples for tag in example.tags})

    def files(self, names: Collection[str]) -> dict[str, str]:
        """Hash of every file read for these targets and intermediate tasks, by its name.

        Files of one name but other contents are told apart by as many folders above them as
        that takes.
        """
        found = {
            file: sha256_file(file)
            for field, reading in self.by_field.items()
            if field.split(".")[0] in names
            for file in reading.files
        }
        return distinct_names(found)


def _check_family(field: str, source: SourceConfig, chosen: Task) -> None:
    for part in (source, *source.also):
        # An unknown format is an error of the reader.
        family = FORMATS[part.format].schema.family if part.format in FORMATS else chosen.family
        if family != chosen.family:
            raise SettingsError(
                f"format '{part.format}' holds examples of the family {family}, but the task "
                f"'{chosen.name}' is of {chosen.family}",
                where=f"{field}.format",
                remedy="Choose a format of the task's family: `crosscal data formats` lists them",
            )


def source_of(data: TaskConfig, split: str) -> SourceConfig:
    """Return what the study file says of a split: train, dev, test or calibration."""
    found: SourceConfig = getattr(data, split)
    return found


def check_apart(readings: Mapping[str, Dataset], target: str) -> None:
    """Refuse examples to recalibrate on that share a cluster with the test, in any language.

    Parameters
    ----------
    readings : mapping of str to Dataset
        By field of the study file.
    target : str

    Raises
    ------
    DataError
        Names the first such cluster.
    """
    tested = {example.cluster_id for example in readings[f"{target}.test"].examples}
    for split in ("dev", "calibration"):
        field = f"{target}.{split}"
        for example in readings[field].examples if field in readings else ():
            if example.cluster_id in tested:
                raise DataError(
                    f"cluster {example.cluster_id!r} is among the test examples too",
                    where=field,
                    remedy="Recalibrate on other clusters than are tested, in whatever language",
                )
