"""Study files written out: the resolved study, and the commented file for a new one."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from crosscal.languages import XNLI
from crosscal.study.config.execution import Cluster, Execution, RayCluster, Tracking
from crosscal.study.config.settings import (
    Analysis,
    EncoderSettings,
    Prediction,
    Recalibration,
    Study,
)
from crosscal.training.settings import TrainingSettings

_OPENING = """\
# A study of crosscal. Run it with:  crosscal run {file}
# Every setting is explained; those commented out have the default shown.
# Any can be changed for one run:    crosscal run {file} --set training.epochs=1

name = "{name}"
question = "Does calibration degrade away from English, and does paraphrase training change that?"
seeds = [1, 2, 3]

# Folders to be used as {{name}} in paths; relative to this file.
[paths]
# data = "../data"

# The target task: trained on in English, tested in every language.
# Here the built-in mini set; for the public files of XNLI and MNLI write for example
#   task = "xnli"
#   train = {{ format = "mnli-jsonl", path = "{{data}}/multinli_1.0_train.jsonl" }}
#   dev = {{ format = "xnli-xtreme", path = "{{data}}/xnli", split = "dev" }}
#   test = {{ format = "xnli-xtreme", path = "{{data}}/xnli" }}
# A source may also say: clusters = 500  (keep so many premises, with all their rows).
[target]
task = "mini-nli"
train = {{ format = "mini-nli" }}
dev = {{ format = "mini-nli" }}
test = {{ format = "mini-nli" }}
languages = {languages}

# Intermediate tasks, each with English training and development examples.
# `training` lays settings of its own over those of [training] below.
[intermediate.paraphrase]
task = "paraphrase"
train = {{ format = "mini-paraphrase" }}
dev = {{ format = "mini-paraphrase" }}
training = {{ epochs = 3 }}

# Recipes: what happens before the target task. `direct` must be there: effects are measured
# from it. A recipe may name several intermediate tasks; they are trained on one after the other.
[recipes.direct]

[recipes.paraphrase]
intermediate = ["paraphrase"]
"""


def commented_study(file: str, name: str) -> str:
    """Text of a complete study file that explains every setting."""
    languages = json.dumps(list(XNLI))
    parts = [_OPENING.format(file=file, name=name, languages=languages)]
    sections: tuple[tuple[str, type[BaseModel], str], ...] = (
        ("encoder", EncoderSettings, "The pretrained multilingual model."),
        ("training", TrainingSettings, "Training, of the target and of intermediate tasks."),
        ("prediction", Prediction, "How trained models are made to predict."),
        ("analysis", Analysis, "How calibration is measured and compared."),
        ("recalibration", Recalibration, "Regimes of recalibration that are compared, if any."),
        ("execution", Execution, "Where stages run; only `threads` can change results."),
        ("cluster", Cluster, "What each job asks for, if the executor is `slurm`."),
        ("ray", RayCluster, "The Ray that runs stages, if the executor is `ray`."),
        ("tracking", Tracking, "Experiment trackers that are told how trainings go."),
    )
    for section, model, meaning in sections:
        lines = [f"# {meaning}", f"[{section}]"]
        for key, field in model.model_fields.items():
            lines += textwrap.wrap(_meaning(field), 96, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"# {key} = {_toml_or_none(field.default)}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _meaning(field: FieldInfo) -> str:
    choices = getattr(field.annotation, "__args__", ())
    words = [repr(c) for c in choices if isinstance(c, str)]
    return (field.description or "") + (f" ({', '.join(words)})" if words else "")


def _toml_or_none(default: Any) -> str:
    if default is None:
        return "(none)"
    try:
        return toml_value(default)
    except TypeError:
        return "(none)"


def study_to_toml(study: Study | dict[str, Any]) -> str:
    """Write a resolved study, or its settings, as TOML: also those left at their default."""
    content = study if isinstance(study, dict) else study.model_dump(exclude_none=True)
    return "\n".join(_tables(content, ()))


def _tables(content: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in content.items() if not isinstance(value, dict)}
    if path and (plain or not content):
        yield f"\n[{'.'.join(path)}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {toml_value(value)}"
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _tables(value, (*path, _key(key)))


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)


def toml_value(value: Any) -> str:
    """Write a plain value in TOML's notation."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {toml_value(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    raise TypeError(f"no TOML for {type(value).__name__}")
