"""Read a study file: TOML in, a checked `Study` out, errors that name the field."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from crosscal.analysis.recalibration_transfer import RegimeSettings
from crosscal.exceptions import SettingsError
from crosscal.languages import is_english, language
from crosscal.spelling import did_you_mean
from crosscal.study.config.paths import resolve_paths
from crosscal.study.config.recipe_checks import check_recipes
from crosscal.study.config.settings import (
    RETRIEVAL,
    IntermediateTask,
    SourceConfig,
    Study,
    TargetTask,
    TaskConfig,
)
from crosscal.tasks import load_tasks, read_tasks, register
from crosscal.tasks import task as task_of
from crosscal.training.settings import TrainingSettings

_LARGEST_FILE = 1 << 24
_DEEPEST = 100
# Tables within tables, which take the square of their number to read.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')\s*+\.\s*+){100}""")
# What a task of the study's own need not say of itself.
_USUAL_TASK = {
    "family": "classification",
    "description": "a task of this study",
    "licence": "not stated",
    "citation": "not stated",
    "languages": ["en"],
    "splits": ["train", "dev", "test"],
}


def read_study(path: Path, overrides: Sequence[str] = ()) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : Path
        A TOML file.
    overrides : sequence of str
        Settings that replace the file's, as ``training.epochs=1``; values in TOML, bare
        words are strings.

    Returns
    -------
    Study
        With the paths of its sources resolved.

    Raises
    ------
    SettingsError
        If the file is missing or malformed, a key is unknown (names the nearest), a value
        has the wrong type or range, or settings do not fit together.
    """
    document = _read_toml(path)
    for override in overrides:
        _override(document, override)
    _register_tasks(document, path)
    return resolve_paths(parse_study(document, where=str(path)), path.parent)


def _register_tasks(document: Mapping[str, Any], path: Path) -> None:
    """Make the tasks known that the study describes in files of their own."""
    listed = document.get("tasks", [])
    if isinstance(listed, list):  # anything else is an error of the study's form
        for name in (name for name in listed if isinstance(name, str)):
            for description in load_tasks(path.parent / name):
                register(description)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise SettingsError(
                "this is no file", where=str(path), remedy="Name the file of the study"
            )
        if path.stat().st_size > _LARGEST_FILE:
            raise SettingsError(
                f"a study file of {path.stat().st_size:,} bytes",
                where=str(path),
                remedy="Name the file of the study: it has some kilobytes",
            )
        text = path.read_text(encoding="utf-8")
        if _LONG_KEY.search(text):
            raise SettingsError(
                "a key has more than a hundred parts", where=str(path), remedy="Write it flatter"
            )
        return tomllib.loads(text)
    except FileNotFoundError:
        raise SettingsError(
            "there is no such study file",
            where=str(path),
            remedy="Write one with: crosscal init my-study.toml",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"the study file cannot be read ({error.strerror})",
            where=str(path),
            remedy="Check the path and its permissions",
        ) from error
    except RecursionError as error:
        raise SettingsError(
            "the study file is nested too deeply", where=str(path), remedy="Write it flatter"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"the study file is not UTF-8 (byte {error.start})",
            where=str(path),
            remedy="Save it as UTF-8",
        ) from error
    except ValueError as error:  # of numbers of thousands of digits it is Python that says so
        raise SettingsError(
            f"the study file is not TOML: {error}", where=str(path), remedy="Correct that line"
        ) from error


def _override(document: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    keys = name.strip().split(".")
    if not equals or not all(keys) or len(keys) > _DEEPEST:
        raise SettingsError(
            f"'{override[:200]}' is not an override",
            where="--set",
            remedy="Write it as section.key=value, for example training.epochs=1",
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text
    table = document
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise SettingsError(
                f"'{key}' is not a section",
                where=f"--set {override[:200]}",
                remedy="Write it as section.key=value, for example training.epochs=1",
            )
    table[keys[-1]] = value


def parse_study(document: Mapping[str, Any], *, where: str) -> Study:
    """Check a study given as nested dictionaries; see `read_study`."""
    tables = document.get("task", [])
    if isinstance(tables, list | tuple):
        for description in read_tasks(tables, where=where, usual=_USUAL_TASK):
            register(description)
    try:
        study = Study.model_validate(document)
    except ValidationError as error:
        # An unknown key is often the misspelt name of one that is then missing.
        errors = error.errors()
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            keys = _known_keys(first["loc"][:-1])
            raise SettingsError(
                f"unknown key '{first['loc'][-1]}'",
                where=f"{where}, {field}",
                remedy=did_you_mean(str(first["loc"][-1]), keys),
            ) from error
        raise SettingsError(
            first["msg"].removeprefix("Value error, "),
            where=f"{where}, {field}",
            remedy="`crosscal init` writes a file that explains every key",
        ) from error
    _check_combination(study, where)
    return study


def _known_keys(location: Sequence[int | str]) -> list[str]:
    """Fields of the section at a location of the study."""
    model: Any = Study
    for part in location:
        if _is_section(model):
            model = model.model_fields[str(part)].annotation
        else:
            model = typing.get_args(model)[-1]
        if isinstance(model, types.UnionType):
            model = next(filter(_is_section, typing.get_args(model)), model)
    return list(model.model_fields)


def _is_section(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _check_languages(study: Study, where: str) -> None:
    """Refuse codes that are none, and sources of languages that are not read."""
    if study.mlm is not None:
        _check_codes(study.mlm.languages, study.mlm.texts, f"{where}, mlm.languages")
    tables: dict[str, TargetTask | IntermediateTask] = {**study.targets, **study.intermediate}
    for name, config in tables.items():
        place = f"{where}, {name}"
        _check_codes(config.train_languages, config.train, f"{place}.train_languages")
        if task_of(config.task).family != RETRIEVAL:
            _check_codes(config.dev_languages, config.dev, f"{place}.dev_languages")
        if isinstance(config, TargetTask):
            for source in (config.test, config.calibration):
                _check_codes(languages_of(config), source, f"{place}.languages")
        for translate in (config.translate, getattr(config, "translate_test", None)):
            if translate is not None:
                language(translate.to, where=f"{place}: translate.to")


def _check_codes(codes: Sequence[str], source: SourceConfig | None, where: str) -> None:
    for code in codes:
        language(code, where=where)
    for part in () if source is None else (source, *source.also):
        absent = next((code for code in part.by_language if code not in codes), None)
        if absent is not None:
            raise SettingsError(
                f"there is a source for language '{absent}', which is not read",
                where=where,
                remedy=f"Add it, or remove that source. {did_you_mean(absent, codes)}",
            )


def _check_combination(study: Study, where: str) -> None:
    _check_languages(study, where)
    check_recipes(study, where)
    evaluated = {code for target in study.targets.values() for code in languages_of(target)}
    for name, languages in study.analysis.groups.items():
        unknown = sorted(set(languages) - evaluated)
        if unknown or not languages:
            raise SettingsError(
                f"the group names languages that are not evaluated: {', '.join(unknown) or 'none'}",
                where=f"{where}, analysis.groups.{name}",
                remedy="Use languages of the targets",
            )
    for section, tables in (("targets", study.targets), ("intermediate", study.intermediate)):
        if "mlm" in tables:
            raise SettingsError(
                "'mlm' is the name of masked language modelling",
                where=f"{where}, {section}.mlm",
                remedy="Choose another name",
            )
    for name in study.targets.keys() & study.intermediate.keys():
        raise SettingsError(
            f"a target and an intermediate task are both called '{name}'",
            where=f"{where}, targets.{name}",
            remedy="Give one of them another name",
        )
    regime_settings(study)
    for name, target in study.targets.items():
        _check_target(target, f"{where}, targets.{name}")
    for name, data in (*study.targets.items(), *study.intermediate.items()):
        training_settings(study, data, where=f"{where}, {name}.training")


def _check_target(target: TargetTask, where: str) -> None:
    description = task_of(target.task)
    if description.family == RETRIEVAL:
        if target.train is not None:
            raise SettingsError(
                "targets of the retrieval family are not trained on",
                where=f"{where}.train",
                remedy="Remove it",
            )
        if target.calibration is not None:
            raise SettingsError(
                "targets of the retrieval family are not predicted on calibration examples",
                where=f"{where}.calibration",
                remedy="Remove it: their test rows are cross-fitted",
            )
        if target.translate is not None or target.translate_test is not None:
            raise SettingsError(
                "targets of the retrieval family are not translated",
                where=f"{where}.{'translate' if target.translate else 'translate_test'}",
                remedy="Remove it: sentences come with their translations",
            )
        if description.scoring == "bitext" and target.dev is None:
            raise SettingsError(
                "mined pairs need a threshold, which is chosen on training pairs",
                where=f"{where}.dev",
                remedy="Name the training pairs",
            )
    elif target.train is None or target.dev is None:
        missing = "train" if target.train is None else "dev"
        raise SettingsError(
            "Field required", where=f"{where}.{missing}", remedy="Name the English examples"
        )
    languages, baseline = languages_of(target), baseline_of(target)
    if baseline not in languages:
        english = next(filter(is_english, languages), None)
        raise SettingsError(
            f"the baseline '{baseline}' must be among the languages: others are compared with it",
            where=f"{where}.languages",
            remedy=f"Write baseline = '{english}', and the same in train_languages and "
            "dev_languages"
            if english
            else "Add it, or name another baseline",
        )


def regime_settings(study: Study) -> RegimeSettings | None:
    """Which regimes of recalibration a study compares; None if it compares none."""
    if not study.recalibration.regimes:
        return None
    settings = RegimeSettings(**study.recalibration.model_dump())
    settings.check_replicates(study.analysis.replicates)
    return settings


def languages_of(target: TargetTask) -> tuple[str, ...]:
    """Languages a target is tested in: its own, or those of its task."""
    return target.languages or task_of(target.task).languages


def baseline_of(target: TargetTask) -> str:
    """Language that a target's others are compared with."""
    if target.baseline is not None:
        return target.baseline
    return languages_of(target)[0] if task_of(target.task).family == RETRIEVAL else "en"


def training_settings(study: Study, data: TaskConfig, *, where: str) -> TrainingSettings:
    """Lay a task's own settings over those of ``[training]``."""
    try:
        return TrainingSettings.model_validate(study.training.model_dump() | data.training)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""  # of settings that do not agree: none
        unknown = first["type"] == "extra_forbidden"
        raise SettingsError(
            f"unknown key '{key}'" if unknown else first["msg"],
            where=f"{where}.{key}".rstrip("."),
            remedy=did_you_mean(key, TrainingSettings.model_fields)
            if unknown
            else "See [training]",
        ) from error
