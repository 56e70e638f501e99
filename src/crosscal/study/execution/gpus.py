"""The GPUs of this machine, and how worker processes share them out."""

from __future__ import annotations

import importlib.util
import os

from crosscal.exceptions import SettingsError
from crosscal.study.config.execution import Execution

GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus() -> tuple[str, ...]:
    """GPUs that this process may use, by the names that `GPU_VARIABLE` has for them.

    If that is set, its own (numbers, UUIDs, MIG instances), else numbers.
    """
    if importlib.util.find_spec("torch") is None:
        return ()
    import torch

    count = torch.cuda.device_count()  # makes no context, which would take memory of the first
    given = os.environ.get(GPU_VARIABLE)
    if given is None:
        return tuple(map(str, range(count)))
    names = [name.strip() for name in given.split(",")]
    # A process sees no more than one MIG instance; those of several workers are several.
    return tuple(names if names[0].startswith("MIG-") and count else names[:count])


def usable_gpus(execution: Execution) -> tuple[str, ...]:
    """Return those of the visible GPUs that a study uses."""
    if execution.gpus == 0:
        return ()
    visible = visible_gpus()
    if execution.gpus is not None and execution.gpus > len(visible):
        raise SettingsError(
            f"{execution.gpus} GPUs are asked for, {len(visible)} are visible",
            where="execution.gpus",
            remedy=f"Lower it, or look at {GPU_VARIABLE} and nvidia-smi",
        )
    return visible[: execution.gpus]


def gpus_of_each_worker(execution: Execution) -> tuple[str, ...]:
    """GPUs of each worker there may be, all first before any is shared; empty without GPUs.

    As many as share a stage, with commas between, as `GPU_VARIABLE` has them.
    """
    gpus, size = usable_gpus(execution), execution.devices_per_stage
    if gpus and len(gpus) < size:
        raise SettingsError(
            f"{size} GPUs are to share a stage, {len(gpus)} can be used",
            where="execution.devices_per_stage",
            remedy="Lower it, or set execution.gpus = 0 to have processors share the stage",
        )
    groups = [gpus[first : first + size] for first in range(0, len(gpus) - size + 1, size)]
    return tuple(",".join(group) for group in groups) * execution.stages_per_gpu
