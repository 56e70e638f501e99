"""What a run's table says of its origin."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from crosscal.study.planning.builder import PlanBuilder
from crosscal.tasks import FAMILIES, task

_PACKAGES = ("crosscal", "torch", "transformers", "tokenizers", "numpy")


def provenance(builder: PlanBuilder, target: str, recipe: str, seed: int) -> dict[str, Any]:
    """Say where a run's predictions come from: settings, hashes of its files, versions.

    Call it once all that the run needs has been laid out: files that are read later are missing.

    Returns
    -------
    dict
        ``choices`` is None where they differ from row to row; ``data`` is the hash of each file
        by its name.
    """
    data = builder.study.targets[target]
    chosen = task(data.task)
    names = {target, *(name for step in builder.study.recipes[recipe].chain for name in step)}
    if builder.study.recipes[recipe].mlm:
        names.add("mlm")
    family = FAMILIES.get(chosen.family)
    common = family is not None and family.common_choices
    return {
        "study": builder.study.name,
        "recipe": recipe,
        "seed": seed,
        "task": chosen.name,
        "family": chosen.family,
        "encoder": f"{builder.study.encoder.name} {builder.encoder_hash[:16]}",
        "choices": builder.datasets.labels(target, data) if common else None,
        "data": builder.datasets.files(names),
        "versions": {package: _version(package) for package in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
