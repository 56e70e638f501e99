"""From a study to its plan: every source read and checked, every stage laid out once."""

from __future__ import annotations

import importlib.metadata
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosscal.encoders.loading import encoder_config, fingerprint, longest_input
from crosscal.errors import SettingsError
from crosscal.study.plan import TEXTS, Plan, Run, Stage
from crosscal.study.reading import RETRIEVAL, languages_of, training_settings
from crosscal.study.readings import Readings, check_apart, source_of
from crosscal.study.settings import ONE_TARGET, Recipe, Source, Study, Target, Trained, Translate
from crosscal.tasks import FAMILIES, Task, task
from crosscal.training.settings import Mixture, TrainingSettings
from crosscal.translation import load_translator


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
    runs = [
        planner.run(target, recipe, seed)
        for seed in study.seeds
        for target in study.targets
        for recipe in study.recipes
    ]
    if study.prediction.ensemble:
        runs += [
            planner.ensemble([run for run in runs if (run.target, run.recipe) == pair])
            for pair in itertools.product(study.targets, study.recipes)
            if task(study.targets[pair[0]].task).family != RETRIEVAL
        ]
    return Plan(
        study=study,
        encoder=encoder,
        stages=tuple(planner.stages.values()),
        runs=tuple(runs),
        asked=planner.asked,
        readings=planner.readings.found,
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
    for name, data in (*study.targets.items(), *study.intermediate.items()):
        asked = training_settings(study, data, where=f"{name}.training").max_length
        if longest is not None and asked > longest:
            raise SettingsError(
                f"inputs of up to {asked} tokens were asked for, but the encoder has positions "
                f"for {longest}",
                where="training.max_length",
                remedy=f"Choose at most {longest}",
            )


# Splits that are translated for the model but still stand for their own language.
_KEEP_LANGUAGE = ("test", "calibration")


class _Planner:
    """Builds stages, each key once."""

    def __init__(self, study: Study, encoder: Path) -> None:
        self.study = study
        self.encoder = encoder
        self.identity = fingerprint(encoder)
        self.common = {
            "encoder": self.identity,
            **study.encoder.model_dump(exclude={"name", "network"}),
            "threads": study.execution.threads,
        }
        self.stages: dict[str, Stage] = {}
        self.readings = Readings()
        self.asked = 0

    def add(self, stage: Stage) -> Stage:
        self.asked += 1
        return self.stages.setdefault(stage.key, stage)

    def run(self, target: str, recipe: str, seed: int) -> Run:
        before: Stage | None = None
        training = []
        for names in self.study.recipes[recipe].chain:
            before = self.intermediate(names, self.study.recipes[recipe], seed, before)
            training.append(before)
        data = self.study.targets[target]
        if task(data.task).family == RETRIEVAL:
            table = self.search(target, recipe, seed, before)
            return Run(
                target=target, recipe=recipe, seed=seed, table=table, training=tuple(training)
            )
        trained = self.train({target: data}, (), Mixture(), seed, before)
        training.append(trained)
        inputs = {
            "dev": self.prepare(target, data, "dev", ("en",)).node,
            "test": self.prepare(target, data, "test", languages_of(data)).node,
        }
        part = self.part(target, data)
        named = f"{_named(target)}recipe {recipe}, seed {seed}"
        predicted = self.add(self.predict(f"predict, {named}", part, trained, inputs))
        scores = {"scores:0": predicted.node}
        if data.calibration is not None:
            rows = self.prepare(target, data, "calibration", languages_of(data))
            # A stage of its own: what was predicted for the test serves studies without it too.
            inputs["calibration"] = rows.node
            told = f"predict calibration, {named}"
            apart = self.predict(told, part, trained, {"calibration": rows.node})
            scores["calibration:0"] = self.add(apart).node
        if self.study.recalibration.regimes:
            check_apart(self.readings.found, target)
        table = self.add(
            Stage(
                kind="collect",
                title=f"collect, {named}",
                settings={
                    "provenance": self.provenance(target, recipe, seed),
                    "labels": part["labels"],
                },
                inputs={**scores, **inputs},
            )
        )
        return Run(target=target, recipe=recipe, seed=seed, table=table, training=tuple(training))

    def predict(
        self,
        title: str,
        part: dict[str, Any],
        trained: Stage,
        splits: Mapping[str, tuple[str, str]],
    ) -> Stage:
        """Score the examples of some splits with a trained model."""
        return Stage(
            kind="predict",
            title=title,
            settings={
                **self.common,
                "part": part,
                "prediction": self.study.prediction.model_dump(exclude={"ensemble"}),
            },
            inputs={"model": trained.node, **splits},
            parameters={"encoder": str(self.encoder)},
        )

    def search(self, target: str, recipe: str, seed: int, before: Stage | None) -> Stage:
        """Look for translations with the encoder as the recipe left it."""
        data = self.study.targets[target]
        chosen, how = task(data.task), data.search
        splits = ("test",) if data.dev is None else ("dev", "test")
        longest = training_settings(self.study, data, where=f"{target}.training").max_length
        inputs, sources = {}, {}
        for split in splits:
            source = source_of(data, split)
            field = f"{target}.{split}"
            self.readings.read(field, source, split, languages_of(data), chosen)
            sources[split] = {
                "examples": self.readings.digest(field),
                "source": source.model_dump(),
                "languages": list(languages_of(data)),
            }
        if before is not None:
            inputs["model"] = before.node
        named = f"{_named(target)}recipe {recipe}, seed {seed}"
        settings = {
            "task": chosen.name,
            "examples": {split: found["examples"] for split, found in sources.items()},
        }
        parameters = {"encoder": str(self.encoder), "sources": sources, "field": f"{target}.test"}
        embedded = self.add(
            Stage(
                kind="embed",
                title=f"embed, {named}" if before else f"embed, {_named(target)}recipe {recipe}",
                settings={
                    **self.common,
                    **settings,
                    "layer": how.layer,
                    "prefix": how.prefix,
                    "max_length": longest,
                },
                inputs=inputs,
                parameters=parameters,
            )
        )
        return self.add(
            Stage(
                kind="search",
                title=f"search, {named}",
                settings={
                    **settings,
                    "neighbours": how.neighbours,
                    "scoring": chosen.scoring,
                    "provenance": self.provenance(target, recipe, seed),
                },
                inputs={"vectors": embedded.node},
                parameters=parameters,
            )
        )

    def ensemble(self, runs: Sequence[Run]) -> Run:
        """Average the predictions of a recipe's seeds, as a recipe of its own."""
        first = runs[0]
        recipe = f"{first.recipe} ensemble"
        scores = {
            f"{kind}:{number}": run.table.inputs[f"{kind}:0"]
            for kind in ("scores", "calibration")
            for number, run in enumerate(runs)
            if f"{kind}:0" in run.table.inputs
        }
        settings = first.table.settings
        made = {**settings["provenance"], "recipe": recipe, "seed": 0}
        table = self.add(
            Stage(
                kind="collect",
                title=f"collect, {_named(first.target)}recipe {recipe}",
                settings={**settings, "provenance": made},
                inputs={
                    **scores,
                    **{role: node for role, node in first.table.inputs.items() if ":" not in role},
                },
            )
        )
        return Run(target=first.target, recipe=recipe, seed=0, table=table, training=())

    def provenance(self, target: str, recipe: str, seed: int) -> dict[str, Any]:
        data = self.study.targets[target]
        chosen = task(data.task)
        chain = self.study.recipes[recipe].chain
        names = {target, *(name for step in chain for name in step)}
        if self.study.recipes[recipe].mlm:
            names.add("mlm")
        packages = ("crosscal", "torch", "transformers", "tokenizers", "numpy")
        family = FAMILIES.get(chosen.family)
        common = family is not None and family.common_choices
        return {
            "study": self.study.name,
            "recipe": recipe,
            "seed": seed,
            "task": chosen.name,
            "family": chosen.family,
            "encoder": f"{self.study.encoder.name} {self.identity[:16]}",
            "choices": self.readings.labels(target, data) if common else None,
            "data": self.readings.files(names),
            "versions": {package: _version(package) for package in packages},
        }

    def intermediate(
        self, names: tuple[str, ...], recipe: Recipe, seed: int, before: Stage | None
    ) -> Stage:
        tasks = {name: self.study.intermediate[name] for name in names}
        texts: tuple[Stage, ...] = ()
        if recipe.mlm:
            texts = (self.texts(training_settings(self.study, tasks[names[0]], where=names[0])),)
        # How several tasks would be sampled changes nothing for one: its stage is shared.
        mixture = recipe.mixture if len(tasks) > 1 else Mixture(mlm=recipe.mlm)
        return self.train(tasks, texts, mixture, seed, before)

    def train(
        self,
        tasks: Mapping[str, Trained],
        texts: tuple[Stage, ...],
        mixture: Mixture,
        seed: int,
        before: Stage | None,
    ) -> Stage:
        """Train on tasks at once; the first one's settings count for all."""
        name, data = next(iter(tasks.items()))
        settings = training_settings(self.study, data, where=f"{name}.training")
        parts = [self.part(key, value) for key, value in tasks.items()]
        inputs: dict[str, tuple[str, str]] = {}
        for key, value in tasks.items():
            train = self.prepare(key, value, "train", value.train_languages)
            inputs[f"train:{self.head(key)}"] = train.node
            inputs[f"dev:{self.head(key)}"] = self.prepare(key, value, "dev", ("en",)).node
        for stage in texts:
            parts.append({"name": TEXTS, "family": "masked language modelling", "labels": []})
            inputs[f"train:{TEXTS}"] = stage.node
        if before is not None:
            inputs["start"] = before.node
        shown = [value.task if key in self.study.targets else key for key, value in tasks.items()]
        told = " with ".join([" and ".join(shown), *("masked language modelling" for _ in texts)])
        return self.add(
            Stage(
                kind="train",
                title=f"train {told}{_after(before)}, seed {seed}",
                settings={
                    **self.common,
                    "parts": parts,
                    "training": settings.model_dump(),
                    "mixture": mixture.model_dump(),
                    "seed": seed,
                },
                inputs=inputs,
                parameters={
                    "encoder": str(self.encoder),
                    "checkpoint_seconds": self.study.execution.checkpoint_seconds,
                    "name": "+".join(tasks),
                },
            )
        )

    def part(self, name: str, data: Trained) -> dict[str, Any]:
        return {
            "name": self.head(name),
            "family": task(data.task).family,
            "labels": self.readings.labels(name, data),
        }

    def head(self, name: str) -> str:
        """Name of a task's head: one for all targets, so that equal training is shared."""
        return ONE_TARGET if name in self.study.targets else name

    def prepare(self, name: str, data: Trained, split: str, languages: Sequence[str]) -> Stage:
        longest = training_settings(self.study, data, where=f"{name}.training").max_length
        field, source, chosen = f"{name}.{split}", source_of(data, split), task(data.task)
        self.readings.read(field, source, split, languages, chosen)
        labels = self.readings.labels(name, data)
        prepared = self._prepare(field, source, chosen, labels, longest, languages)
        how = data.translate if split == "train" else None
        if split in _KEEP_LANGUAGE and isinstance(data, Target):
            how = data.translate_test
        return prepared if how is None else self.translated(prepared, how)

    def translated(self, prepared: Stage, how: Translate) -> Stage:
        """Put the translation of every other language in the place of its examples."""
        inputs = {}
        languages = prepared.parameters["languages"]
        for language in languages:
            if language == how.to:
                continue
            translator = load_translator(how.translator, language, how.to, **how.settings)
            stage = self.add(
                Stage(
                    kind="translate",
                    title=f"translate {prepared.parameters['field']}, {language} to {how.to}",
                    settings={
                        "examples": prepared.settings["examples"],
                        "identity": translator.identity,
                        "language": language,
                        "to": how.to,
                    },
                    parameters={**prepared.parameters, "translate": how.model_dump()},
                )
            )
            inputs[f"translated:{language}"] = stage.node
        # A test keeps the names of its languages; training examples are in the new one.
        keep = prepared.parameters["split"] in _KEEP_LANGUAGE
        return self.add(
            replace(
                prepared,
                title=f"{prepared.title}, translated",
                settings={**prepared.settings, "keep_languages": keep},
                inputs=inputs,
            )
        )

    def texts(self, settings: TrainingSettings) -> Stage:
        """Tokenise running text for masked language modelling."""
        texts = self.study.mlm
        if texts is None:
            raise SettingsError(
                "a recipe asks for masked language modelling, but there is no text for it",
                where="mlm",
                remedy="Add a table [mlm] with texts and languages",
            )
        field, chosen = "mlm.texts", task(TEXTS)
        self.readings.read(field, texts.texts, "train", texts.languages, chosen)
        return self._prepare(field, texts.texts, chosen, [], settings.max_length, texts.languages)

    def _prepare(
        self,
        field: str,
        source: Source,
        chosen: Task,
        labels: list[str],
        longest: int,
        languages: Sequence[str],
    ) -> Stage:
        split = field.rsplit(".", 1)[1]
        return self.add(
            Stage(
                kind="prepare",
                title=f"tokenise {chosen.name}, {split}",
                settings={
                    "encoder": self.identity,
                    "family": chosen.family,
                    "labels": labels,
                    "max_length": longest,
                    "examples": self.readings.digest(field),
                },
                parameters={
                    "encoder": str(self.encoder),
                    "field": field,
                    "labels": list(chosen.labels),
                    "split": split,
                    "source": source.model_dump(),
                    "languages": list(languages),
                },
            )
        )


def _named(target: str) -> str:
    return "" if target == ONE_TARGET else f"{target}, "


def _after(before: Stage | None) -> str:
    return f" after {before.parameters['name']}" if before else ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
