"""What a run's table says of its origin."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from typing import Any

from crosscal.study.config.shareable import shown_name
from crosscal.study.planning.builder import PlanBuilder
from crosscal.tasks import FAMILIES, task

_PACKAGES = ("crosscal", "torch", "transformers", "tokenizers", "numpy")


def provenance(builder: PlanBuilder, target: str, recipe: str, seed: int) -> dict[str, Any]:
    """Say where a run's predictions come from: the fields of `Provenance`.

    Call it once all that the run needs has been planned: files that are read later are missing.
    """
    study, config = builder.study, builder.study.targets[target]
    description = task(config.task)
    names = {target, *(name for step in study.recipes[recipe].chain for name in step)}
    if study.recipes[recipe].mlm:
        names.add("mlm")
    family = FAMILIES.get(description.family)
    shared_labels = family is not None and family.shared_labels
    return {
        "study": study.name,
        "recipe": recipe,
        "seed": seed,
        "task": description.name,
        "family": description.family,
        "encoder": f"{shown_name(study.encoder.name)} {builder.encoder_hash[:16]}",
        "choices": builder.datasets.labels(target, config) if shared_labels else None,
        "data": builder.datasets.file_hashes(names),
        "versions": {package: _version(package) for package in _PACKAGES},
    }


@cache  # every run asks, and an answer is parsed out of a file
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
