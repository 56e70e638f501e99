"""Executors: interchangeable ways of running stages.

The numbers do not depend on the executor: a stage fixes its own threads and random state.
"""

from __future__ import annotations

import os

from crosscal.study.config.settings import Execution
from crosscal.study.execution.executors.executor import Executor
from crosscal.study.execution.executors.inline import InlineExecutor
from crosscal.study.execution.executors.processes import ProcessExecutor
from crosscal.study.execution.store import Store

__all__ = ["Executor", "InlineExecutor", "ProcessExecutor", "n_workers", "open_executor"]


def open_executor(settings: Execution, store: Store) -> Executor:
    """Executor that the study file names, for a store; enter it before use."""
    if settings.executor == "in-process":
        return InlineExecutor(store)
    return ProcessExecutor(store, n_workers(settings))


def n_workers(settings: Execution) -> int:
    """How many stages the executor runs at once; if that is not set, all cores are used."""
    if settings.executor == "in-process":
        return InlineExecutor.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return settings.workers or max(1, (cores or 1) // settings.threads)
