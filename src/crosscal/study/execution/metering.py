"""What a stage costs: time, memory, and the energy of a GPU that tells it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
# What it has to be told so that the highest memory of a process counts anew.
_PEAK = "5"


@contextmanager
def metered(facts: dict[str, Any], *, before: float = 0.0) -> Iterator[None]:
    """Put into `facts` what is done inside has cost this process, when it is over.

    Parameters
    ----------
    facts : dict
        Receives ``seconds`` and ``processor_seconds``; ``memory``, the most bytes that the process
        held (where the system cannot count anew, in all its life); ``hardware``; if a GPU was used
        ``device_memory`` in bytes, and if it tells ``energy`` in joules (of the whole device,
        whoever used it).
    before : float
        Seconds that earlier attempts at the same took, which are counted too.
    """
    with suppress(OSError):
        _CLEAR.write_text(_PEAK)
    started, worked, energy = time.monotonic(), _processor_seconds(), _energy()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
    yield
    facts["seconds"] = round(before + time.monotonic() - started, 2)
    facts["processor_seconds"] = round(_processor_seconds() - worked, 2)
    facts["memory"] = _peak_memory()
    torch = sys.modules.get("torch")  # which the stage may have imported
    facts["hardware"] = _processor()
    if torch is not None and torch.cuda.is_initialized():
        facts["hardware"] = torch.cuda.get_device_name()
        facts["device_memory"] = torch.cuda.max_memory_allocated()
        after = _energy()
        if energy is not None and after is not None:
            facts["energy"] = round(after - energy, 1)


def hardware() -> str:
    """Name what an encoder would run on here: the GPU, or the processor."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else _processor()


@cache
def _processor() -> str:
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(li for li in lines if li.startswith("model name")).partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_memory() -> int | None:
    """Return the most memory that this process held, in bytes; None if the system does not say."""
    with suppress(OSError, ValueError, StopIteration):
        line = next(li for li in _STATUS.read_text().splitlines() if li.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    with suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return None


def _energy() -> float | None:
    """Return the joules that the visible GPU has used since its driver was loaded, if it tells."""
    if importlib.util.find_spec("pynvml") is None:
        return None
    import pynvml

    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
        if visible.isdigit():
            device = pynvml.nvmlDeviceGetHandleByIndex(int(visible))
        else:
            device = pynvml.nvmlDeviceGetHandleByUUID(visible)
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(device)) / 1000
    return None
