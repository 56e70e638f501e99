"""Paths of a study file: names filled in, and seen from the file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from crosscal.exceptions import SettingsError
from crosscal.study.config.settings import FilesConfig, SourceConfig, Study, Translate

_SOURCES = ("train", "dev", "test", "calibration")
_TRANSLATIONS = ("translate", "translate_test")

# Readers fill these in themselves.
_READER_FIELDS = {"split": "{split}", "language": "{language}"}


def resolve_paths(study: Study, folder: Path) -> Study:
    """Fill ``{name}`` from ``[paths]`` and make paths absolute."""

    def filled(name: str, fields: Mapping[str, str], field: str) -> str:
        try:
            for _, key, form, conversion in Formatter().parse(name):
                if form or conversion or (key is not None and not re.fullmatch(r"[\w-]+", key)):
                    raise ValueError("a field is a name alone")
            return name.format_map({**fields, **study.paths})
        except (KeyError, ValueError, IndexError) as error:
            raise SettingsError(
                f"'{name}' uses a name that [paths] does not define ({error})",
                where=field,
                remedy="Add it to [paths], or give it with --set paths.name=folder",
            ) from error

    def files(entry: FilesConfig, field: str) -> dict[str, str | None]:
        path, hub = entry.path, entry.hub
        if path is not None:
            place = f"{field}.path"
            path = str(_resolved(folder / filled(path, _READER_FIELDS, place), place))
        if hub is not None:
            hub = filled(hub, {}, f"{field}.hub")
            local = _resolved(folder / hub, f"{field}.hub")
            hub = str(local) if os.path.isdir(local) else hub
        return {"path": path, "hub": hub}

    def source(entry: SourceConfig, field: str) -> SourceConfig:
        return entry.model_copy(
            update={
                **files(entry, field),
                "also": tuple(source(part, f"{field}, also") for part in entry.also),
                "by_language": {
                    code: own.model_copy(update=files(own, f"{field}, {code}"))
                    for code, own in entry.by_language.items()
                },
            }
        )

    def translate(entry: Translate, field: str) -> Translate:
        model = entry.settings.get("model")
        if entry.translator != "seq2seq" or not isinstance(model, str):
            return entry  # of other translators a model need not be a folder
        path = (folder / filled(model, {}, f"{field}.settings.model")).expanduser().resolve()
        return entry.model_copy(update={"settings": {**entry.settings, "model": str(path)}})

    def task(data: Any, field: str) -> Any:
        parts = [name for name in _SOURCES if getattr(data, name, None)]
        translated = [name for name in _TRANSLATIONS if getattr(data, name, None)]
        return data.model_copy(
            update={name: source(getattr(data, name), f"{field}.{name}") for name in parts}
            | {name: translate(getattr(data, name), f"{field}.{name}") for name in translated}
        )

    name = study.encoder.name
    local = _resolved(folder / name, "encoder.name")
    is_folder = os.path.isdir(local)
    return study.model_copy(
        update={
            "targets": {key: task(data, f"targets.{key}") for key, data in study.targets.items()},
            "mlm": study.mlm
            and study.mlm.model_copy(update={"texts": source(study.mlm.texts, "mlm.texts")}),
            "intermediate": {
                key: task(data, f"intermediate.{key}") for key, data in study.intermediate.items()
            },
            "encoder": study.encoder.model_copy(
                update={"name": str(local) if name != "packaged" and is_folder else name}
            ),
        }
    )


def _resolved(path: Path, field: str) -> Path:
    """Make a path absolute; what no path can be is an error of its field."""
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:  # a zero byte
        raise SettingsError(
            f"this is no path ({error})", where=field, remedy="Name a file or folder"
        ) from error
