"""The study file's fields: types, defaults, and what each means."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crosscal.languages import XNLI
from crosscal.training.settings import TrainingSettings


class Section(BaseModel):
    """A table of the study file: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Section):
    """Where examples come from."""

    format: str = Field(description="name of a file format; `crosscal data formats` lists them")
    path: str | None = Field(
        default=None,
        description="file or folder, seen from the study file; {name} from [paths]",
    )
    split: str | None = Field(
        default=None, description="train, dev or test, where a folder has more"
    )
    clusters: int | None = Field(
        default=None,
        gt=0,
        description="keep so many clusters (premises, all their rows), evenly spaced; none: all",
    )


class EncoderSettings(Section):
    """The pretrained multilingual model."""

    name: str = Field(
        default="packaged", description="'packaged', the path of a folder, or the id of a Hub model"
    )
    layers: int | None = Field(
        default=None, gt=0, description="keep so many, evenly spaced; none: all"
    )
    pooling: Literal["mean", "first"] = Field(
        default="mean",
        description="what the head sees: the mean token vector, or the first token's",
    )
    trim: bool = Field(
        default=True,
        description="hold only the embedding rows a stage needs (same results, faster)",
    )
    network: bool = Field(default=False, description="allow the download of a Hub model")


class TaskData(Section):
    """An intermediate task and its examples."""

    task: str = Field(description="name of a task; `crosscal tasks` lists them")
    train: Source = Field(description="English training examples")
    dev: Source = Field(description="English development examples: they alone choose checkpoints")
    training: dict[str, Any] = Field(
        default_factory=dict, description="settings of [training] that differ for this task"
    )


class Target(TaskData):
    """The target task: trained on in English, tested in every language."""

    test: Source = Field(description="test examples, parallel over the languages")
    languages: tuple[str, ...] = Field(default=XNLI, description="codes, English among them")

    @field_validator("languages")
    @classmethod
    def _english_once(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        if "en" not in languages:
            raise ValueError("English ('en') must be among the languages: it is the baseline")
        if len(set(languages)) < len(languages):
            raise ValueError("a language is listed twice")
        return languages


class Recipe(Section):
    """What happens between the pretrained encoder and the target task."""

    intermediate: tuple[str, ...] = Field(
        default=(), description="names of [intermediate.*] tables, trained on one after the other"
    )


class Analysis(Section):
    """How calibration is measured and compared."""

    bins: int = Field(default=15, ge=2, description="bins of the expected calibration error")
    replicates: int = Field(
        default=2000, ge=100, description="bootstrap samples of premise clusters"
    )
    level: float = Field(default=0.95, gt=0.5, lt=1, description="of the confidence intervals")
    seed: int = Field(default=0, ge=0, description="of the bootstrap")
    groups: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="groups of languages; none: morphologically rich and others, by the table",
    )


class Execution(Section):
    """Where stages run. Only `threads` can change results (in the last bits)."""

    executor: Literal["in-process", "processes"] = Field(
        default="processes", description="in this process, or in local worker processes"
    )
    workers: int | None = Field(
        default=None, gt=0, description="worker processes; none: as many as cores / threads"
    )
    threads: int = Field(default=1, gt=0, description="of every stage, whichever executor runs it")
    checkpoint_seconds: float = Field(
        default=60.0, gt=0, description="how often a training stage saves the state it resumes from"
    )


class Study(Section):
    """A study: everything that decides about its numbers."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="names the results folder"
    )
    question: str = Field(default="", description="what the study asks; shown in its report")
    paths: dict[str, str] = Field(
        default_factory=dict, description="folders, used as {name} in paths of sources"
    )
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1, description="one run each")
    encoder: EncoderSettings = EncoderSettings()
    target: Target
    intermediate: dict[str, TaskData] = Field(default_factory=dict)
    recipes: dict[str, Recipe] = Field(default_factory=lambda: {"direct": Recipe()}, min_length=1)
    training: TrainingSettings = TrainingSettings()
    analysis: Analysis = Analysis()
    execution: Execution = Execution()

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError("seeds must be different and not negative")
        return seeds
