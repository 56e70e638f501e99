"""Stages that make inputs of the model: examples tokenised, translated first if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosscal.exceptions import SettingsError
from crosscal.study.config.load import training_settings
from crosscal.study.config.settings import SourceConfig, TargetTask, TaskConfig, Translate
from crosscal.study.planning.builder import PlanBuilder
from crosscal.study.planning.datasets import source_of
from crosscal.study.planning.plan import TEXTS, Stage
from crosscal.tasks import FAMILIES, Task, task
from crosscal.training.settings import TrainingSettings
from crosscal.translation import load_translator

# Splits that are translated for the model but still stand for their own language.
_KEEP_LANGUAGE = ("test", "calibration")


def prepare(
    builder: PlanBuilder, name: str, data: TaskConfig, split: str, languages: Sequence[str]
) -> Stage:
    """Tokenise a split of a target or an intermediate task, translated if the study says so.

    Parameters
    ----------
    builder : PlanBuilder
    name : str
        Of the target or intermediate task.
    data : TaskConfig
        What the study says of it.
    split : str
        ``train``, ``dev``, ``test`` or ``calibration``.
    languages : sequence of str
        Those to read.

    Raises
    ------
    DataError
        If anything is wrong with the data.
    SettingsError
        If the examples are to be translated and cannot be, or are in that language already.
    """
    longest = training_settings(builder.study, data, where=f"{name}.training").max_length
    field, source, chosen = f"{name}.{split}", source_of(data, split), task(data.task)
    builder.datasets.read(field, source, split, languages, chosen)
    labels = builder.datasets.labels(name, data)
    prepared = _tokenise(builder, field, source, chosen, labels, longest, languages)
    how = data.translate if split == "train" else None
    if split in _KEEP_LANGUAGE and isinstance(data, TargetTask):
        how = data.translate_test
    return builder.add(prepared) if how is None else _translate(builder, prepared, how)


def prepare_text(builder: PlanBuilder, settings: TrainingSettings) -> Stage:
    """Tokenise running text for masked language modelling.

    Raises
    ------
    SettingsError
        If the study has none.
    DataError
        If anything is wrong with it.
    """
    texts = builder.study.mlm
    if texts is None:
        raise SettingsError(
            "a recipe asks for masked language modelling, but there is no text for it",
            where="mlm",
            remedy="Add a table [mlm] with texts and languages",
        )
    field, chosen = "mlm.texts", task(TEXTS)
    builder.datasets.read(field, texts.texts, "train", texts.languages, chosen)
    longest, languages = settings.max_length, texts.languages
    return builder.add(_tokenise(builder, field, texts.texts, chosen, [], longest, languages))


def _tokenise(
    builder: PlanBuilder,
    field: str,
    source: SourceConfig,
    chosen: Task,
    labels: list[str],
    longest: int,
    languages: Sequence[str],
) -> Stage:
    split = field.rsplit(".", 1)[1]
    version = FAMILIES[chosen.family].version
    return Stage(
        kind="prepare",
        title=f"tokenise {chosen.name}, {split}",
        settings={
            "encoder": builder.encoder_hash,
            "family": chosen.family,
            "labels": labels,
            "max_length": longest,
            "examples": builder.datasets.digest(field),
            # Not that of a first version: keys from before families had one stay.
            **({} if version == 1 else {"family_version": version}),
        },
        parameters={
            "encoder": str(builder.encoder),
            "field": field,
            "labels": list(chosen.labels),
            "split": split,
            "source": source.model_dump(),
            "languages": list(languages),
        },
    )


def _translate(builder: PlanBuilder, prepared: Stage, how: Translate) -> Stage:
    """Put the translation of every other language in the place of its examples."""
    field, family = prepared.parameters["field"], prepared.settings["family"]
    if family == "tagging":
        raise SettingsError(
            "examples of the family tagging cannot be translated: words would lose their tags",
            where=field,
            remedy="Leave the translation out",
        )
    inputs = {}
    for language in prepared.parameters["languages"]:
        if language == how.to:
            continue
        translator = load_translator(how.translator, language, how.to, **how.settings)
        stage = builder.add(
            Stage(
                kind="translate",
                title=f"translate {field}, {language} to {how.to}",
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
    if not inputs:
        raise SettingsError(
            f"there is nothing to translate: all examples are in '{how.to}' already",
            where=field,
            remedy="Name another language with 'to', or leave the translation out",
        )
    # A test keeps the names of its languages; training examples are in the new one.
    keep = prepared.parameters["split"] in _KEEP_LANGUAGE
    return builder.add(
        replace(
            prepared,
            title=f"{prepared.title}, translated",
            settings={**prepared.settings, "keep_languages": keep},
            inputs=inputs,
        )
    )
