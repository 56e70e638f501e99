"""Runs stages in this process, one after the other."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Self

from crosscal.study.execution.run_stage import run_stage
from crosscal.study.execution.stages import Stage
from crosscal.study.execution.store import Store


class InlineExecutor:
    """Runs each stage at once, in the thread that submits it."""

    workers = 1

    def __init__(self, store: Store) -> None:
        self._store = store

    def submit(self, stage: Stage) -> Future[bool]:
        """Run a stage; see `Executor`."""
        future: Future[bool] = Future()
        try:
            future.set_result(run_stage(stage, self._store))
        except Exception as error:  # an interrupt ends the run itself
            future.set_exception(error)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass
