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
from crosscal.study.execution.store import Store

__all__ = [
    "ClusterExecutor",
    "Executor",
    "InlineExecutor",
    "ProcessExecutor",
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
    return ProcessExecutor(store, n_workers(study))


def n_workers(study: Study) -> int:
    """How many stages the executor runs at once; if that is not set, all cores are used."""
    settings = study.execution
    if settings.executor == "in-process":
        return InlineExecutor.workers
    if settings.executor == "slurm" and study.cluster.scheduler == "slurm":
        return settings.workers or _MOST_JOBS
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    used = settings.threads * settings.devices_per_stage
    return settings.workers or max(1, (cores or 1) // used)
