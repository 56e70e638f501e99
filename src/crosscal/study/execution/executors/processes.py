"""Runs stages side by side in local worker processes."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import Self

from crosscal.study.execution.devices import end_with_parent
from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store


class ProcessExecutor:
    """Runs up to so many stages at once, each in a process that starts when it is needed.

    Each stage uses as many threads as its settings say; workers times threads should not
    exceed the cores.
    """

    def __init__(self, store: Store, workers: int) -> None:
        self.workers = workers
        self._store = store
        self._pool = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=end_with_parent,
            initargs=(os.getpid(),),
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
