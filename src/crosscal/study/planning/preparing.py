"""Stages that make inputs of the model: examples tokenised, translated first if need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosscal.exceptions import SettingsError
from crosscal.study.config.load import training_settings
from crosscal.study.config.settings import MLM, TargetTask, TaskConfig, Translate
from crosscal.study.config.sources import SplitSource
from crosscal.study.execution.stages import PrepareStage, TranslateStage
from crosscal.study.planning.builder import PlanBuilder
from crosscal.study.planning.datasets import source_of
from crosscal.study.planning.encoder_limits import is_causal
from crosscal.tasks import FAMILIES, Task, task
from crosscal.training.settings import TrainingSettings

# Splits that are translated for the model but still stand for their own language.
_KEEP_LANGUAGE = ("test", "calibration")


def prepare(
    builder: PlanBuilder, name: str, config: TaskConfig, split: str, languages: Sequence[str]
) -> PrepareStage:
    """Tokenise a split of a target or an intermediate task, translated if the study says so."""
    max_length = training_settings(builder.study, config, where=f"{name}.training").max_length
    description = task(config.task)
    source = builder.datasets.read(
        f"{name}.{split}", source_of(config, split), split, languages, description
    )
    labels = builder.datasets.labels(name, config)
    stage = _tokenise(builder, source, description, labels, max_length)
    translate = config.translate if split == "train" else None
    if split in _KEEP_LANGUAGE and isinstance(config, TargetTask):
        translate = config.translate_test
    return builder.add(stage) if translate is None else _translate(builder, stage, translate)


def prepare_text(builder: PlanBuilder, settings: TrainingSettings) -> PrepareStage:
    """Tokenise running text for masked language modelling."""
    config = builder.study.mlm
    if config is None:
        raise SettingsError(
            "a recipe asks for masked language modelling, but there is no text for it",
            where="mlm",
            remedy="Add a table [mlm] with texts and languages",
        )
    description = task(MLM)
    source = builder.datasets.read(
        "mlm.texts", config.texts, "train", config.languages, description
    )
    return builder.add(_tokenise(builder, source, description, (), settings.max_length))


def _tokenise(
    builder: PlanBuilder,
    source: SplitSource,
    description: Task,
    labels: tuple[str, ...],
    max_length: int,
) -> PrepareStage:
    family = FAMILIES[description.family]
    renewed = family.renewed and builder.tokenizer and family.renewed(builder.tokenizer)
    return PrepareStage(
        title=f"tokenise {description.name}, {source.field.rsplit('.', 1)[1]}",
        encoder=builder.encoder_hash,
        family=description.family,
        family_version=family.version + bool(renewed),
        labels=labels,
        max_length=max_length,
        examples=builder.datasets.by_field[source.field].digest,
        causal=is_causal(builder.encoder),
        encoder_folder=builder.encoder,
        source=source,
    )


def _translate(builder: PlanBuilder, stage: PrepareStage, translate: Translate) -> PrepareStage:
    """Put the translation of every other language in the place of its examples."""
    source = stage.source
    if stage.family == "tagging":
        raise SettingsError(
            "examples of the family tagging cannot be translated: words would lose their tags",
            where=source.field,
            remedy="Leave the translation out",
        )
    inputs = {}
    for language in source.languages:
        if language == translate.to:
            continue
        translated = builder.add(
            TranslateStage(
                title=f"translate {source.field}, {language} to {translate.to}",
                examples=stage.examples,
                identity=builder.translator(language, translate),
                language=language,
                to=translate.to,
                source=source,
                translate=translate,
            )
        )
        inputs[f"translated:{language}"] = translated.node
    if not inputs:
        raise SettingsError(
            f"there is nothing to translate: all examples are in '{translate.to}' already",
            where=source.field,
            remedy="Name another language with 'to', or leave the translation out",
        )
    # A test keeps the names of its languages; training examples are in the new one.
    keep_languages = source.split in _KEEP_LANGUAGE
    title = f"{stage.title}, translated"
    return builder.add(replace(stage, title=title, keep_languages=keep_languages, inputs=inputs))
