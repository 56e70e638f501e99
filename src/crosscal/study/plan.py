"""From a study to its stages: what depends on what, and the key of each.

A stage's key is the hash of its kind, the version of the kind's code, its
resolved settings, the keys of its inputs and the hashes of its data. Recipes
and seeds that agree up to a point share the stages up to that point.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosscal.artifacts import sha256_file
from crosscal.data import PairExample, Reading, read_examples
from crosscal.encoders.loading import encoder_config, fingerprint, longest_input
from crosscal.errors import DataError, SettingsError
from crosscal.study.reading import training_settings
from crosscal.study.settings import Source, Study, TaskData
from crosscal.tasks import Task, task

# Raise a kind's number whenever its code would give another result.
VERSIONS = {"prepare": 1, "train": 1, "predict": 1, "collect": 1}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One node of the plan.

    Attributes
    ----------
    kind : str
        ``prepare`` (tokenise), ``train``, ``predict`` (scores) or ``collect`` (a run's table).
    title : str
        What it does, for people; not part of the key.
    settings : dict
        All that decides about the result, in JSON types.
    inputs : dict of str to tuple of (str, str)
        Role to (kind, key) of the stages whose artifacts it reads.
    parameters : dict
        What it needs besides but what cannot change the result (paths, intervals).
    """

    kind: str
    title: str
    settings: dict[str, Any]
    inputs: dict[str, tuple[str, str]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Content key, 64 hexadecimal digits."""
        content = [self.kind, VERSIONS[self.kind], self.settings, self.inputs]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def node(self) -> tuple[str, str]:
        """(kind, key), as other stages refer to it."""
        return self.kind, self.key


@dataclass(frozen=True, kw_only=True)
class Run:
    """A recipe with a seed: the stage that holds its predictions, and its training stages."""

    recipe: str
    seed: int
    table: Stage
    training: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The stages of a study in an order in which they can run, and its runs."""

    study: Study
    encoder: Path
    stages: tuple[Stage, ...]
    runs: tuple[Run, ...]
    asked: int
    readings: dict[str, Reading]


def make_plan(study: Study, encoder: Path) -> Plan:
    """Read all data, check them, and lay out the stages.

    Parameters
    ----------
    study : Study
        As `read_study` returns it.
    encoder : Path
        Folder of the encoder, as `locate_encoder` returns it.

    Raises
    ------
    DataError
        If anything is wrong with a data file.
    SettingsError
        If the study names an unknown task or format.
    """
    check_fits(study, encoder)
    planner = _Planner(study, encoder)
    runs = tuple(planner.run(recipe, seed) for seed in study.seeds for recipe in study.recipes)
    return Plan(
        study=study,
        encoder=encoder,
        stages=tuple(planner.stages.values()),
        runs=runs,
        asked=planner.asked,
        readings=planner.readings,
    )


def check_fits(study: Study, encoder: Path) -> None:
    """Refuse settings that the encoder cannot carry out.

    Raises
    ------
    SettingsError
        If more layers are asked for than it has, or longer inputs than it has positions for.
    """
    config = encoder_config(encoder)
    total = int(str(config.get("num_hidden_layers", 0)))
    if study.encoder.layers is not None and study.encoder.layers > total:
        raise SettingsError(
            f"{study.encoder.layers} layers were asked for, but the encoder has {total}",
            where="encoder.layers",
            remedy=f"Choose a number from 1 to {total}",
        )
    longest = longest_input(encoder)
    for name, data in (("target", study.target), *study.intermediate.items()):
        asked = training_settings(study, data, where=f"{name}.training").max_length
        if longest is not None and asked > longest:
            raise SettingsError(
                f"inputs of up to {asked} tokens were asked for, but the encoder has positions "
                f"for {longest}",
                where="training.max_length",
                remedy=f"Choose at most {longest}",
            )


class _Planner:
    """Builds stages, each key once."""

    def __init__(self, study: Study, encoder: Path) -> None:
        self.study = study
        self.encoder = encoder
        self.identity = fingerprint(encoder)
        self.stages: dict[str, Stage] = {}
        self.readings: dict[str, Reading] = {}
        self.asked = 0

    def add(self, stage: Stage) -> Stage:
        self.asked += 1
        return self.stages.setdefault(stage.key, stage)

    def run(self, recipe: str, seed: int) -> Run:
        before: Stage | None = None
        training = []
        for name in self.study.recipes[recipe].intermediate:
            before = self.train(name, self.study.intermediate[name], seed, before)
            training.append(before)
        target = self.study.target
        trained = self.train("target", target, seed, before)
        training.append(trained)
        sources = {
            "dev": self.prepare("target", target, "dev", ("en",)),
            "test": self.prepare("target", target, "test", target.languages),
        }
        inputs = {role: stage.node for role, stage in sources.items()}
        common = {
            "encoder": self.identity,
            **self.study.encoder.model_dump(exclude={"name", "network"}),
        }
        predicted = self.add(
            Stage(
                kind="predict",
                title=f"predict, recipe {recipe}, seed {seed}",
                settings={**common, "threads": self.study.execution.threads},
                inputs={"model": trained.node, **inputs},
                parameters={
                    "encoder": str(self.encoder),
                    "labels": list(task(target.task).labels),
                },
            )
        )
        table = self.add(
            Stage(
                kind="collect",
                title=f"collect, recipe {recipe}, seed {seed}",
                settings=self.provenance(recipe, seed, training),
                inputs={"scores": predicted.node, **inputs},
            )
        )
        return Run(recipe=recipe, seed=seed, table=table, training=tuple(training))

    def provenance(self, recipe: str, seed: int, training: Sequence[Stage]) -> dict[str, Any]:
        chosen = task(self.study.target.task)
        names = ["target", *self.study.recipes[recipe].intermediate]
        files = {
            str(file.name): sha256_file(file)
            for field, reading in self.readings.items()
            if field.split(".")[0] in names
            for file in reading.files
        }
        packages = ("crosscal", "torch", "transformers", "tokenizers", "numpy")
        return {
            "study": self.study.name,
            "recipe": recipe,
            "seed": seed,
            "task": chosen.name,
            "family": chosen.family,
            "encoder": f"{self.study.encoder.name} {self.identity[:16]}",
            "choices": list(chosen.labels),
            "data": files,
            "versions": {package: _version(package) for package in packages},
        }

    def train(self, name: str, data: TaskData, seed: int, before: Stage | None) -> Stage:
        settings = training_settings(self.study, data, where=f"{name}.training")
        inputs = {
            "train": self.prepare(name, data, "train", ("en",)).node,
            "dev": self.prepare(name, data, "dev", ("en",)).node,
        }
        if before is not None:
            inputs["start"] = before.node
        shown = self.study.target.task if name == "target" else name
        return self.add(
            Stage(
                kind="train",
                title=f"train {shown}{_after(before)}, seed {seed}",
                settings={
                    "encoder": self.identity,
                    **self.study.encoder.model_dump(exclude={"name", "network"}),
                    "labels": list(task(data.task).labels),
                    "training": settings.model_dump(),
                    "seed": seed,
                    "threads": self.study.execution.threads,
                },
                inputs=inputs,
                parameters={
                    "encoder": str(self.encoder),
                    "checkpoint_seconds": self.study.execution.checkpoint_seconds,
                    "name": name,
                },
            )
        )

    def prepare(self, name: str, data: TaskData, split: str, languages: tuple[str, ...]) -> Stage:
        source: Source = getattr(data, split)
        chosen = task(data.task)
        field = f"{name}.{split}"
        reading = self.readings.get(field)
        if reading is None:
            reading = read_source(source, split, languages, chosen)
            self.readings[field] = reading
        longest = training_settings(self.study, data, where=f"{name}.training").max_length
        return self.add(
            Stage(
                kind="prepare",
                title=f"tokenise {chosen.name}, {split}",
                settings={
                    "encoder": self.identity,
                    "task": chosen.name,
                    "labels": list(chosen.labels),
                    "split": split,
                    "max_length": longest,
                    "examples": _digest(reading.examples),
                },
                parameters={
                    "encoder": str(self.encoder),
                    "field": field,
                    "source": source.model_dump(),
                    "languages": list(languages),
                },
            )
        )


def read_source(source: Source, split: str, languages: Sequence[str], chosen: Task) -> Reading:
    """Read one source of a study, and keep the clusters it asks for.

    Parameters
    ----------
    source : Source
        Format, path, number of clusters.
    split : str
        The role of the source: train, dev or test; also the file's split unless the source
        names another.
    languages : sequence of str
        Codes.
    chosen : Task
        Whose labels the examples must have.
    """
    reading = read_examples(
        source.format,
        source.path,
        split=source.split or split,
        languages=languages,
        labels=chosen.labels,
    )
    if source.clusters is None:
        return reading
    clusters = list(dict.fromkeys(example.cluster_id for example in reading.examples))
    if source.clusters > len(clusters):
        raise DataError(
            f"{source.clusters} clusters were asked for, but there are {len(clusters)}",
            where=str(source.path or source.format),
            remedy="Lower or remove 'clusters'",
        )
    step = len(clusters) / source.clusters
    kept = {clusters[int(index * step)] for index in range(source.clusters)}
    examples = tuple(example for example in reading.examples if example.cluster_id in kept)
    return Reading(examples=examples, files=reading.files, dropped=reading.dropped)


def _digest(examples: Sequence[PairExample]) -> str:
    """Hash of everything that a stage sees of its examples."""
    digest = hashlib.sha256()
    for e in examples:
        row = [e.unit_id, e.cluster_id, e.language, e.text_a, e.text_b, e.label]
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()


def _after(before: Stage | None) -> str:
    return f" after {before.parameters['name']}" if before else ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
