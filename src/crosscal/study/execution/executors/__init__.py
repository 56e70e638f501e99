"""Executors: interchangeable ways of running stages.

The numbers do not depend on the executor: a stage fixes its own threads and random state.
"""

from __future__ import annotations

import os

from crosscal.study.config.settings import Study
from crosscal.study.execution.executors.cluster import ClusterExecutor, open_jobs
from crosscal.study.execution.executors.executor import Executor
from crosscal.study.execution.executors.inline import InlineExecutor
from crosscal.study.execution.executors.processes import ProcessExecutor
from crosscal.study.execution.executors.ray_tasks import RayExecutor, ray_address
from crosscal.study.execution.gpus import GPU_VARIABLE, gpus_of_each_worker
from crosscal.study.execution.store import Store

__all__ = [
    "ClusterExecutor",
    "Executor",
    "InlineExecutor",
    "ProcessExecutor",
    "RayExecutor",
    "device_words",
    "n_workers",
    "open_executor",
]

_MOST_JOBS = 100


def open_executor(study: Study, store: Store) -> Executor:
    """Executor that the study file names, for a store; enter it before use."""
    executor = study.execution.executor
    if executor == "in-process":
        return InlineExecutor(store)
    if executor == "slurm":
        folder = store.root.absolute() / f"jobs-{os.getuid()}"
        jobs = open_jobs(folder, study.cluster, study.execution)
        return ClusterExecutor(store, jobs, n_workers(study))
    workers = n_workers(study)
    if executor == "ray":
        return RayExecutor(store, study.ray, study.execution, workers)
    without = ("",) * workers if study.execution.gpus == 0 else ()
    return ProcessExecutor(
        store, workers, gpus_of_each_worker(study.execution)[:workers] or without
    )


def n_workers(study: Study) -> int:
    """How many stages the executor runs at once; if that is not set, all GPUs or cores are used."""
    settings = study.execution
    if settings.executor == "in-process":
        return InlineExecutor.workers
    if _runs_elsewhere(study):
        return settings.workers or _MOST_JOBS
    places = 0 if settings.executor == "slurm" else len(gpus_of_each_worker(settings))
    if places:
        return min(settings.workers or places, places)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    used = settings.threads * settings.devices_per_stage
    return settings.workers or max(1, (cores or 1) // used)


def _runs_elsewhere(study: Study) -> bool:
    if study.execution.executor == "slurm":
        return study.cluster.scheduler == "slurm"
    return study.execution.executor == "ray" and ray_address(study.ray) is not None


def device_words(study: Study) -> str:
    """Say on which devices stages that run the encoder will run."""
    settings = study.execution
    if settings.executor == "slurm":
        return f"{study.cluster.gpus} GPU(s) a job" if study.cluster.gpus else "no GPU is asked for"
    if _runs_elsewhere(study):
        share = f"1/{settings.stages_per_gpu} GPU" if settings.stages_per_gpu > 1 else "one GPU"
        return "no GPU is used" if settings.gpus == 0 else f"{share} a stage where Ray has any"
    if settings.executor == "in-process":
        return "the first GPU that is visible, if any"
    gpus = gpus_of_each_worker(settings)[: n_workers(study)]
    if not gpus:
        return "no GPU is used" if settings.gpus == 0 else "no GPU is visible"
    names = list(dict.fromkeys(gpus))
    shared = f", {settings.stages_per_gpu} stages on each" if len(gpus) > len(names) else ""
    each = f"{size} GPUs" if (size := settings.devices_per_stage) > 1 else "one GPU"
    return f"{GPU_VARIABLE} {', '.join(names)}: {each} a stage{shared}"
