"""Runs stages side by side in local worker processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crosscal.study.execution.devices import end_with_parent
from crosscal.study.execution.gpus import GPU_VARIABLE
from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue


class ProcessExecutor:
    """Runs up to so many stages at once, each in a process that starts when it is needed.

    Each stage uses as many threads as its settings say; workers times threads should not
    exceed the cores. A worker sees one of `gpus` (one for each worker; an empty name is none) for
    as long as it lives; without `gpus` all see what this process sees.
    """

    def __init__(self, store: Store, workers: int, gpus: Sequence[str] = ()) -> None:
        self.workers = workers
        self._store = store
        context = multiprocessing.get_context("spawn")
        untaken: SimpleQueue[str | None] = context.SimpleQueue()
        for worker in range(workers):
            untaken.put(gpus[worker] if gpus else None)
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=context,
            initializer=_begin_worker,
            initargs=(os.getpid(), untaken),
        )

    def submit(self, stage: Stage) -> Future[bool]:
        """Run a stage in a worker; see `Executor`."""
        return self._pool.submit(run_stage, stage, self._store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._pool.shutdown()
            return
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _begin_worker(parent: int, untaken: SimpleQueue[str | None]) -> None:
    """Prepare a worker: its GPU is known before torch is imported; it ends with its parent."""
    gpu = untaken.get()
    if gpu is not None:
        os.environ[GPU_VARIABLE] = gpu
    end_with_parent(parent)
